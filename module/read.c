// SPDX-License-Identifier: GPL-2.0
/*
 * A read() takes records from the file's reader, makes their lines, and copies
 * these. Each step keeps its input until the next step has succeeded, so that a
 * failed copy loses nothing, and a line can be read byte by byte. Binary records
 * are copied straight from the rings where that is allowed.
 *
 * A read() that has returned all records up to its last look at the rings does
 * not look again: what was recorded meanwhile is for the next one.
 */
#include "read.h"

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "file.h"
#include "format.h"
#include "uninitialized.h"
#include "user_buffer.h"
#include "wake.h"

static_assert(TCPS_FILE_TEXT_BYTES >= TCPS_LINE_MAX);

/* Records that are copied before the reader offers its CPU. */
#define SLOTS_BEFORE_RESCHED	64

/* The error for a search that has found no item. */
static int error_of(enum tcps_found found)
{
	return found == TCPS_FOUND_NOTHING ? -EAGAIN : -ERESTARTSYS;
}

/*
 * Make the line of the first record of the queue, and of more of them as long as
 * they surely fit into @room. @ends gets the offset of each line's end in @text.
 * Returns the number of lines.
 */
static unsigned int make_lines(struct tcps_file *tf, size_t room,
			       size_t ends[TCPS_FILE_QUEUE])
{
	size_t most = min_t(size_t, room, TCPS_FILE_TEXT_BYTES), length = 0;
	unsigned int i = tf->first, lines = 0;

	do {
		length += tcps_format_line(&tf->lines, &tf->queue[i++],
					   tf->text + length);
		ends[lines++] = length;
	} while (length + TCPS_LINE_MAX <= most &&
		 (i < tf->count ||
		  (i < TCPS_FILE_QUEUE && !tcps_file_is_drained(tf) &&
		   tcps_file_take(tf) == TCPS_FOUND_ITEM)));
	tf->begin = 0;
	tf->copied = 0;
	tf->end = ends[0];
	return lines;
}

/* Remove the lines that have been returned in full; the next may be begun. */
static void drop_copied(struct tcps_file *tf, const size_t *ends,
			unsigned int lines)
{
	unsigned int i;

	for (i = 0; i < lines && tf->copied >= ends[i]; i++) {
		tf->first++;
		tf->begin = ends[i];
	}
	tf->end = i < lines ? ends[i] : 0;
}

/* Of @copied bytes of lines, how many belong to a line that is not whole. */
static size_t torn_bytes(const struct tcps_file *tf, const size_t *ends,
			 unsigned int lines, size_t copied)
{
	size_t whole = tf->copied;
	unsigned int i;

	for (i = 0; i < lines && ends[i] <= tf->copied + copied; i++)
		whole = ends[i];
	return tf->copied + copied - whole;
}

/*
 * Copy whole lines. A part of a line is copied only if the buffer is smaller than
 * the first line, or if the process's memory ends there. False if no more can be
 * copied.
 */
static bool copy_lines(struct tcps_file *tf, struct tcps_user_buffer *to)
{
	size_t tcps_uninitialized ends[TCPS_FILE_QUEUE];
	bool is_first = !tcps_user_buffer_has_data(to);
	unsigned int lines = 1;
	size_t part, copied;

	ends[0] = tf->end;
	if (!tf->end)
		lines = make_lines(tf, to->left, ends);
	part = ends[lines - 1] - tf->copied;
	if (part > to->left && !is_first)
		return false;
	part = min(part, to->left);
	copied = tcps_user_buffer_put(to, tf->text + tf->copied, part);
	if (copied < part && !to->is_last) {
		size_t torn = torn_bytes(tf, ends, lines, copied);

		tcps_user_buffer_undo(to, torn);
		tf->copied += copied - torn;
	} else {
		tf->copied += copied;
	}
	drop_copied(tf, ends, lines);
	return copied == part;
}

/* Whether this read() need not look at the rings again. */
static bool is_enough(const struct tcps_file *tf,
		      const struct tcps_user_buffer *to)
{
	return tcps_user_buffer_has_data(to) && tcps_file_is_queue_empty(tf) &&
	       tcps_file_is_drained(tf);
}

/* 0 if it has returned enough, or the reason why there is no more. */
static int read_text(struct tcps_file *tf, struct tcps_user_buffer *to)
{
	enum tcps_found found;

	while (to->left && !is_enough(tf, to)) {
		found = tcps_file_fetch(tf);
		if (found != TCPS_FOUND_ITEM)
			return error_of(found);
		if (!copy_lines(tf, to) || signal_pending(current))
			break;
		cond_resched();
	}
	return to->has_faulted ? -EFAULT : 0;
}

/*
 * Whether records may be copied straight from the rings. A copy that is spoiled
 * stays in the process's memory, behind what read() returns; so a reader that may
 * not see all connections must not do it.
 */
static bool may_copy_slots(const struct tcps_file *tf,
			   const struct tcps_user_buffer *to)
{
	return !to->iter && !tf->net && tcps_file_is_queue_empty(tf);
}

