// SPDX-License-Identifier: GPL-2.0
/*
 * A pass over what may be stuck comes when the first connection can be due: a
 * connection that gets into its state after a pass is not before the shortest
 * limit, all others have been looked at. So a host where nothing is stuck is woken
 * once in that time. However many are due one after the other, passes take a small
 * share of one CPU's time at most, and what is due is told that much later.
 */
#include "stuck_timer.h"

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "stuck.h"
#include "uapi/tcpstates.h"

/* A year; ages are kept in 32 bits, and doubled. */
#define LIMIT_MAX	31536000U

/* Between two passes: the least, and how often the time that the last one took. */
#define PAUSE_MIN_NS	(100 * NSEC_PER_MSEC)
#define PAUSE_SHARE	32

/* Seconds by state: the parameters. */
static unsigned int limits[TCPSTATES_STATE_COUNT] = {
	[TCPSTATES_CLOSE_WAIT] = 60,
};

/* Protects @limits and @running; parameters outlive the module's exit function. */
static DEFINE_MUTEX(lock);
static bool running;

static struct workqueue_struct *queue;

static void pass(struct work_struct *work)
{
	u64 start_ns = ktime_get_boottime_ns();
	u64 due_ns = tcps_stuck_pass();
	u64 now_ns = ktime_get_boottime_ns();
	u64 pause_ns;

	if (due_ns == U64_MAX)
		return;
	pause_ns = max(PAUSE_MIN_NS + 0ULL, PAUSE_SHARE * (now_ns - start_ns));
	if (due_ns > now_ns)
		pause_ns = max(pause_ns, due_ns - now_ns);
	queue_delayed_work(queue, to_delayed_work(work),
			   nsecs_to_jiffies(pause_ns) + 1);
}

static DECLARE_DELAYED_WORK(pass_work, pass);

/* The lock is held, and no pass runs. */
static void begin(void)
{
	tcps_stuck_watch(limits);
	queue_delayed_work(queue, &pass_work, 0);
}

static int set_limit(const char *text, const struct kernel_param *param)
{
	unsigned int seconds;
	int ret = kstrtouint(text, 0, &seconds);

	if (ret)
		return ret;
	if (seconds > LIMIT_MAX) {
		pr_err("%s=%u: must be 0 (off) to %u seconds\n", param->name,
		       seconds, LIMIT_MAX);
		return -EINVAL;
	}
	mutex_lock(&lock);
	if (running)
		cancel_delayed_work_sync(&pass_work);
	WRITE_ONCE(*(unsigned int *)param->arg, seconds);
	if (running)
		begin();
	mutex_unlock(&lock);
	return 0;
}

static const struct kernel_param_ops limit_ops = {
	.set = set_limit,
	.get = param_get_uint,
};

#define LIMIT(state, text) \
	module_param_cb(stuck_##text, &limit_ops, \
			&limits[TCPSTATES_##state], 0644); \
	__MODULE_PARM_TYPE(stuck_##text, "uint"); \
	MODULE_PARM_DESC(stuck_##text, \
			 "seconds in " #state " from which a connection is stuck; 0 is off")

LIMIT(CLOSE_WAIT, close_wait);
LIMIT(SYN_SENT, syn_sent);
LIMIT(SYN_RECV, syn_recv);
LIMIT(FIN_WAIT1, fin_wait1);
LIMIT(FIN_WAIT2, fin_wait2);
LIMIT(LAST_ACK, last_ack);
LIMIT(CLOSING, closing);

/**
 * tcps_stuck_timer_init() - begin to look
 *
 * Context: process; the table and the rings are there.
 * Return: 0 or -ENOMEM.
 */
int tcps_stuck_timer_init(void)
{
	queue = alloc_workqueue("tcpstates_stuck", WQ_UNBOUND, 1);
	if (!queue)
		return -ENOMEM;
	mutex_lock(&lock);
	running = true;
	begin();
	mutex_unlock(&lock);
	return 0;
}

/**
 * tcps_stuck_timer_exit() - look no more
 *
 * Context: process. Parameters that are set from now on change nothing.
 */
void tcps_stuck_timer_exit(void)
{
	mutex_lock(&lock);
	running = false;
	cancel_delayed_work_sync(&pass_work);
	mutex_unlock(&lock);
	destroy_workqueue(queue);
}
