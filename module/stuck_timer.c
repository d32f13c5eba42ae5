// SPDX-License-Identifier: GPL-2.0
/*
 * A pass over what may be stuck comes when the first connection can be due: a
 * connection that gets into its state after a pass is not before the shortest
 * limit, all others have been looked at. So a host where nothing is stuck is woken
 * once in that time. However many are due one after the other, passes take a small
 * share of one CPU's time at most, and what is due is told that much later.
 *
 * However many are due at once, a part of a pass writes an eighth of a ring at most
 * and then pauses. In the pause readers that sleep are woken: the first record of
 * a part does so within batch_us. So a reader that gets to read all there is once
 * in eight parts, which take 400 ms and sixteen times batch_us, loses nothing by a
 * pass, be it as fast as it may. Nobody waits for a reader that is slower, or has
 * stopped for good: it loses records as it does by transitions.
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

/* A year; ages are kept in 32 bits, and doubled. */
#define LIMIT_MAX	31536000U

/* Seconds by state: the parameters. */
static unsigned int limits[TCPSTATES_STATE_COUNT] = {
	[TCPSTATES_CLOSE_WAIT] = 60,
};

/* Protects @limits, @running and @rest_ns; parameters outlive the module's exit function. */
static DEFINE_MUTEX(lock);
static bool running;
static u64 rest_ns;	/* no pass before, CLOCK_BOOTTIME; also written by a pass */

static struct workqueue_struct *queue;

static void queue_pass(struct delayed_work *work, u64 pause_ns)
{
	queue_delayed_work(queue, work,
			   pause_ns ? nsecs_to_jiffies(pause_ns) + 1 : 0);
}

static void pass(struct work_struct *work)
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

static DECLARE_DELAYED_WORK(pass_work, pass);

/*
 * The lock is held, and no pass runs. Whoever changes limits all the time does not
 * get more out of passes.
 */
static void begin(void)
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
