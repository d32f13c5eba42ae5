// SPDX-License-Identifier: GPL-2.0
/*
 * The device's system calls; their contract is uapi/dev-tcpstates. The only
 * file that copies to and from user space.
 *
 * Reading goes: take records from the reader, make their text, copy. Each step
 * keeps what it has until the next has succeeded, so that a failed copy loses
 * nothing and a line may be read byte by byte. Binary records need no steps: as
 * a rule they are copied straight from the rings.
 *
 * The lock of a file is never held while memory of a process is faulted in, which
 * may take for ever: a copy that meets a page that is not there ends, the lock
 * is let go, the page is fetched, and reading goes on with whatever comes next
 * then. poll() does not even wait for what is left, a look or a copy of somebody
 * else: it asks him to look once more when he has done (L, M).
 */
#include "device.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>
#include <linux/wait.h>
#include <net/net_namespace.h>

#include "attached.h"
#include "audit.h"
#include "charge.h"
#include "conn.h"
#include "fallback.h"
#include "filter.h"
#include "format.h"
#include "hooks.h"
#include "map.h"
#include "probe.h"
#include "reader.h"
#include "ring.h"
#include "stream.h"
#include "uninitialized.h"
#include "uapi/tcpstates.h"
#include "version.h"
#include "wake.h"

/* Nothing in the ABI depends on the word size or on the compiler's padding. */
static_assert(sizeof(struct tcpstates_record) == 192);
static_assert(offsetof(struct tcpstates_record, boot_ns) == 8);
static_assert(offsetof(struct tcpstates_record, dur_ns) == 40);
static_assert(offsetof(struct tcpstates_record, netns) == 48);
static_assert(offsetof(struct tcpstates_record, laddr) == 56);
static_assert(offsetof(struct tcpstates_record, known) == 92);
static_assert(offsetof(struct tcpstates_record, comm) == 104);
static_assert(sizeof(struct tcpstates_format) == 8);
static_assert(sizeof(struct tcpstates_filter) == 72);
static_assert(sizeof(struct tcpstates_info) == 64);
static_assert(sizeof(struct tcpstates_ring) == 32);
static_assert(sizeof(struct tcpstates_stats) == 256);
static_assert(sizeof(struct tcpstates_account) == 256);
static_assert(sizeof(TCPS_VERSION) <=
	      sizeof_field(struct tcpstates_info, module_version));

/* What is copied before the reader offers its CPU. */
#define SLOTS_BEFORE_RESCHED	64

/* Records that are taken from a reader at a time, to be given out as text. */
#define QUEUE		16
#define TEXT_BYTES	4096
static_assert(TEXT_BYTES >= TCPS_LINE_MAX);

/**
 * struct tcps_file - an open file
 * @sleeper: who waits for it
 * @lock: orders the readers of one open file
 * @net: the only namespace that may be seen, held; NULL may see all
 * @user: who is charged for the memory
 * @was_asked: somebody has found @lock taken, and wants to know what there is
 * @reader: the position
 * @generation: what tcps_wake_look() said at the last look
 * @format: TCPSTATES_FORMAT_*
 * @first: of @queue, the first that has not been given out whole
 * @count: how many of @queue have been taken from @reader. As a rule one at
 *	most is left after a call; more after a copy that failed
 * @begin: where in @text the line of the first one begins
 * @end: where it ends; 0 if none is made yet
 * @given: bytes of @text given out
 * @lines: what the making of lines needs
 * @queue: records taken from @reader, to be given out
 * @text: lines of some of these
 */
struct tcps_file {
	struct tcps_sleeper sleeper;
	struct mutex lock;	/* everything below but @net to @was_asked */
	struct net *net;
	struct tcps_user *user;
	bool was_asked;
	struct tcps_reader *reader;
	u64 generation;
	u32 format;
	unsigned int first;
	unsigned int count;
	size_t begin;
	size_t end;
	size_t given;
	struct tcps_format lines;
	struct tcpstates_record queue[QUEUE];
	char text[TEXT_BYTES];
};

static bool is_queue_empty(const struct tcps_file *tf)
{
	return tf->first == tf->count;
}

/* Be about to look for records, with the lock held. */
static void begin_look(struct tcps_file *tf)
{
	lockdep_assert_held(&tf->lock);
	tf->generation = tcps_wake_look(&tf->sleeper, tf->reader);
}

