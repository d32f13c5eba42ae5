// SPDX-License-Identifier: GPL-2.0
/*
 * An audit walks over the table and over all TCP sockets of the kernel, slowly, and
 * sees to it that both agree: entries whose structure is gone are dropped, and told
 * (verify.c); if connections found no memory, and there is memory again, they get
 * their entries (learn.c), and the table is complete as on a fresh host.
 *
 * One comes every audit_s seconds, as long as something has been recorded since
 * the last ones, or the table is not complete. It works for at most SLICE_NS at
 * a time, and then rests PAUSE_SHARE times as long: so it takes 3 % of one CPU
 * while it runs. Per socket that is about a hundred instructions, per empty bucket
 * ten: 100,000 connections are walked over in about a second, the pauses included,
 * and an entry whose structure is gone stays for three audits at most.
 */
#include "audit.h"

#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/workqueue.h>
#include <net/inet_timewait_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>

#include "conn.h"
#include "learn.h"
#include "pool.h"
#include "fallback.h"
#include "stream.h"
#include "uapi/tcpstates.h"
#include "verify.h"
#include "walk.h"

#define INTERVAL_MAX	86400U
#define SLICE_NS	(NSEC_PER_MSEC / 2)
#define PAUSE_SHARE	32
/* Chains of the table before an audit rests. */
#define CHAINS_BEFORE_REST	256UL

static unsigned int audit_s = 30;

/* Protects @audit_s and @running; parameters outlive the module's exit function. */
static DEFINE_MUTEX(lock);
static bool running;

static struct workqueue_struct *queue;
static struct completion stopping;

/* The audit's own. */
static u64 slice_ns;		/* when this slice began, CLOCK_MONOTONIC */
static u64 last_recorded;
static unsigned int quiet;	/* audits since something was recorded */

static u64 audits, audit_boot_ns;

/* Whether to go on; after a slice, when the pause is over. */
static bool rest(void)
{
	u64 spent_ns = ktime_get_ns() - slice_ns;
	bool stopped;

	tcps_pool_refill();
	if (spent_ns < SLICE_NS) {
		cond_resched();
		return !completion_done(&stopping);
	}
	stopped = wait_for_completion_timeout(&stopping,
					      nsecs_to_jiffies(PAUSE_SHARE *
							       spent_ns) + 1);
	slice_ns = ktime_get_ns();
	return !stopped;
}

/* The lock of the socket's hash bucket is held. */
static void meet(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	/* What has no cookie has no entry either. */
	if (cookie)
		tcps_verify_meet(cookie, sk);
}

static bool drop_vanished(void)
{
	unsigned long chain;

	for (chain = 0; chain < tcps_conn_chains(); chain++) {
		if (chain % CHAINS_BEFORE_REST == 0 && !rest())
			return false;
		tcps_verify_audit(chain, tcps_walk_has_netns);
	}
	return true;
}

/* Give an entry to each connection without one; or only meet those that have. */
static bool walk(void)
{
	static const struct tcps_walk meeting = { .visit = meet, .rest = rest };
	u64 misses = tcps_conn_misses();

	if (!tcps_conn_short() || !tcps_conn_has_room())
		return tcps_walk_run(&meeting);
	if (!tcps_learn_walk(rest))
		return !completion_done(&stopping);
	tcps_conn_complete(misses);
	return true;
}

static bool audit_all(void)
{
	bool whole;

	if (tcps_walk_begin())
		return false;
	slice_ns = ktime_get_ns();
	whole = drop_vanished() && walk();
	tcps_walk_end();
	return whole;
}

/*
 * Whether something may have become wrong. What an audit finds takes as many more
 * as an entry may go unmet.
 */
static bool is_due(void)
{
	struct tcpstates_stats stats = { };

	tcps_stream_stats(&stats);
	if (stats.recorded != last_recorded || tcps_conn_short())
		quiet = 0;
	last_recorded = stats.recorded;
	return quiet++ <= TCPS_UNMET_MOST_GONE;
}

static void audit(struct work_struct *work)
{
	/* Not at once when the table is complete: see there. */
	if (tcps_fallback_in_use() && !tcps_conn_short())
		tcps_fallback_learned();
	if (is_due() && audit_all()) {
		WRITE_ONCE(audit_boot_ns, ktime_get_boottime_ns());
		WRITE_ONCE(audits, audits + 1);
	}
	if (READ_ONCE(audit_s))
		queue_delayed_work(queue, to_delayed_work(work),
				   READ_ONCE(audit_s) * HZ);
}

static DECLARE_DELAYED_WORK(audit_work, audit);

static int set_interval(const char *text, const struct kernel_param *param)
{
	unsigned int seconds;
	int ret = kstrtouint(text, 0, &seconds);

	if (ret)
		return ret;
	if (seconds > INTERVAL_MAX) {
		pr_err("audit_s=%u: must be 0 (off) to %u seconds\n", seconds,
		       INTERVAL_MAX);
		return -EINVAL;
	}
	mutex_lock(&lock);
	WRITE_ONCE(audit_s, seconds);
	if (running && seconds)
		mod_delayed_work(queue, &audit_work, seconds * HZ);
	mutex_unlock(&lock);
	return 0;
}

static const struct kernel_param_ops interval_ops = {
	.set = set_interval,
	.get = param_get_uint,
};

module_param_cb(audit_s, &interval_ops, &audit_s, 0644);
__MODULE_PARM_TYPE(audit_s, "uint");
MODULE_PARM_DESC(audit_s,
		 "seconds between two audits of the table of connections; 0 is none");

/**
 * tcps_audit_init() - begin to audit
 *
 * Context: process; the hooks are attached, and what was there is learned.
 * Return: 0 or -ENOMEM.
 */
int tcps_audit_init(void)
{
	queue = alloc_workqueue("tcpstates_audit", WQ_UNBOUND, 1);
	if (!queue)
		return -ENOMEM;
	init_completion(&stopping);
	mutex_lock(&lock);
	running = true;
	if (audit_s)
		queue_delayed_work(queue, &audit_work, audit_s * HZ);
	mutex_unlock(&lock);
	return 0;
}

/**
 * tcps_audit_exit() - audit no more
 *
 * Context: process. An audit that is going on ends with its slice.
 */
void tcps_audit_exit(void)
{
	mutex_lock(&lock);
	running = false;
	complete_all(&stopping);
	cancel_delayed_work_sync(&audit_work);
	mutex_unlock(&lock);
	destroy_workqueue(queue);
}

/**
 * tcps_audit_account() - fill in what is known here
 * @account: where to; audits and audit_boot_ns are written
 *
 * Context: process.
 */
void tcps_audit_account(struct tcpstates_account *account)
{
	account->audits = READ_ONCE(audits);
	account->audit_boot_ns = READ_ONCE(audit_boot_ns);
}
