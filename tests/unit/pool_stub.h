/* SPDX-License-Identifier: GPL-2.0 */
/* In the place of the module's pool.c: malloc(), and a count to look at. */
#ifndef _POOL_STUB_H
#define _POOL_STUB_H

/* Objects taken and not put back. */
extern unsigned long pool_in_use;
/* No more than that. */
extern unsigned long pool_most;

#endif /* _POOL_STUB_H */
