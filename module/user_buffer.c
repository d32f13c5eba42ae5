// SPDX-License-Identifier: GPL-2.0
#include "user_buffer.h"

#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

/**
 * tcps_user_buffer_put() - copy to the process
 * @to: the buffer
 * @from: what to copy
 * @size: bytes; at most @to->left
 *
 * Context: process, with page faults disabled.
 * Return: bytes copied; less than @size if a page is missing.
 */
size_t tcps_user_buffer_put(struct tcps_user_buffer *to, const void *from,
			    size_t size)
{
	size_t copied;

	WARN_ON_ONCE(!pagefault_disabled());

	if (to->iter) {
		copied = copy_to_iter(from, size, to->iter);
	} else {
		copied = size - copy_to_user(to->user, from, size);
		to->user += copied;
	}
	to->left -= copied;
	to->has_faulted = copied < size;
	return copied;
}

/**
 * tcps_user_buffer_undo() - take back what was copied last
 * @to: the buffer
 * @size: bytes
 *
 * Context: process.
 */
void tcps_user_buffer_undo(struct tcps_user_buffer *to, size_t size)
{
	if (to->iter)
		iov_iter_revert(to->iter, size);
	else
		to->user -= size;
	to->left += size;
}

/**
 * tcps_user_buffer_fault_in() - fetch the pages that the next copy needs
 * @to: the buffer
 * @most: bytes that the next copy needs at most
 *
 * Writes zeros there, behind what read() returns.
 *
 * Context: process, without a lock; may sleep.
 * Return: false if not all of them can be fetched.
 */
bool tcps_user_buffer_fault_in(struct tcps_user_buffer *to, size_t most)
{
	size_t size = min(to->left, most), room;
	char __user *user = to->user;

	might_sleep();
	if (to->iter) {
		size_t zeroed = iov_iter_zero(size, to->iter);

		iov_iter_revert(to->iter, zeroed);
		return zeroed == size;
	}
	for (; size; size -= room, user += room) {
		if (put_user((char)0, user))
			return false;
		room = min_t(size_t, size,
			     PAGE_SIZE - offset_in_page((unsigned long)user));
	}
	return true;
}
