// SPDX-License-Identifier: GPL-2.0
/*
 * The device's system calls; their contract is uapi/dev-tcpstates. The only
 * file that copies to and from user space.
 *
 * Reading goes: take records from the reader, make their text, copy. Each step
 * keeps what it has until the next has succeeded, so that a failed copy loses
 * nothing and a line may be read byte by byte. Binary records need no steps: as
 * a rule they are copied straight from the rings.
 */
#include "device.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
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
#include <net/net_namespace.h>

#include "account.h"
#include "audit.h"
#include "conn.h"
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
 * @lock: orders the readers of one open file
 * @net: the only namespace that may be seen, held; NULL may see all
 * @user: who is charged for the memory
 * @reader: the position
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
	struct mutex lock;	/* everything below but @net and @user */
	struct net *net;
	struct tcps_user *user;
	struct tcps_reader *reader;
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

/* Take a record from the reader to the end of the queue, if there is one. */
static bool take(struct tcps_file *tf)
{
	if (is_queue_empty(tf)) {
		tf->first = 0;
		tf->count = 0;
		tf->end = 0;
	}
	if (tf->count == QUEUE ||
	    !tcps_reader_next(tf->reader, &tf->queue[tf->count]))
		return false;
	tf->count++;
	return true;
}

/* Have a record to give out, if there is one. */
static bool fetch(struct tcps_file *tf)
{
	lockdep_assert_held(&tf->lock);
	return !is_queue_empty(tf) || take(tf);
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
 */
struct sink {
	char __user *user;
	struct iov_iter *iter;
	size_t left;
};

/* Returns how much could be copied; all of it, or a fault came. */
static size_t put(struct sink *to, const void *from, size_t size)
{
	size_t copied;

	if (to->iter) {
		copied = copy_to_iter(from, size, to->iter);
	} else {
		copied = size - copy_to_user(to->user, from, size);
		to->user += copied;
	}
	to->left -= copied;
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
	} while (length + TCPS_LINE_MAX <= most && (i < tf->count || take(tf)));
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

/*
 * Whole lines; but a part, if the buffer is smaller than one and this is the
 * first. False if no more can be given.
 */
static bool give_lines(struct tcps_file *tf, struct sink *to, bool is_first)
{
	size_t tcps_uninitialized ends[QUEUE];
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
	tf->given += copied;
	drop_given(tf, ends, lines);
	return copied == part;
}

static void read_text(struct tcps_file *tf, struct sink *to)
{
	bool is_first = true;

	while (to->left && fetch(tf) && give_lines(tf, to, is_first)) {
		is_first = false;
		if (signal_pending(current))
			break;
		cond_resched();
	}
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

static bool give_record(struct tcps_file *tf, struct sink *to)
{
	size_t size = sizeof(tf->queue[0]), copied;

	if (!fetch(tf))
		return false;
	copied = put(to, &tf->queue[tf->first], size);
	if (copied < size) {
		unput(to, copied);
		return false;
	}
	tf->first++;
	return true;
}

static void read_binary(struct tcps_file *tf, struct sink *to)
{
	while (to->left >= sizeof(tf->queue[0]) &&
	       (give_slots(tf, to) || give_record(tf, to))) {
		if (signal_pending(current))
			break;
		cond_resched();
	}
}

/* If there is something to give and nothing was given, the copy has failed. */
static ssize_t read_locked(struct tcps_file *tf, struct sink *to)
{
	size_t asked = to->left;

	if (tf->format == TCPSTATES_FORMAT_BINARY &&
	    asked < sizeof(tf->queue[0]))
		return -EINVAL;
	if (tf->format == TCPSTATES_FORMAT_BINARY)
		read_binary(tf, to);
	else
		read_text(tf, to);
	if (to->left < asked)
		return asked - to->left;
	return is_queue_empty(tf) ? -EAGAIN : -EFAULT;
}

/*
 * What there is now; -EAGAIN if there is nothing. Another reader of the file
 * may hold the lock for as long as its memory takes to fault in.
 */
static ssize_t read_now(struct tcps_file *tf, struct sink *to, bool wait)
{
	ssize_t ret;

	if (!wait && !mutex_trylock(&tf->lock))
		return -EAGAIN;
	if (wait && mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	ret = read_locked(tf, to);
	mutex_unlock(&tf->lock);
	return ret;
}

static ssize_t read_waiting(struct tcps_file *tf, struct sink *to)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	ssize_t ret;

	add_wait_queue(tcps_stream_queue(), &wait);
	for (;;) {
		tcps_stream_arm();
		ret = read_now(tf, to, true);
		if (ret != -EAGAIN)
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		wait_woken(&wait, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	}
	remove_wait_queue(tcps_stream_queue(), &wait);
	return ret;
}

static ssize_t read_to(struct file *file, struct sink *to, bool wait)
{
	struct tcps_file *tf = file->private_data;
	ssize_t ret;

	if (!to->left)
		return 0;
	ret = read_now(tf, to, wait);
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
	struct sink to = { .user = user, .left = size };

	return read_to(file, &to, !(file->f_flags & O_NONBLOCK));
}

/*
 * readv(), io_uring and the like. With IOCB_NOWAIT it waits neither for a record
 * nor for who else reads the file; memory of the caller's may fault in, and that
 * of a snapshot be allocated, as a pipe does both.
 */
static ssize_t device_read_iter(struct kiocb *call, struct iov_iter *iter)
{
	struct sink to = { .iter = iter, .left = iov_iter_count(iter) };
	bool wait = !(call->ki_filp->f_flags & O_NONBLOCK) &&
		    !(call->ki_flags & IOCB_NOWAIT);

	return read_to(call->ki_filp, &to, wait);
}

static __poll_t device_poll(struct file *file, struct poll_table_struct *table)
{
	struct tcps_file *tf = file->private_data;
	__poll_t ready = 0;

	poll_wait(file, tcps_stream_queue(), table);
	tcps_stream_arm();
	/* The caller sees the signal, and asks again. */
	if (mutex_lock_interruptible(&tf->lock))
		return 0;
	if (fetch(tf))
		ready = EPOLLIN | EPOLLRDNORM;
	mutex_unlock(&tf->lock);
	return ready;
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
		.hooks = tcps_probe_hooks(),
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
	tcps_probe_stats(&stats);
	tcps_hooks_stats(&stats);
	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	stats.reader_lost = tf->reader->lost;
	mutex_unlock(&tf->lock);
	return copy_to_user(to, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static long get_account(void __user *to)
{
	struct tcpstates_account account = { };

	tcps_conn_account(&account);
	tcps_audit_account(&account);
	tcps_account_stats(&account);
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
	mutex_unlock(&tf->lock);
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
	tcps_reader_set_filter(tf->reader, &filter);
	filter_queue(tf, &filter);
	mutex_unlock(&tf->lock);
	return 0;
}

static long rewind_reader(struct tcps_file *tf)
{
	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	tcps_reader_rewind(tf->reader);
	drop_queue(tf);
	mutex_unlock(&tf->lock);
	return 0;
}

static long skip_to_now(struct tcps_file *tf)
{
	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	tcps_reader_skip(tf->reader);
	drop_queue(tf);
	mutex_unlock(&tf->lock);
	return 0;
}

static long take_snapshot(struct tcps_file *tf)
{
	long ret;

	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	ret = tcps_reader_snapshot(tf->reader, tf->user);
	if (!ret)
		drop_queue(tf);
	mutex_unlock(&tf->lock);
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
	return tcps_account_open(from_kuid(&init_user_ns, answerable()),
				 ns_capable_noaudit(&init_user_ns,
						    CAP_SYS_RESOURCE));
}

static int device_open(struct inode *inode, struct file *file)
{
	unsigned int count = tcps_stream_ring_count();
	struct tcps_user *user = open_user();
	struct tcps_file *tf;

	if (!user)
		return -ENOMEM;
	tf = tcps_account_alloc(user, sizeof(*tf));
	if (!tf)
		goto err_close_user;
	tf->reader = tcps_account_alloc(user, tcps_reader_size(count));
	if (!tf->reader)
		goto err_free_file;
	mutex_init(&tf->lock);
	tf->user = user;
	tf->net = only_visible_net();
	tcps_reader_init(tf->reader, tcps_stream_rings(), count,
			 tf->net ? tf->net->ns.inum : 0);
	/* misc_open() has left the miscdevice in there. */
	file->private_data = tf;
	/* device_read_iter() heeds IOCB_NOWAIT: RWF_NOWAIT is let through. */
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);

err_free_file:
	tcps_account_free(user, tf, sizeof(*tf));
err_close_user:
	tcps_account_close(user);
	return -ENOMEM;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct tcps_file *tf = file->private_data;
	struct tcps_user *user = tf->user;

	if (tf->net)
		put_net(tf->net);
	tcps_reader_end(tf->reader);
	tcps_account_free(user, tf->reader,
			  tcps_reader_size(tcps_stream_ring_count()));
	mutex_destroy(&tf->lock);
	tcps_account_free(user, tf, sizeof(*tf));
	tcps_account_close(user);
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
