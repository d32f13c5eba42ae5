/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before everything else, by a compiler option in Kbuild: gives groups of
 * members in the contract with programs a name within the module. It is
 * __struct_group() of the kernel, which 5.10 lacks.
 */
#ifndef _TCPS_GROUP_H
#define _TCPS_GROUP_H

#define __tcpstates_group(tag, name, members) \
	union { \
		struct { members; }; \
		struct tag { members; } name; \
	}

#endif /* _TCPS_GROUP_H */
