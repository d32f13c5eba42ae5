/* SPDX-License-Identifier: GPL-2.0 */
/* The version of module, library and commands; lint compares all other places. */
#ifndef _TCPS_VERSION_H
#define _TCPS_VERSION_H

#define TCPS_VERSION "1.0.0"

#endif /* _TCPS_VERSION_H */
