// SPDX-License-Identifier: GPL-2.0
/*
 * A pass runs when the first connection can be due. The last pass has visited all that
 * were in a state with a limit, and one that has entered such a state since is due
 * after the shortest limit at the earliest. So a host without stuck connections is
 * woken once in that time. If many are due one after the other, passes take a small
 * share of one CPU at most, and records come later.
 *
 * If many are due at once, a part of a pass writes an eighth of a ring at most and then
 * pauses. The first record of a part wakes sleeping readers within batch_us. So a
 * reader that empties the rings once in eight parts, which take 400 ms and sixteen times
 * batch_us, loses nothing by a pass. A slower reader loses records, as it does by
 * transitions.
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
#include <linux/workqueue.h>

#include "stream.h"
#include "stuck.h"
#include "uapi/tcpstates.h"

/* A year, in seconds. */
#define LIMIT_MAX	31536000U

/* The parameters, in seconds by state. */
static unsigned int limits[TCPSTATES_STATE_COUNT] = {
	[TCPSTATES_CLOSE_WAIT] = 60,
};

/*
 * Protects @limits, @running and @rest_ns. Parameters may be set before the init
 * function and after the exit function.
 */
static DEFINE_MUTEX(lock);
static bool running;
static u64 rest_ns;	/* no pass before this time, CLOCK_BOOTTIME; passes write it */

static struct workqueue_struct *queue;

static void queue_pass(struct delayed_work *work, u64 pause_ns)
{
	queue_delayed_work(queue, work,
			   pause_ns ? nsecs_to_jiffies(pause_ns) + 1 : 0);
}

static void run_pass(struct work_struct *work)
{
	unsigned int most = tcps_stuck_part(tcps_stream_ring_records());
	u64 start_ns = ktime_get_boottime_ns(), due_ns = 0, now_ns;
	bool over = tcps_stuck_pass(most, &due_ns);

	now_ns = ktime_get_boottime_ns();
	rest_ns = now_ns +
		  tcps_stuck_pause_ns(over, now_ns - start_ns,
				      READ_ONCE(tcps_stream_batch_us));
	if (due_ns == U64_MAX)
		return;
	queue_pass(to_delayed_work(work), max(rest_ns, due_ns) - now_ns);
}

static DECLARE_DELAYED_WORK(pass_work, run_pass);

/*
 * The lock is held, and no pass runs. The pause is kept, so that frequent changes of
 * limits do not make passes more frequent.
 */
static void restart_passes(void)
{
	u64 now_ns = ktime_get_boottime_ns();

	tcps_stuck_watch(limits);
	queue_pass(&pass_work, rest_ns > now_ns ? rest_ns - now_ns : 0);
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
		restart_passes();
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
 * tcps_stuck_timer_init() - begin with passes
 *
 * Context: process; the table and the rings exist.
 * Return: 0 or -ENOMEM.
 */
int tcps_stuck_timer_init(void)
{
	queue = alloc_workqueue("tcpstates_stuck", WQ_UNBOUND, 1);
	if (!queue)
		return -ENOMEM;
	mutex_lock(&lock);
	running = true;
	restart_passes();
	mutex_unlock(&lock);
	return 0;
}

/**
 * tcps_stuck_timer_exit() - stop passes
 *
 * Parameters that are set from now on have no effect.
 *
 * Context: process.
 */
void tcps_stuck_timer_exit(void)
{
	mutex_lock(&lock);
	running = false;
	cancel_delayed_work_sync(&pass_work);
	mutex_unlock(&lock);
	destroy_workqueue(queue);
}
