// SPDX-License-Identifier: GPL-2.0
/*
 * The device's system calls; their contract is uapi/dev-tcpstates. The only
 * file that copies to and from user space.
 *
 * Reading goes: fetch a record from the reader, make its text, copy. Each step
 * keeps what it has until the next has succeeded, so that a failed copy loses
 * nothing and a line may be read byte by byte.
 */
#include "device.h"

#include <linux/capability.h>
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
#include <linux/uio.h>
#include <net/net_namespace.h>

#include "conn.h"
#include "filter.h"
#include "format.h"
#include "hooks.h"
#include "probe.h"
#include "reader.h"
#include "stream.h"
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
static_assert(sizeof(struct tcpstates_stats) == 256);
static_assert(sizeof(TCPS_VERSION) <=
	      sizeof_field(struct tcpstates_info, module_version));

/**
 * struct tcps_file - an open file
 * @lock: orders the readers of one open file
 * @net: the only namespace that may be seen, held; NULL may see all
 * @reader: the position
 * @format: TCPSTATES_FORMAT_*
 * @pending: @record has been taken from @reader and not been given out whole
 * @record: that record
 * @length: of its text in @line, 0 if none is made yet
 * @given: bytes of @line given out
 * @line: its text
 * @lines: what its making needs
 */
struct tcps_file {
	struct mutex lock;	/* everything below but @net */
	struct net *net;
	struct tcps_reader *reader;
	u32 format;
	bool pending;
	struct tcpstates_record record;
	size_t length;
	size_t given;
	char line[TCPS_LINE_MAX];
	struct tcps_format lines;
};

/* Have a record to give out, if there is one. */
static bool fetch(struct tcps_file *tf)
{
	lockdep_assert_held(&tf->lock);
	if (!tf->pending) {
		tf->pending = tcps_reader_next(tf->reader, &tf->record);
		tf->length = 0;
		tf->given = 0;
	}
	return tf->pending;
}

static bool inside_line(const struct tcps_file *tf)
{
	return tf->pending && tf->given;
}

static ssize_t read_text(struct tcps_file *tf, struct iov_iter *to)
{
	size_t done = 0;

	while (iov_iter_count(to) && fetch(tf)) {
		size_t part, copied;

		if (!tf->length)
			tf->length = tcps_format_line(&tf->lines, &tf->record,
						      tf->line);
		/* Whole lines; but for a buffer smaller than one, a part. */
		if (done && iov_iter_count(to) < tf->length)
			break;
		part = min(iov_iter_count(to), tf->length - tf->given);
		copied = copy_to_iter(tf->line + tf->given, part, to);
		tf->given += copied;
		done += copied;
		if (copied < part)
			return done ? done : -EFAULT;
		tf->pending = tf->given < tf->length;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done ? done : -EAGAIN;
}

static ssize_t read_binary(struct tcps_file *tf, struct iov_iter *to)
{
	size_t size = sizeof(tf->record), done = 0;

	if (iov_iter_count(to) < size)
		return -EINVAL;
	while (iov_iter_count(to) >= size && fetch(tf)) {
		size_t copied = copy_to_iter(&tf->record, size, to);

		if (copied < size) {
			iov_iter_revert(to, copied);
			return done ? done : -EFAULT;
		}
		tf->pending = false;
		done += size;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done ? done : -EAGAIN;
}

/*
 * What there is now; -EAGAIN if there is nothing. Another reader of the file
 * may hold the lock for as long as its memory takes to fault in.
 */
static ssize_t read_now(struct tcps_file *tf, struct iov_iter *to, bool wait)
{
	ssize_t ret;

	if (!wait && !mutex_trylock(&tf->lock))
		return -EAGAIN;
	if (wait && mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	if (tf->format == TCPSTATES_FORMAT_BINARY)
		ret = read_binary(tf, to);
	else
		ret = read_text(tf, to);
	mutex_unlock(&tf->lock);
	return ret;
}

static ssize_t read_waiting(struct tcps_file *tf, struct iov_iter *to)
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

static ssize_t device_read(struct kiocb *call, struct iov_iter *to)
{
	struct tcps_file *tf = call->ki_filp->private_data;
	bool wait = !(call->ki_filp->f_flags & O_NONBLOCK) &&
		    !(call->ki_flags & IOCB_NOWAIT);
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	ret = read_now(tf, to, wait);
	if (ret == -EAGAIN && wait)
		ret = read_waiting(tf, to);
	return ret;
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

static long get_info(void __user *to)
{
	struct tcpstates_info info = {
		.abi_version = TCPSTATES_ABI_VERSION,
		.record_size = sizeof(struct tcpstates_record),
		.cpus = tcps_stream_ring_count(),
		.ring_records = tcps_stream_ring_records(),
		.hooks = tcps_probe_hooks(),
		.module_version = TCPS_VERSION,
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
	if (inside_line(tf))
		ret = -EBUSY;
	else
		tf->format = format.format;
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
	if (tf->pending && !inside_line(tf))
		tf->pending = tcps_filter_match(&filter, &tf->record);
	mutex_unlock(&tf->lock);
	return 0;
}

static long rewind_reader(struct tcps_file *tf)
{
	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	tcps_reader_rewind(tf->reader);
	if (!inside_line(tf))
		tf->pending = false;
	mutex_unlock(&tf->lock);
	return 0;
}

static long take_snapshot(struct tcps_file *tf)
{
	long ret;

	if (mutex_lock_interruptible(&tf->lock))
		return -ERESTARTSYS;
	ret = tcps_reader_snapshot(tf->reader);
	if (!ret && !inside_line(tf))
		tf->pending = false;
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
		return get_info(user);
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
	if (ns_capable(init_net.user_ns, CAP_NET_ADMIN))
		return NULL;
	return get_net(current->nsproxy->net_ns);
}

static int device_open(struct inode *inode, struct file *file)
{
	unsigned int count = tcps_stream_ring_count();
	struct tcps_file *tf;

	tf = kzalloc(sizeof(*tf), GFP_KERNEL_ACCOUNT);
	if (!tf)
		return -ENOMEM;
	tf->reader = kvzalloc(tcps_reader_size(count), GFP_KERNEL_ACCOUNT);
	if (!tf->reader)
		goto err_free_file;
	mutex_init(&tf->lock);
	tf->net = only_visible_net();
	tcps_reader_init(tf->reader, tcps_stream_rings(), count,
			 tf->net ? tf->net->ns.inum : 0);
	/* misc_open() has left the miscdevice in there. */
	file->private_data = tf;
	return stream_open(inode, file);

err_free_file:
	kfree(tf);
	return -ENOMEM;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct tcps_file *tf = file->private_data;

	if (tf->net)
		put_net(tf->net);
	tcps_reader_end(tf->reader);
	kvfree(tf->reader);
	mutex_destroy(&tf->lock);
	kfree(tf);
	return 0;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read_iter = device_read,
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
