// SPDX-License-Identifier: GPL-2.0
/*
 * An audit walks the table and the kernel's hashes of TCP sockets, slowly, and makes
 * them agree. Entries whose structure is gone are dropped, and their end is recorded
 * (verify.c). If there was no memory for some connections, and there is memory
 * again, they get their entries (learn.c), and the table is complete.
 *
 * An audit is made every audit_s seconds, as long as something has been recorded
 * since the last ones, or the table is not complete. It works for at most SLICE_NS
 * at a time, and then rests PAUSE_SHARE times as long, which is 3 % of one CPU. A
 * socket costs about a hundred instructions, an empty bucket ten: walking 100,000
 * connections takes about a second with the pauses. An entry whose structure is
 * gone is dropped in the third audit at the latest.
 */
#include "audit.h"

#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
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

/* Used by the audit only. */
static u64 slice_ns;		/* when this slice began, CLOCK_MONOTONIC */
static u64 last_recorded;
static unsigned int quiet;	/* audits since something was recorded */

static u64 audits, audit_boot_ns;

/* Pause after a slice. Returns whether to go on. */
static bool rest_after_slice(void)
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
static void found_sock(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	/* A socket without a cookie has no entry. */
	if (cookie)
		tcps_verify_found(cookie, sk);
}

static bool drop_vanished(void)
{
	unsigned long chain;

	for (chain = 0; chain < tcps_conn_chains(); chain++) {
		if (chain % CHAINS_BEFORE_REST == 0 && !rest_after_slice())
			return false;
		tcps_verify_audit(chain, tcps_walk_has_netns);
	}
	return true;
}

/*
 * Mark the entries of existing sockets; if some have none, make entries. @misses
 * was read before the namespaces were listed: a connection that was missed later,
 * perhaps in a namespace that is not listed, leaves the table incomplete.
 */
static bool walk_sockets(u64 misses)
{
	static const struct tcps_walk finding = {
		.visit = found_sock,
		.rest = rest_after_slice,
	};

	if (!tcps_conn_short() || !tcps_conn_has_room())
		return tcps_walk_run(&finding);
	if (!tcps_learn_walk(rest_after_slice))
		return !completion_done(&stopping);
	tcps_conn_complete(misses);
	return true;
}

static bool audit_all(void)
{
	u64 misses = tcps_conn_misses();
	bool whole;

	if (tcps_walk_begin())
		return false;
	slice_ns = ktime_get_ns();
	whole = drop_vanished() && walk_sockets(misses);
	tcps_walk_end();
	return whole;
}

/*
 * Whether entries may be wrong. After the last record, an entry is dropped after
 * TCPS_NOT_FOUND_MOST_GONE audits at most.
 */
static bool is_due(void)
{
	struct tcpstates_stats stats = { };

	tcps_stream_stats(&stats);
	if (stats.recorded != last_recorded || tcps_conn_short())
		quiet = 0;
	last_recorded = stats.recorded;
	return quiet++ <= TCPS_NOT_FOUND_MOST_GONE;
}

static void run_audit(struct work_struct *work);

static DECLARE_DELAYED_WORK(audit_work, run_audit);

/* The next audit begins @audit_s seconds from now. Called with @lock held. */
static void schedule_audit(void)
{
	lockdep_assert_held(&lock);
	if (running && audit_s)
		mod_delayed_work(queue, &audit_work, audit_s * HZ);
	else
		cancel_delayed_work(&audit_work);
}

static void run_audit(struct work_struct *work)
{
	if (is_due() && audit_all()) {
		WRITE_ONCE(audit_boot_ns, ktime_get_boottime_ns());
		WRITE_ONCE(audits, audits + 1);
	}
	mutex_lock(&lock);
	schedule_audit();
	mutex_unlock(&lock);
}

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
	audit_s = seconds;
	schedule_audit();
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
 * Context: process; the hooks are attached, and existing connections learned.
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
	schedule_audit();
	mutex_unlock(&lock);
	return 0;
}

/**
 * tcps_audit_exit() - stop auditing
 *
 * Context: process; waits for an audit that runs, which ends with its slice.
 */
void tcps_audit_exit(void)
{
	mutex_lock(&lock);
	running = false;
	mutex_unlock(&lock);
	complete_all(&stopping);
	/* The audit takes the lock at its end, and does not begin another. */
	cancel_delayed_work_sync(&audit_work);
	destroy_workqueue(queue);
}

/**
 * tcps_audit_account() - report how many audits were made
 * @account: audits and audit_boot_ns are written
 *
 * Context: process.
 */
void tcps_audit_account(struct tcpstates_account *account)
{
	account->audits = READ_ONCE(audits);
	account->audit_boot_ns = READ_ONCE(audit_boot_ns);
}
