/* SPDX-License-Identifier: GPL-2.0 */
/* Replaces the module's pool.c: malloc(), and counts for tests. */
#ifndef _POOL_STUB_H
#define _POOL_STUB_H

/* Objects in use. */
extern unsigned long pool_in_use;
/* Their bound. */
extern unsigned long pool_most;

#endif /* _POOL_STUB_H */
