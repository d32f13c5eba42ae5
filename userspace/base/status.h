/* SPDX-License-Identifier: GPL-2.0 */
/* Exit statuses of all programs. */
#ifndef _BASE_STATUS_H
#define _BASE_STATUS_H

enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
};

#endif /* _BASE_STATUS_H */
