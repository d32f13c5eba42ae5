/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of the process that a read() writes to. Copies are made with page
 * faults disabled, so that no lock is held while a page is fetched, which may
 * take for ever. A copy that meets a missing page ends early; the caller unlocks,
 * calls tcps_user_buffer_fault_in(), and tries again.
 *
 * Context: process, in the task that reads.
 */
#ifndef _TCPS_USER_BUFFER_H
#define _TCPS_USER_BUFFER_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/uaccess.h>

#include "ring.h"
#include "uapi/tcpstates.h"

struct iov_iter;

/**
 * struct tcps_user_buffer - where a read() writes to
 * @user: address of the next byte, for plain read()
 * @iter: the buffers, for readv() and the like; NULL for plain read()
 * @left: bytes that still fit
 * @size: @left at the beginning
 * @may_wait: for the file's lock, and for pages
 * @has_faulted: the last copy met a missing page
 * @is_last: no more pages can be fetched
 */
struct tcps_user_buffer {
	char __user *user;
	struct iov_iter *iter;
	size_t left;
	size_t size;
	bool may_wait;
	bool has_faulted;
	bool is_last;
};

size_t tcps_user_buffer_put(struct tcps_user_buffer *to, const void *from,
			    size_t size);
void tcps_user_buffer_undo(struct tcps_user_buffer *to, size_t size);
bool tcps_user_buffer_fault_in(struct tcps_user_buffer *to, size_t most);

/**
 * tcps_user_buffer_has_data() - whether the read() returns something
 * @to: the buffer
 *
 * Return: true if it does.
 */
static inline bool tcps_user_buffer_has_data(const struct tcps_user_buffer *to)
{
	return to->left < to->size;
}

/**
 * tcps_user_buffer_put_slot() - copy a record from its slot
 * @to: address in the process, with page faults disabled
 * @slot: the slot
 *
 * The record is copied word by word, since it may be overwritten meanwhile.
 *
 * Return: false if the memory cannot be written to now.
 */
static inline bool
tcps_user_buffer_put_slot(u64 __user *to, const struct tcpstates_record *slot)
{
	const u64 *from = (const u64 *)slot;
	unsigned int i;

	BUILD_BUG_ON(TCPS_RECORD_WORDS % 4);
	if (!user_access_begin(to, sizeof(*slot)))
		return false;
	for (i = 0; i < TCPS_RECORD_WORDS; i += 4) {
		unsafe_put_user(READ_ONCE(from[i]), to + i, fault);
		unsafe_put_user(READ_ONCE(from[i + 1]), to + i + 1, fault);
		unsafe_put_user(READ_ONCE(from[i + 2]), to + i + 2, fault);
		unsafe_put_user(READ_ONCE(from[i + 3]), to + i + 3, fault);
	}
	user_access_end();
	return true;
fault:
	user_access_end();
	return false;
}

#endif /* _TCPS_USER_BUFFER_H */
