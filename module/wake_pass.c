// SPDX-License-Identifier: GPL-2.0
/*
 * A pass gives each user with armed files a round, in interrupt context, within a
 * small budget that is enough for a few readers. The rest is done by a work item,
 * in portions, whose time is charged to the user. A user who has used up a slice
 * pauses so long that his share of a processor is kept. So many sleeping files,
 * watches or filters slow down their owner, and nobody else.
 */
#include "wake_pass.h"

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "ring.h"
#include "round.h"
#include "sleeper.h"
#include "stream.h"

/* What a pass does itself, in interrupt context, and for how many users. */
#define PASS_LOOKS	256
#define PASS_CALLS	8
#define PASS_USERS	8

/* What the work item does before it releases the lock; users it goes past. */
#define WORK_LOOKS	1024
#define WORK_CALLS	32
#define WORK_USERS	64

/* After a slice, a user's work pauses for this many times what it has taken. */
#define SLICE_NS	(250 * NSEC_PER_USEC)
#define PAUSES		19
#define PAUSES_PRIVILEGED 3

/* The shortest time from a pass that met a writer at work to the next pass. */
#define RETRY_NS	(50ULL * NSEC_PER_USEC)

/* Users that may take their whole share at once; if there are more, less each. */
#define HEAVY_USERS	4

DEFINE_SPINLOCK(tcps_wake_lock);

/* All of it under tcps_wake_lock. */
static LIST_HEAD(waiting_users);
static unsigned int waiting_count;
static unsigned int heavy_count;
static u64 current_pass;
static u64 passed_ns;		/* time of the last pass, CLOCK_MONOTONIC */
static u64 work_due_ns = U64_MAX;	/* when @work is due, CLOCK_MONOTONIC */
static struct hrtimer pass_timer;
static struct workqueue_struct *work_queue;

static void on_work(struct work_struct *unused);
static DECLARE_DELAYED_WORK(pass_work, on_work);

/**
 * tcps_wake_pass_want() - something is to be done for a user
 * @user: the user
 *
 * Context: any, with tcps_wake_lock held.
 */
void tcps_wake_pass_want(struct tcps_wake_user *user)
{
	lockdep_assert_held(&tcps_wake_lock);
	if (!list_empty(&user->waiting))
		return;
	list_add_tail(&user->waiting, &waiting_users);
	waiting_count++;
	user->pass = current_pass;
}

/* Take a user off the list, if nothing is to be done for it. */
static void drop_idle_user(struct tcps_wake_user *user)
{
	if (user->group_count || user->in_round || !list_empty(&user->calling))
		return;
	list_del_init(&user->waiting);
	waiting_count--;
}

/* Whether work could continue for the user, if it were due. */
static bool has_work(const struct tcps_wake_user *user)
{
	return user->in_round || !list_empty(&user->calling) ||
	       user->pass != current_pass;
}

static bool is_due(const struct tcps_wake_user *user, u64 now_ns)
{
	return now_ns >= user->due_ns;
}

/* True if there is nothing left to do for the user now. */
static bool serve_user(struct tcps_wake_user *user, struct tcps_budget *budget)
{
	if (!user->in_round && user->pass != current_pass) {
		user->pass = current_pass;
		tcps_round_begin(user);
	}
	return tcps_round_continue(user, budget) && user->pass == current_pass;
}

static void set_heavy(struct tcps_wake_user *user, bool is_heavy)
{
	heavy_count += is_heavy - user->is_heavy;
	user->is_heavy = is_heavy;
}

/*
 * Charge time to the user, after its share of the time since the last charge has
 * been taken off. @is_done: nothing is left to do for it now, so the pause begins
 * even if the slice is not used up.
 */
static void charge_time(struct tcps_wake_user *user, u64 now_ns, u64 spent_ns,
			bool is_done)
{
	u64 pauses = user->is_privileged ? PAUSES_PRIVILEGED : PAUSES;

	if (now_ns > user->charged_ns) {
		u64 elapsed_ns = now_ns - user->charged_ns;

		user->spent_ns -= min(user->spent_ns,
				      div64_u64(elapsed_ns, pauses + 1));
		user->charged_ns = now_ns;
	}
	user->spent_ns += spent_ns;
	if (user->spent_ns < SLICE_NS && !is_done)
		return;
	set_heavy(user, user->spent_ns >= SLICE_NS);
	pauses *= max(DIV_ROUND_UP(heavy_count, HEAVY_USERS), 1U);
	user->due_ns = now_ns + pauses * user->spent_ns;
	user->charged_ns = user->due_ns;
	user->spent_ns = 0;
}