/* False if the batch has no more records, or they cannot be copied this way. */
static bool copy_slots(struct tcps_file *tf, struct tcps_user_buffer *to)
{
	struct tcps_merge *merge = &tf->reader->merge;
	unsigned int left;

	for (left = SLOTS_BEFORE_RESCHED; left; left--) {
		const struct tcpstates_record *slot;

		if (to->left < sizeof(*slot))
			break;
		slot = tcps_merge_peek(merge);
		if (!slot ||
		    !tcps_user_buffer_put_slot((u64 __user *)to->user, slot))
			return false;
		if (tcps_merge_take(merge)) {
			to->user += sizeof(*slot);
			to->left -= sizeof(*slot);
		}
	}
	return true;
}

/* Copy one record from the queue. 0 or an error. */
static int copy_record(struct tcps_file *tf, struct tcps_user_buffer *to)
{
	size_t size = sizeof(tf->queue[0]), copied;
	enum tcps_found found = tcps_file_fetch(tf);

	if (found != TCPS_FOUND_ITEM)
		return error_of(found);
	copied = tcps_user_buffer_put(to, &tf->queue[tf->first], size);
	if (copied < size) {
		tcps_user_buffer_undo(to, copied);
		return -EFAULT;
	}
	tf->first++;
	return 0;
}

/* 0 if it has returned enough, or the reason why there is no more. */
static int read_binary(struct tcps_file *tf, struct tcps_user_buffer *to)
{
	int ret;

	while (to->left >= sizeof(tf->queue[0]) && !is_enough(tf, to)) {
		bool may_copy = may_copy_slots(tf, to);

		if (may_copy && !tcps_file_open_batch(tf))
			return -EAGAIN;
		if (!(may_copy && copy_slots(tf, to)) && !is_enough(tf, to)) {
			ret = copy_record(tf, to);
			if (ret)
				return ret;
		}
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return 0;
}

/* The same in the file's format. No page is faulted in. */
static int read_locked(struct tcps_file *tf, struct tcps_user_buffer *to)
{
	int ret;

	if (tf->format == TCPSTATES_FORMAT_BINARY &&
	    to->size < sizeof(tf->queue[0]))
		return -EINVAL;
	tcps_file_begin_look(tf);
	to->has_faulted = false;
	pagefault_disable();
	if (tf->format == TCPSTATES_FORMAT_BINARY)
		ret = read_binary(tf, to);
	else
		ret = read_text(tf, to);
	pagefault_enable();
	return ret;
}

static int lock_to_read(struct tcps_file *tf, const struct tcps_user_buffer *to)
{
	if (to->may_wait)
		return tcps_file_lock(tf);
	return tcps_file_try_lock(tf) ? 0 : -EAGAIN;
}

/*
 * Return what there is now, as much as fits. -EAGAIN if there is nothing,
 * -ERESTARTSYS if a signal came before that was known.
 */
static ssize_t read_now(struct tcps_file *tf, struct tcps_user_buffer *to)
{
	int ret;

	for (;;) {
		ret = lock_to_read(tf, to);
		if (ret)
			break;
		ret = read_locked(tf, to);
		tcps_file_unlock(tf);
		if (ret != -EFAULT || to->is_last)
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		/* A page that is taken away again and again: no hurry. */
		to->is_last = !tcps_user_buffer_fault_in(to,
							 TCPS_FILE_TEXT_BYTES);
		cond_resched();
	}
	return tcps_user_buffer_has_data(to) ? to->size - to->left : ret;
}

static ssize_t read_waiting(struct tcps_file *tf, struct tcps_user_buffer *to)
{
	wait_queue_head_t *queue = &tf->sleeper.queue;
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	ssize_t ret;

	add_wait_queue(queue, &wait);
	for (;;) {
		tcps_wake_arm(&tf->sleeper);
		ret = read_now(tf, to);
		if (ret != -EAGAIN)
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		wait_woken(&wait, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
		/* As a rule there is something: then it need not be armed. */
		ret = read_now(tf, to);
		if (ret != -EAGAIN)
			break;
	}
	remove_wait_queue(queue, &wait);
	return ret;
}

/**
 * tcps_read() - read lines or records
 * @tf: the file
 * @to: the process's memory
 * @is_blocking: wait if there is nothing
 *
 * Context: process, without the file's lock; may sleep.
 * Return: bytes; -EAGAIN if there is nothing and @is_blocking is false;
 * -ERESTARTSYS if a signal came first; -EFAULT if the memory cannot be written
 * to; -EINVAL if it is too small for a binary record.
 */
ssize_t tcps_read(struct tcps_file *tf, struct tcps_user_buffer *to,
		  bool is_blocking)
{
	ssize_t ret;

	if (!to->left)
		return 0;
	to->size = to->left;
	ret = read_now(tf, to);
	if (ret == -EAGAIN && is_blocking)
		ret = read_waiting(tf, to);
	return ret;
}
