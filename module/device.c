// SPDX-License-Identifier: GPL-2.0
/*
 * The device: its file operations, and the rights of who opens it. The contract
 * of the system calls is uapi/dev-tcpstates.
 */
#include "device.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/uidgid.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "charge.h"
#include "file.h"
#include "ioctl.h"
#include "map.h"
#include "read.h"
#include "user_buffer.h"
#include "wake.h"

/*
 * For plain read(), which is nearly every call; device_read_iter() is for the
 * rest. The address of the buffer is known here. An iov_iter does not tell it
 * without knowledge of its members, which change from kernel to kernel.
 */
static ssize_t device_read(struct file *file, char __user *user, size_t size,
			   loff_t *position)
{
	struct tcps_user_buffer to = {
		.user = user,
		.left = size,
		.may_wait = true,
	};

	return tcps_read(file->private_data, &to,
			 !(file->f_flags & O_NONBLOCK));
}

/*
 * For readv(), io_uring and the like. With IOCB_NOWAIT it waits neither for a
 * record nor for another reader of the file; like a pipe, it may still fault in
 * the caller's memory and allocate.
 */
static ssize_t device_read_iter(struct kiocb *call, struct iov_iter *iter)
{
	struct tcps_user_buffer to = {
		.iter = iter,
		.left = iov_iter_count(iter),
		.may_wait = !(call->ki_flags & IOCB_NOWAIT),
	};

	return tcps_read(call->ki_filp->private_data, &to, to.may_wait &&
			 !(call->ki_filp->f_flags & O_NONBLOCK));
}

/*
 * Does not wait. If another thread holds the lock, or the search takes too long,
 * the file is woken later, so that poll() is called again.
 */
static __poll_t device_poll(struct file *file, struct poll_table_struct *table)
{
	struct tcps_file *tf = file->private_data;
	enum tcps_found found;

	poll_wait(file, &tf->sleeper.queue, table);
	tcps_wake_arm(&tf->sleeper);
	if (!tcps_file_try_lock(tf))
		return 0;
	found = tcps_file_find(tf);
	tcps_file_unlock(tf);
	if (found == TCPS_FOUND_SIGNAL)
		tcps_wake_now(&tf->sleeper);
	return found == TCPS_FOUND_ITEM ? EPOLLIN | EPOLLRDNORM : 0;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	return tcps_file_may_map(file->private_data) ? tcps_map(vma) : -EPERM;
}

static long device_ioctl(struct file *file, unsigned int command,
			 unsigned long argument)
{
	return tcps_ioctl(file->private_data, command,
			  (void __user *)argument);
}

static bool may_see_all(void)
{
	return ns_capable_noaudit(init_net.user_ns, CAP_NET_ADMIN);
}

/*
 * The rights of the process that opens the file decide, whichever process reads
 * it later. The reference keeps the namespace's number from being reused. NULL
 * means that all namespaces may be seen.
 */
static struct net *only_visible_net(void)
{
	return may_see_all() ? NULL : get_net(current->nsproxy->net_ns);
}

/*
 * The user to charge. A user who creates a user namespace gets many user ids in
 * it, and can create more namespaces there: all of them count for the owner of
 * the outermost one.
 */
static kuid_t charged_uid(void)
{
	struct user_namespace *ns = current_user_ns();

	if (ns == &init_user_ns)
		return current_euid();
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	return ns->owner;
}

/*
 * CAP_SYS_RESOURCE exceeds the limits of users here as elsewhere. Programs that
 * watch the whole host, like the exporter, do not have it, and users together
 * must not be able to keep these out.
 */
static struct tcps_user *open_user(void)
{
	return tcps_charge_open(from_kuid(&init_user_ns, charged_uid()),
				may_see_all() ||
				ns_capable_noaudit(&init_user_ns,
						   CAP_SYS_RESOURCE));
}

static int device_open(struct inode *inode, struct file *file)
{
	struct tcps_user *user = open_user();
	struct tcps_file *tf;
	struct net *net;

	if (!user)
		return -ENOMEM;
	net = only_visible_net();
	tf = tcps_file_make(user, net);
	if (!tf)
		goto err_put_net;
	/* misc_open() has stored the miscdevice there. */
	file->private_data = tf;
	/* device_read_iter() observes IOCB_NOWAIT, so allow RWF_NOWAIT. */
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);

err_put_net:
	if (net)
		put_net(net);
	tcps_charge_close(user);
	return -ENOMEM;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct tcps_file *tf = file->private_data;
	struct tcps_user *user = tf->user;
	struct net *net = tf->net;

	tcps_file_free(tf);
	if (net)
		put_net(net);
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

/* A udev rule gives the node to the group tcpstates; without it, only root. */
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tcpstates",
	.fops = &device_operations,
	.mode = 0600,
};

/**
 * tcps_device_register() - make the device appear
 *
 * Context: process, once everything that a file uses is initialised.
 * Return: 0 or an error of misc_register().
 */
int tcps_device_register(void)
{
	return misc_register(&device);
}

/**
 * tcps_device_unregister() - make the device disappear
 *
 * Context: process; no file is open, since an open file holds the module.
 */
void tcps_device_unregister(void)
{
	misc_deregister(&device);
}
