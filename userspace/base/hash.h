/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hash tables: uthash, with two changes for all tables of all programs.
 *
 * By itself it ends the program when it has no memory. Here HASH_ADD() then leaves the
 * element out of the table, with NULL in its hh.tbl.
 *
 * Its own hash has no key. A local user chooses what is hashed: socket cookies by
 * making sockets and keeping those whose hashes agree, addresses by connecting. With
 * 1,000 such sockets a table is a list. So the hash here has a secret key, which
 * hash_init() draws once for each program.
 */
#ifndef _BASE_HASH_H
#define _BASE_HASH_H

#include <stddef.h>
#include <linux/types.h>

#define HASH_NONFATAL_OOM	1
#define HASH_FUNCTION(key, length, hash)	((hash) = hash_bytes(key, length))
#include <uthash.h>

int hash_init(void);
__u64 hash_with_key(const __u64 secret[2], const void *data, size_t length);
unsigned int hash_bytes(const void *data, size_t length);

#endif /* _BASE_HASH_H */