/* Interrupt context measures only what may take long. */
static void charge_budget(struct tcps_wake_user *user, u64 now_ns,
			  const struct tcps_budget *budget)
{
	u64 spent_ns = budget->search_ns + budget->calls_ns;

	if (spent_ns)
		charge_time(user, now_ns + budget->calls_ns, spent_ns, false);
}

/* The users take turns. */
static struct tcps_wake_user *next_user(void)
{
	struct tcps_wake_user *user;

	user = list_first_entry(&waiting_users, struct tcps_wake_user, waiting);
	if (waiting_count > 1)
		list_move_tail(&user->waiting, &waiting_users);
	return user;
}

/**
 * struct pass_turn - one tour of the work item over the users
 * @idle: users since the last one that something was done for
 * @next_ns: when the first of them is due
 */
struct pass_turn {
	unsigned int idle;
	u64 next_ns;
};

/* Do a portion for one user. False if no user is due. */
static bool do_portion(struct pass_turn *turn)
{
	struct tcps_budget budget = {
		.looks = WORK_LOOKS,
		.calls = WORK_CALLS,
	};
	u64 begun_ns = ktime_get_ns(), now_ns;
	struct tcps_wake_user *user;
	unsigned int i;
	bool is_done;

	for (i = 0; i < WORK_USERS; i++) {
		if (turn->idle >= waiting_count)
			return false;
		user = next_user();
		turn->idle++;
		if (!has_work(user))
			continue;
		if (!is_due(user, begun_ns)) {
			turn->next_ns = min(turn->next_ns, user->due_ns);
			continue;
		}
		is_done = serve_user(user, &budget);
		now_ns = ktime_get_ns();
		charge_time(user, now_ns, now_ns - begun_ns + budget.search_ns,
			    is_done);
		drop_idle_user(user);
		*turn = (struct pass_turn){ .next_ns = U64_MAX };
		break;
	}
	return true;
}

/* Have the work item run at @due_ns, or earlier if it is due earlier already. */
static void queue_work_at(u64 due_ns)
{
	u64 now_ns = ktime_get_ns();

	lockdep_assert_held(&tcps_wake_lock);
	if (due_ns >= work_due_ns)
		return;
	work_due_ns = due_ns;
	mod_delayed_work(work_queue, &pass_work, due_ns <= now_ns ? 0 :
			 nsecs_to_jiffies(due_ns - now_ns) + 1);
}

static void on_work(struct work_struct *unused)
{
	struct pass_turn turn = { .next_ns = U64_MAX };
	bool more;

	spin_lock_irq(&tcps_wake_lock);
	work_due_ns = U64_MAX;
	spin_unlock_irq(&tcps_wake_lock);
	do {
		spin_lock_irq(&tcps_wake_lock);
		more = do_portion(&turn);
		if (!more && turn.next_ns != U64_MAX)
			queue_work_at(turn.next_ns);
		spin_unlock_irq(&tcps_wake_lock);
		cond_resched();
	} while (more);
}

static void start_timer(u64 due_ns)
{
	WRITE_ONCE(tcps_stream_waiting, TCPS_WAIT_TIMER);
	hrtimer_start(&pass_timer, ns_to_ktime(due_ns), HRTIMER_MODE_ABS);
}

static u64 batch_ns(void)
{
	return READ_ONCE(tcps_stream_batch_us) * (u64)NSEC_PER_USEC;
}

/* Whether a writer is at work that may not have seen the request. */
static bool is_being_written(void)
{
	unsigned int i;

	for (i = 0; i < tcps_stream_ring_count(); i++)
		if (tcps_ring_is_entered(tcps_stream_rings()[i]))
			return true;
	return false;
}

/* Serve users within the budget; the work item does the rest. */
static void serve_users(u64 now_ns)
{
	struct tcps_budget budget = {
		.looks = PASS_LOOKS,
		.calls = PASS_CALLS,
	};
	u64 left_ns = waiting_count > PASS_USERS ? now_ns : U64_MAX;
	unsigned int i;

	for (i = min_t(unsigned int, waiting_count, PASS_USERS); i; i--) {
		struct tcps_wake_user *user = next_user();

		budget.search_ns = 0;
		budget.calls_ns = 0;
		if (!is_due(user, now_ns))
			left_ns = min(left_ns, user->due_ns);
		else if (!serve_user(user, &budget))
			left_ns = now_ns;
		charge_budget(user, now_ns, &budget);
		drop_idle_user(user);
	}
	if (left_ns != U64_MAX)
		queue_work_at(left_ns);
}