/* Take a record from the reader to the end of the queue, which has room. */
static enum tcps_found take(struct tcps_file *tf)
{
	enum tcps_found found;

	found = tcps_reader_next(tf->reader, &tf->queue[tf->count]);
	if (found == TCPS_FOUND_ITEM)
		tf->count++;
	return found;
}

/* Have a record to give out, if there is one. */
static enum tcps_found fetch(struct tcps_file *tf)
{
	enum tcps_found found;

	lockdep_assert_held(&tf->lock);
	if (!is_queue_empty(tf))
		return TCPS_FOUND_ITEM;
	tf->first = 0;
	tf->count = 0;
	tf->end = 0;
	found = take(tf);
	if (found == TCPS_FOUND_NOTHING)
		tcps_wake_settle(&tf->sleeper, tf->generation);
	return found;
}

/* Looks that a poll() takes at most before it comes back to it later. */
static u64 most_looks(void)
{
	return (u64)tcps_stream_ring_count() * tcps_stream_ring_records();
}

/*
 * The same for who must know it now, whatever signals are there: a search goes
 * on where it has ended. All that the rings can hold is looked at, and more only
 * if records come faster; then TCPS_FOUND_SIGNAL says that it is not known.
 */
static enum tcps_found find_out(struct tcps_file *tf)
{
	u64 tries = most_looks() / TCPS_READER_LOOKS + 2;
	enum tcps_found found;

	begin_look(tf);
	do {
		found = fetch(tf);
	} while (found == TCPS_FOUND_SIGNAL && --tries);
	return found;
}

/* Without waiting. Whoever holds the lock else will answer. */
static bool lock_or_ask(struct tcps_file *tf)
{
	if (mutex_trylock(&tf->lock))
		return true;
	WRITE_ONCE(tf->was_asked, true);
	/* L: the question before the lock. Pairs with M. */
	smp_mb();
	return mutex_trylock(&tf->lock);
}

static bool was_asked(struct tcps_file *tf)
{
	/* M: the lock before the question. Pairs with L. */
	smp_mb();
	return unlikely(READ_ONCE(tf->was_asked)) &&
	       xchg(&tf->was_asked, false);
}

/*
 * Who was turned away is armed, but what came before that he has not seen. If
 * there is something, he is woken, else records wake him. The second time he is
 * woken anyway: this is somebody else's system call.
 */
static void answer(struct tcps_file *tf)
{
	enum tcps_found found;

	tcps_wake_arm(&tf->sleeper);
	if (!lock_or_ask(tf))
		return;
	found = find_out(tf);
	mutex_unlock(&tf->lock);
	if (was_asked(tf) || found != TCPS_FOUND_NOTHING)
		tcps_wake_rouse(&tf->sleeper);
}

/* Whoever takes the lock lets it go by this. */
static void let_go(struct tcps_file *tf)
{
	mutex_unlock(&tf->lock);
	if (was_asked(tf))
		answer(tf);
}

static bool inside_line(const struct tcps_file *tf)
{
	return !is_queue_empty(tf) && tf->end && tf->given > tf->begin;
}

/* Forget what was taken, but a line that was begun. */
static void drop_queue(struct tcps_file *tf)
{
	tf->count = tf->first + inside_line(tf);
}

/* The same of what @filter does not let through. */
static void filter_queue(struct tcps_file *tf,
			 const struct tcpstates_filter *filter)
{
	bool inside = inside_line(tf);
	unsigned int from, to = tf->first + inside;

	for (from = to; from < tf->count; from++)
		if (tcps_filter_match(filter, &tf->queue[from]))
			tf->queue[to++] = tf->queue[from];
	tf->count = to;
	if (!inside)
		tf->end = 0;
}

/**
 * struct sink - where a read() puts what it gives
 * @user: the place, if it is plain memory of the caller's
 * @iter: what tells the places, else
 * @left: room
 * @asked: what @left was at first
 * @may_wait: for the lock, and for pages
 * @has_faulted: a copy was not whole
 * @is_last: no more of the place can be had
 */
struct sink {
	char __user *user;
	struct iov_iter *iter;
	size_t left;
	size_t asked;
	bool may_wait;
	bool has_faulted;
	bool is_last;
};

/* Returns how much could be copied; all of it, or a page is not there. */
static size_t put(struct sink *to, const void *from, size_t size)
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

