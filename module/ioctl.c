// SPDX-License-Identifier: GPL-2.0
/*
 * ioctls of the device. Each reads its argument before it locks the file, and
 * writes its result after it has unlocked: no lock is held while a page faults.
 */
#include "ioctl.h"

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>

#include "attached.h"
#include "audit.h"
#include "charge.h"
#include "conn.h"
#include "fallback.h"
#include "file.h"
#include "filter.h"
#include "hooks.h"
#include "map.h"
#include "probe.h"
#include "stream.h"
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

static long get_info(struct tcps_file *tf, void __user *to)
{
	struct tcpstates_info info = {
		.abi_version = TCPSTATES_ABI_VERSION,
		.record_size = sizeof(struct tcpstates_record),
		.cpus = tcps_stream_ring_count(),
		.ring_records = tcps_stream_ring_records(),
		.hooks = READ_ONCE(tcps_attached_hooks),
		.module_version = TCPS_VERSION,
		.map_ring = tcps_file_may_map(tf) ? tcps_map_stride() : 0,
		.map_slots = tcps_file_may_map(tf) ? TCPS_MAP_SLOTS : 0,
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
	stats.reader_lost = READ_ONCE(tf->reader->merge.lost);
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

/* A line that has been returned in part must be read to its end first. */
static long set_format(struct tcps_file *tf, const void __user *from)
{
	struct tcpstates_format format;
	long ret = 0;

	if (copy_from_user(&format, from, sizeof(format)))
		return -EFAULT;
	if (format.reserved || (format.format != TCPSTATES_FORMAT_TEXT &&
				format.format != TCPSTATES_FORMAT_BINARY))
		return -EINVAL;
	if (tcps_file_lock(tf))
		return -ERESTARTSYS;
	if (tcps_file_is_inside_line(tf)) {
		ret = -EBUSY;
	} else {
		tf->format = format.format;
		tf->end = 0;
	}
	tcps_file_unlock(tf);
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
	if (tcps_file_lock(tf))
		return -ERESTARTSYS;
	ret = tcps_wake_set_filter(&tf->sleeper,
				   tf->reader->merge.criteria.netns, &filter);
	if (!ret) {
		tcps_merge_set_filter(&tf->reader->merge, &filter);
		tcps_file_filter_queue(tf, &filter);
	}
	tcps_file_unlock(tf);
	if (!ret)
		tcps_wake_now(&tf->sleeper);
	return ret;
}

static long rewind_reader(struct tcps_file *tf)
{
	if (tcps_file_lock(tf))
		return -ERESTARTSYS;
	tcps_file_begin_look(tf);
	tcps_reader_rewind(tf->reader);
	tcps_file_drop_queue(tf);
	tcps_file_unlock(tf);
	tcps_wake_now(&tf->sleeper);
	return 0;
}

static long skip_to_now(struct tcps_file *tf)
{
	if (tcps_file_lock(tf))
		return -ERESTARTSYS;
	tcps_reader_skip(tf->reader);
	tcps_file_drop_queue(tf);
	tcps_file_unlock(tf);
	return 0;
}

static long take_snapshot(struct tcps_file *tf)
{
	long ret;

	if (tcps_file_lock(tf))
		return -ERESTARTSYS;
	tcps_file_begin_look(tf);
	ret = tcps_reader_snapshot(tf->reader, tf->user);
	if (!ret)
		tcps_file_drop_queue(tf);
	tcps_file_unlock(tf);
	if (!ret)
		tcps_wake_now(&tf->sleeper);
	return ret;
}

/**
 * tcps_ioctl() - handle an ioctl of the device
 * @tf: the file
 * @command: TCPSTATES_IOC_*
 * @user: the argument
 *
 * Context: process, without the file's lock; may sleep.
 * Return: 0 or an error; see uapi/dev-tcpstates.
 */
long tcps_ioctl(struct tcps_file *tf, unsigned int command, void __user *user)
{
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