static void begin_pass(u64 now_ns)
{
	lockdep_assert_held(&tcps_wake_lock);
	passed_ns = now_ns;
	current_pass++;
	/*
	 * G: the request before the look at the rings, so that of a record that
	 * is not seen here its writer either sees the request, or is still
	 * inside. Pairs with A.
	 */
	smp_store_mb(tcps_stream_waiting, TCPS_WAIT_RECORD);
	/* Not at once, or the timer would restart without end. */
	if (is_being_written())
		start_timer(now_ns + max(batch_ns(), RETRY_NS));
	serve_users(now_ns);
	if (!waiting_count)
		WRITE_ONCE(tcps_stream_waiting, TCPS_WAIT_NONE);
}

static enum hrtimer_restart on_timer(struct hrtimer *unused)
{
	unsigned long flags;

	spin_lock_irqsave(&tcps_wake_lock, flags);
	begin_pass(ktime_get_ns());
	spin_unlock_irqrestore(&tcps_wake_lock, flags);
	return HRTIMER_NORESTART;
}

/* Nothing to do if a pass is due, or has come since the writer queued this. */
static void on_record(struct irq_work *unused)
{
	unsigned long flags;
	u64 now_ns, due_ns;

	spin_lock_irqsave(&tcps_wake_lock, flags);
	if (tcps_stream_waiting == TCPS_WAIT_RECORD ||
	    tcps_stream_waiting == TCPS_WAIT_CLAIMED) {
		now_ns = ktime_get_ns();
		due_ns = passed_ns + batch_ns();
		if (now_ns >= due_ns)
			begin_pass(now_ns);
		else
			start_timer(due_ns);
	}
	spin_unlock_irqrestore(&tcps_wake_lock, flags);
}

/**
 * tcps_wake_pass_wake() - wake those who wait for a file, without a new record
 * @sleeper: the file
 *
 * A user whose work pauses has to wait here, too.
 *
 * Context: any, with tcps_wake_lock held.
 */
void tcps_wake_pass_wake(struct tcps_sleeper *sleeper)
{
	struct tcps_wake_user *user = sleeper->user;
	struct tcps_budget budget = { };
	u64 now_ns = ktime_get_ns();

	if (is_due(user, now_ns))
		budget.calls = PASS_CALLS;
	tcps_wake_pass_want(user);
	tcps_round_wake(sleeper, &budget);
	if (!tcps_round_continue(user, &budget))
		queue_work_at(max(user->due_ns, now_ns));
	charge_budget(user, now_ns, &budget);
	drop_idle_user(user);
}

/**
 * tcps_wake_pass_forget() - a user goes
 * @user: the user; has no files any more
 *
 * Context: any, with tcps_wake_lock held.
 */
void tcps_wake_pass_forget(struct tcps_wake_user *user)
{
	lockdep_assert_held(&tcps_wake_lock);
	user->in_round = false;
	set_heavy(user, false);
	if (!list_empty(&user->waiting))
		drop_idle_user(user);
}

/**
 * tcps_wake_pass_init() - be ready for passes
 *
 * Context: process; there are rings, and nothing is recorded yet.
 * Return: 0 or -ENOMEM.
 */
int tcps_wake_pass_init(void)
{
	unsigned int cpu;

	work_queue = alloc_workqueue("tcpstates", WQ_UNBOUND | WQ_HIGHPRI, 1);
	if (!work_queue)
		return -ENOMEM;
	tcps_hrtimer_setup(&pass_timer, on_timer, CLOCK_MONOTONIC,
			   HRTIMER_MODE_ABS);
	for_each_possible_cpu(cpu)
		init_irq_work(&per_cpu(tcps_stream_cpus, cpu).wake, on_record);
	return 0;
}

/**
 * tcps_wake_pass_exit() - no passes from here on
 *
 * Context: process; no file is open and nothing is recorded.
 */
void tcps_wake_pass_exit(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu(tcps_stream_cpus, cpu).wake);
	hrtimer_cancel(&pass_timer);
	cancel_delayed_work_sync(&pass_work);
	destroy_workqueue(work_queue);
}
