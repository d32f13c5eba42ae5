/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hash tables: uthash, which by itself ends the program when it has no memory. Here
 * HASH_ADD() then leaves the element out of the table, with NULL in its hh.tbl.
 */
#ifndef _BASE_HASH_H
#define _BASE_HASH_H

#define HASH_NONFATAL_OOM	1
#include <uthash.h>

#endif /* _BASE_HASH_H */