/* Take back what has been put last. */
static void unput(struct sink *to, size_t size)
{
	if (to->iter)
		iov_iter_revert(to->iter, size);
	else
		to->user -= size;
	to->left += size;
}

/*
 * Fetch what the next copy needs of the caller's memory, without a lock. What is
 * overwritten there is beyond what read() has given. False if not all of it is
 * to be had.
 */
static bool fault_in(struct sink *to)
{
	size_t size = min_t(size_t, to->left, TEXT_BYTES), room;
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

/*
 * Make the line of the first record, and those of more as long as they surely
 * fit into @room. Tells in @ends where in @text each ends; returns how many.
 */
static unsigned int make_lines(struct tcps_file *tf, size_t room,
			       size_t ends[QUEUE])
{
	size_t most = min_t(size_t, room, TEXT_BYTES), length = 0;
	unsigned int i = tf->first, lines = 0;

	do {
		length += tcps_format_line(&tf->lines, &tf->queue[i++],
					   tf->text + length);
		ends[lines++] = length;
	} while (length + TCPS_LINE_MAX <= most &&
		 (i < tf->count ||
		  (i < QUEUE && take(tf) == TCPS_FOUND_ITEM)));
	tf->begin = 0;
	tf->given = 0;
	tf->end = ends[0];
	return lines;
}

/* Lines that have been given out whole are gone; the next may be begun. */
static void drop_given(struct tcps_file *tf, const size_t *ends,
		       unsigned int lines)
{
	unsigned int i;

	for (i = 0; i < lines && tf->given >= ends[i]; i++) {
		tf->first++;
		tf->begin = ends[i];
	}
	tf->end = i < lines ? ends[i] : 0;
}

/* Of @copied bytes of lines, how many belong to one that is not whole. */
static size_t torn(const struct tcps_file *tf, const size_t *ends,
		   unsigned int lines, size_t copied)
{
	size_t whole = tf->given;
	unsigned int i;

	for (i = 0; i < lines && ends[i] <= tf->given + copied; i++)
		whole = ends[i];
	return tf->given + copied - whole;
}

/*
 * Whole lines; but a part, if the buffer is smaller than one and this is the
 * first, or if the caller's memory ends there. False if no more can be given.
 */
static bool give_lines(struct tcps_file *tf, struct sink *to)
{
	size_t tcps_uninitialized ends[QUEUE];
	bool is_first = to->left == to->asked;
	unsigned int lines = 1;
	size_t part, copied;

	ends[0] = tf->end;
	if (!tf->end)
		lines = make_lines(tf, to->left, ends);
	part = ends[lines - 1] - tf->given;
	if (part > to->left && !is_first)
		return false;
	part = min(part, to->left);
	copied = put(to, tf->text + tf->given, part);
	if (copied < part && !to->is_last) {
		size_t less = torn(tf, ends, lines, copied);

		unput(to, less);
		tf->given += copied - less;
	} else {
		tf->given += copied;
	}
	drop_given(tf, ends, lines);
	return copied == part;
}

/* Why no more can be given: there is no more, or that is not known. */
static int reason(enum tcps_found found)
{
	return found == TCPS_FOUND_NOTHING ? -EAGAIN : -ERESTARTSYS;
}

/* 0 if enough was given, else why there is not more. */
static int read_text(struct tcps_file *tf, struct sink *to)
{
	enum tcps_found found;

	while (to->left) {
		found = fetch(tf);
		if (found != TCPS_FOUND_ITEM)
			return reason(found);
		if (!give_lines(tf, to) || signal_pending(current))
			break;
		cond_resched();
	}
	return to->has_faulted ? -EFAULT : 0;
}

/*
 * A record from its slot to user memory, word by word: it may be overwritten
 * meanwhile. Returns false if that memory cannot be written to.
 */
static bool put_slot(u64 __user *to, const struct tcpstates_record *slot)
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

/*
 * Give records that are at hand, straight from the rings. A spoiled copy stays
 * behind what read() has given; whoever may not see all connections must not get
 * at that. False if there are no more, or they cannot be given that way.
 */
static bool give_slots(struct tcps_file *tf, struct sink *to)
{
	unsigned int left;

	if (to->iter || tf->net || !is_queue_empty(tf))
		return false;
	for (left = SLOTS_BEFORE_RESCHED; left; left--) {
		const struct tcpstates_record *slot;

		if (to->left < sizeof(*slot))
			break;
		slot = tcps_reader_peek(tf->reader);
		if (!slot || !put_slot((u64 __user *)to->user, slot))
			return false;
		if (tcps_reader_take(tf->reader)) {
			to->user += sizeof(*slot);
			to->left -= sizeof(*slot);
		}
	}
	return true;
}

/* 0 if it was given, else why not. */
static int give_record(struct tcps_file *tf, struct sink *to)
{
	size_t size = sizeof(tf->queue[0]), copied;
	enum tcps_found found = fetch(tf);

	if (found != TCPS_FOUND_ITEM)
		return reason(found);
	copied = put(to, &tf->queue[tf->first], size);
	if (copied < size) {
		unput(to, copied);
		return -EFAULT;
	}
	tf->first++;
	return 0;
}

/* 0 if enough was given, else why there is not more. */
static int read_binary(struct tcps_file *tf, struct sink *to)
{
	int ret;

	while (to->left >= sizeof(tf->queue[0])) {
		if (!give_slots(tf, to)) {
			ret = give_record(tf, to);
			if (ret)
				return ret;
		}
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return 0;
}

/* Likewise. No page is faulted in. */
static int read_locked(struct tcps_file *tf, struct sink *to)
{
	int ret;

	if (tf->format == TCPSTATES_FORMAT_BINARY &&
	    to->asked < sizeof(tf->queue[0]))
		return -EINVAL;
	begin_look(tf);
	to->has_faulted = false;
	pagefault_disable();
	if (tf->format == TCPSTATES_FORMAT_BINARY)
		ret = read_binary(tf, to);
	else
		ret = read_text(tf, to);
	pagefault_enable();
	return ret;
}

static int lock_to_read(struct tcps_file *tf, const struct sink *to)
{
	if (!to->may_wait)
		return lock_or_ask(tf) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(&tf->lock) ? -ERESTARTSYS : 0;
}

/*
 * What there is now, as much as fits. -EAGAIN if there is nothing,
 * -ERESTARTSYS if a signal came before that was known.
 */
static ssize_t read_now(struct tcps_file *tf, struct sink *to)
{
	int ret;

	for (;;) {
		ret = lock_to_read(tf, to);
		if (ret)
			break;
		ret = read_locked(tf, to);
		let_go(tf);
		if (ret != -EFAULT || to->is_last)
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		/* Else the page was taken away before: there is no hurry. */
		to->is_last = !fault_in(to);
		cond_resched();
	}
	return to->left < to->asked ? to->asked - to->left : ret;
}

static ssize_t read_waiting(struct tcps_file *tf, struct sink *to)
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

static ssize_t read_to(struct file *file, struct sink *to, bool wait)
{
	struct tcps_file *tf = file->private_data;
	ssize_t ret;

	if (!to->left)
		return 0;
	to->asked = to->left;
	ret = read_now(tf, to);
	if (ret == -EAGAIN && wait)
		ret = read_waiting(tf, to);
	return ret;
}

/*
 * The kernel takes this for plain read(), nearly every call, and the next one
 * for the rest. Here the place in memory is known. To find it in an iov_iter one
 * would have to know what that consists of, and that changes from kernel to
 * kernel.
 */
static ssize_t device_read(struct file *file, char __user *user, size_t size,
			   loff_t *position)
{
	struct sink to = { .user = user, .left = size, .may_wait = true };

	return read_to(file, &to, !(file->f_flags & O_NONBLOCK));
}

/*
 * readv(), io_uring and the like. With IOCB_NOWAIT it waits neither for a record
 * nor for who else reads the file; memory of the caller's may fault in, and that
 * of a snapshot be allocated, as a pipe does both.
 */
static ssize_t device_read_iter(struct kiocb *call, struct iov_iter *iter)
{
	struct sink to = {
		.iter = iter,
		.left = iov_iter_count(iter),
		.may_wait = !(call->ki_flags & IOCB_NOWAIT),
	};

	return read_to(call->ki_filp, &to, to.may_wait &&
		       !(call->ki_filp->f_flags & O_NONBLOCK));
}

/*
 * It waits for nobody. What it does not know, since somebody else is at it or
 * the search takes too long, it is woken for, and is asked again.
 */
static __poll_t device_poll(struct file *file, struct poll_table_struct *table)
{
	struct tcps_file *tf = file->private_data;
	enum tcps_found found;

	poll_wait(file, &tf->sleeper.queue, table);
	tcps_wake_arm(&tf->sleeper);
	if (!lock_or_ask(tf))
		return 0;
	found = find_out(tf);
	let_go(tf);
	if (found == TCPS_FOUND_SIGNAL)
		tcps_wake_rouse(&tf->sleeper);
	return found == TCPS_FOUND_ITEM ? EPOLLIN | EPOLLRDNORM : 0;
}

/* The rings hold what happens in all namespaces. */
static bool may_map(const struct tcps_file *tf)
{
	return !tf->net;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	return may_map(file->private_data) ? tcps_map(vma) : -EPERM;
}

static long get_info(struct tcps_file *tf, void __user *to)
{
	struct tcpstates_info info = {
		.abi_version = TCPSTATES_ABI_VERSION,
		.record_size = sizeof(struct tcpstates_record),
		.cpus = tcps_stream_ring_count(),
		.ring_records = tcps_stream_ring_records(),
		.hooks = READ_ONCE(tcps_attached_hooks),
		.module_version = TCPS_VERSION,
		.map_ring = may_map(tf) ? tcps_map_stride() : 0,
		.map_slots = may_map(tf) ? TCPS_MAP_SLOTS : 0,
	};

	return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : 0;
}

static long get_stats(struct tcps_file *tf, void __user *to)
{
	struct tcpstates_stats stats = { };

	tcps_stream_stats(&stats);
	tcps_conn_stats(&stats);
	stats.untracked = tcps_fallback_overflows();
	stats.unplaced = tcps_probe_unplaced();
	tcps_hooks_stats(&stats);
	stats.reader_lost = READ_ONCE(tf->reader->lost);
	return copy_to_user(to, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static long get_account(void __user *to)
{
	struct tcpstates_account account = {
		.wakeups = tcps_wake_count(),
	};

	tcps_conn_account(&account);
	tcps_audit_account(&account);
	tcps_charge_stats(&account);
	return copy_to_user(to, &account, sizeof(account)) ? -EFAULT : 0;
}

/* A line that was begun must be read to its end first. */
static long set_format(struct tcps_file *tf, const void __user *from)
{
	struct tcpstates_format format;
	long ret = 0;

	if (copy_from_user(&format, from, sizeof(format)))
		return -EFAULT;
	if (format.reserved || (format.format != TCPSTATES_FORMAT_TEXT &&
				format.format != TCPSTATES_FORMAT_BINARY))
		return -EINVAL;
	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	if (inside_line(tf)) {
		ret = -EBUSY;
	} else {
		tf->format = format.format;
		tf->end = 0;
	}
	let_go(tf);
	return ret;
}

static long set_filter(struct tcps_file *tf, const void __user *from)
{
	struct tcpstates_filter filter;
	int ret;

	if (copy_from_user(&filter, from, sizeof(filter)))
		return -EFAULT;
	ret = tcps_filter_check(&filter);
	if (ret)
		return ret;
	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	ret = tcps_wake_choose(&tf->sleeper, tf->reader->netns, &filter);
	if (!ret) {
		tcps_reader_set_filter(tf->reader, &filter);
		filter_queue(tf, &filter);
	}
	let_go(tf);
	if (!ret)
		tcps_wake_rouse(&tf->sleeper);
	return ret;
}

static long rewind_reader(struct tcps_file *tf)
{
	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	begin_look(tf);
	tcps_reader_rewind(tf->reader);
	drop_queue(tf);
	let_go(tf);
	tcps_wake_rouse(&tf->sleeper);
	return 0;
}

static long skip_to_now(struct tcps_file *tf)
{
	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	tcps_reader_skip(tf->reader);
	drop_queue(tf);
	let_go(tf);
	return 0;
}

static long take_snapshot(struct tcps_file *tf)
{
	long ret;

	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	begin_look(tf);
	ret = tcps_reader_snapshot(tf->reader, tf->user);
	if (!ret)
		drop_queue(tf);
	let_go(tf);
	if (!ret)
		tcps_wake_rouse(&tf->sleeper);
	return ret;
}

static long device_ioctl(struct file *file, unsigned int command,
			 unsigned long argument)
{
	void __user *user = (void __user *)argument;
	struct tcps_file *tf = file->private_data;

	switch (command) {
	case TCPSTATES_IOC_GET_INFO:
		return get_info(tf, user);
	case TCPSTATES_IOC_GET_STATS:
		return get_stats(tf, user);
	case TCPSTATES_IOC_SET_FORMAT:
		return set_format(tf, user);
	case TCPSTATES_IOC_SET_FILTER:
		return set_filter(tf, user);
	case TCPSTATES_IOC_REWIND:
		return rewind_reader(tf);
	case TCPSTATES_IOC_SNAPSHOT:
		return take_snapshot(tf);
	case TCPSTATES_IOC_NOW:
		return skip_to_now(tf);
	case TCPSTATES_IOC_GET_ACCOUNT:
		return get_account(user);
	default:
		return -ENOTTY;
	}
}

/*
 * The opener's rights count for the life of the file, whoever reads it later.
 * The namespace is held so that its number cannot pass to another one.
 */
static struct net *only_visible_net(void)
{
	if (ns_capable_noaudit(init_net.user_ns, CAP_NET_ADMIN))
		return NULL;
	return get_net(current->nsproxy->net_ns);
}

/*
 * Who answers for the memory. Whoever makes a user namespace has many numbers in
 * it, and may make more namespaces there: they are all his who made the
 * outermost.
 */
static kuid_t answerable(void)
{
	struct user_namespace *ns = current_user_ns();

	if (ns == &init_user_ns)
		return current_euid();
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	return ns->owner;
}

/* Who may exceed the kernel's other limits of resources may exceed ours. */
static struct tcps_user *open_user(void)
{
	return tcps_charge_open(from_kuid(&init_user_ns, answerable()),
				 ns_capable_noaudit(&init_user_ns,
						    CAP_SYS_RESOURCE));
}

static size_t passed_size(void)
{
	return array_size(tcps_stream_ring_count(), sizeof(u64));
}

static int device_open(struct inode *inode, struct file *file)
{
	unsigned int count = tcps_stream_ring_count();
	struct tcps_user *user = open_user();
	struct tcps_file *tf;
	u32 netns;

	if (!user)
		return -ENOMEM;
	tf = tcps_charge_alloc(user, sizeof(*tf));
	if (!tf)
		goto err_close_user;
	tf->reader = tcps_charge_alloc(user, tcps_reader_size(count));
	if (!tf->reader)
		goto err_free_file;
	tf->user = user;
	tf->net = only_visible_net();
	netns = tf->net ? tf->net->ns.inum : 0;
	tf->sleeper.passed = tcps_charge_alloc(user, passed_size());
	if (!tf->sleeper.passed)
		goto err_put_net;
	if (tcps_wake_add(&tf->sleeper, user->uid, netns))
		goto err_free_passed;
	mutex_init(&tf->lock);
	tcps_reader_init(tf->reader, tcps_stream_rings(), count, netns);
	/* misc_open() has left the miscdevice in there. */
	file->private_data = tf;
	/* device_read_iter() heeds IOCB_NOWAIT: RWF_NOWAIT is let through. */
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);

err_free_passed:
	tcps_charge_free(user, tf->sleeper.passed, passed_size());
err_put_net:
	if (tf->net)
		put_net(tf->net);
	tcps_charge_free(user, tf->reader, tcps_reader_size(count));
err_free_file:
	tcps_charge_free(user, tf, sizeof(*tf));
err_close_user:
	tcps_charge_close(user);
	return -ENOMEM;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct tcps_file *tf = file->private_data;
	struct tcps_user *user = tf->user;

	tcps_wake_remove(&tf->sleeper);
	tcps_charge_free(user, tf->sleeper.passed, passed_size());
	if (tf->net)
		put_net(tf->net);
	tcps_reader_end(tf->reader);
	tcps_charge_free(user, tf->reader,
			  tcps_reader_size(tcps_stream_ring_count()));
	mutex_destroy(&tf->lock);
	tcps_charge_free(user, tf, sizeof(*tf));
	tcps_charge_close(user);
	return 0;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.read_iter = device_read_iter,
	.mmap = device_mmap,
	.poll = device_poll,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* udev gives the node to the group tcpstates; until then it is root's. */
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tcpstates",
	.fops = &device_operations,
	.mode = 0600,
};

/**
 * tcps_device_register() - make the device appear
 *
 * Context: process; all that it uses is ready.
 * Return: 0 or an error.
 */
int tcps_device_register(void)
{
	return misc_register(&device);
}

/**
 * tcps_device_unregister() - make the device disappear
 *
 * Context: process; no file is open, or the module could not be unloaded.
 */
void tcps_device_unregister(void)
{
	misc_deregister(&device);
}
