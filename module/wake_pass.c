// SPDX-License-Identifier: GPL-2.0
/*
 * A pass gives each user with armed files a round, in interrupt context, within a
 * small budget that is enough for a few readers. The rest is done by a work item,
 * in portions, whose time is charged to the user (wake_share.c). Slow users, of
 * whom a waiter takes long to call, have a work item of their own and no round in
 * interrupt context, so neither writers nor other users wait for such a call.
 *
 * tcps_wake_lock is released while waiters are called. If another pass begins
 * meanwhile, it leaves the user to the caller, who sees afterwards that the user
 * is behind @current_pass.
 */
#include "wake_pass.h"

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/lockdep.h>
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
#include "wake_call.h"
#include "wake_share.h"

/* What a pass does itself, in interrupt context, and for how many users. */
#define PASS_LOOKS	256
#define PASS_CALLS	8
#define PASS_USERS	8U

/* What a work item does in a portion, with interrupts off; users it goes past. */
#define WORK_LOOKS	1024
#define WORK_CALLS	32
#define WORK_USERS	64

/* The shortest time from a pass that met a writer at work to the next pass. */
#define RETRY_NS	(50ULL * NSEC_PER_USEC)

/**
 * struct tour - users that a work item serves in turns
 * @users: those that something is to be done for
 * @count: their number
 * @work: the work item
 * @due_ns: when it is due (CLOCK_MONOTONIC)
 */
struct tour {
	struct list_head users;
	unsigned int count;
	struct delayed_work work;
	u64 due_ns;
};

/* All of it under tcps_wake_lock. */
static struct tour quick_tour, slow_tour;
static u64 current_pass;
static u64 passed_ns;		/* time of the last pass, CLOCK_MONOTONIC */
static struct hrtimer pass_timer;
static struct workqueue_struct *work_queue;

static struct tour *tour_of(const struct tcps_wake_user *user)
{
	return user->is_slow ? &slow_tour : &quick_tour;
}

static void join_tour(struct tcps_wake_user *user)
{
	list_add_tail(&user->waiting, &tour_of(user)->users);
	tour_of(user)->count++;
}

static void leave_tour(struct tcps_wake_user *user)
{
	list_del_init(&user->waiting);
	tour_of(user)->count--;
}

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
	user->is_slow = tcps_wake_share_is_slow(user, ktime_get_ns());
	join_tour(user);
	user->pass = current_pass;
}

/* A user that something was done for may have become slow, or have ceased to be. */
static void choose_tour(struct tcps_wake_user *user)
{
	bool is_slow = tcps_wake_share_is_slow(user, ktime_get_ns());

	if (is_slow == user->is_slow)
		return;
	leave_tour(user);
	user->is_slow = is_slow;
	join_tour(user);
}

/* Take a user off its tour, if nothing is to be done for it. */
static void drop_idle_user(struct tcps_wake_user *user)
{
	if (!user->group_count && !user->in_round && !user->called &&
	    list_empty(&user->calling))
		leave_tour(user);
}

/* Whether work could continue for the user, if it were due. */
static bool has_work(const struct tcps_wake_user *user)
{
	return user->in_round || !list_empty(&user->calling) ||
	       user->pass != current_pass;
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

/* The users take turns. */
static struct tcps_wake_user *next_user(struct tour *tour)
{
	struct tcps_wake_user *user;

	user = list_first_entry(&tour->users, struct tcps_wake_user, waiting);
	if (tour->count > 1)
		list_move_tail(&user->waiting, &tour->users);
	return user;
}

/* Have the work item run at @due_ns, or earlier if it is due earlier already. */
static void queue_work_at(struct tour *tour, u64 due_ns)
{
	u64 now_ns = ktime_get_ns();

	lockdep_assert_held(&tcps_wake_lock);
	if (due_ns >= tour->due_ns)
		return;
	tour->due_ns = due_ns;
	mod_delayed_work(work_queue, &tour->work, due_ns <= now_ns ? 0 :
			 nsecs_to_jiffies(due_ns - now_ns) + 1);
}

/**
 * struct turns - how far the work item has come
 * @idle: users since the last one that something was done for
 * @next_ns: when the first of them is due
 */
struct turns {
	unsigned int idle;
	u64 next_ns;
};

/* Do a portion for a user who is due. */
static void do_portion(struct tour *tour, struct tcps_wake_user *user,
		       u64 begun_ns)
{
	struct tcps_budget budget = {
		.looks = WORK_LOOKS,
		.calls = WORK_CALLS,
		.may_wait = true,
	};
	bool is_done = serve_user(user, &budget);
	u64 now_ns = ktime_get_ns();

	/* A slow user would be served by interrupts otherwise, without a pause. */
	tcps_wake_share_charge(user, now_ns, now_ns - begun_ns, &budget,
			       is_done && !user->is_slow);
	choose_tour(user);
	if (tour_of(user) != tour && has_work(user))
		queue_work_at(tour_of(user), user->due_ns);
	drop_idle_user(user);
}

/* Do a portion for the next user who is due. False if there is none. */
static bool do_turn(struct tour *tour, struct turns *turns)
{
	u64 now_ns = ktime_get_ns();
	struct tcps_wake_user *user;
	unsigned int i;

	for (i = 0; i < WORK_USERS; i++) {
		if (turns->idle >= tour->count)
			return false;
		user = next_user(tour);
		turns->idle++;
		if (user->called || !has_work(user))
			continue;
		if (!tcps_wake_share_is_due(user, now_ns)) {
			turns->next_ns = min(turns->next_ns, user->due_ns);
			continue;
		}
		do_portion(tour, user, now_ns);
		*turns = (struct turns){ .next_ns = U64_MAX };
		break;
	}
	return true;
}

static void on_work(struct work_struct *work)
{
	struct tour *tour = container_of(to_delayed_work(work), struct tour,
					 work);
	struct turns turns = { .next_ns = U64_MAX };
	bool more;

	spin_lock_irq(&tcps_wake_lock);
	tour->due_ns = U64_MAX;
	spin_unlock_irq(&tcps_wake_lock);
	do {
		spin_lock_irq(&tcps_wake_lock);
		more = do_turn(tour, &turns);
		if (!more && turns.next_ns != U64_MAX)
			queue_work_at(tour, turns.next_ns);
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

/*
 * Serve a user in interrupt context, or process context if @budget->may_wait, and
 * leave the rest to the work item. Only calls are measured, as nothing else takes
 * long within the budget.
 */
static void serve_briefly(struct tcps_wake_user *user, u64 now_ns,
			  struct tcps_budget *budget)
{
	if (!user->is_slow && tcps_wake_share_is_due(user, now_ns)) {
		if (budget->looks)
			serve_user(user, budget);
		else
			tcps_wake_call_all(user, budget);
		tcps_wake_share_charge(user, now_ns + budget->calls_ns,
				       budget->calls_ns, budget, false);
		choose_tour(user);
	}
	if (has_work(user))
		queue_work_at(tour_of(user), user->due_ns);
	drop_idle_user(user);
}

/* When the first of the slow users is due; now, if they are too many to tell. */
static u64 slow_due_ns(u64 now_ns)
{
	struct tcps_wake_user *user;
	u64 due_ns = U64_MAX;

	if (slow_tour.count > PASS_USERS)
		return now_ns;
	list_for_each_entry(user, &slow_tour.users, waiting)
		due_ns = min(due_ns, user->due_ns);
	return due_ns;
}

/* Serve users within the budget; the work items do the rest. */
static void serve_users(u64 now_ns)
{
	struct tcps_budget budget = {
		.looks = PASS_LOOKS,
		.calls = PASS_CALLS,
	};
	/* A user who is served may leave the tour. */
	unsigned int left = min(quick_tour.count, PASS_USERS);

	if (quick_tour.count > PASS_USERS)
		queue_work_at(&quick_tour, now_ns);
	if (slow_tour.count)
		queue_work_at(&slow_tour, slow_due_ns(now_ns));
	while (left-- && quick_tour.count) {
		struct tcps_wake_user *user = next_user(&quick_tour);

		budget.search_ns = 0;
		budget.calls_ns = 0;
		budget.longest_ns = 0;
		if (!user->called)
			serve_briefly(user, now_ns, &budget);
	}
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
	if (!quick_tour.count && !slow_tour.count)
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
 * Context: process, with tcps_wake_lock held, which is released meanwhile.
 */
void tcps_wake_pass_wake(struct tcps_sleeper *sleeper)
{
	struct tcps_wake_user *user = sleeper->user;
	struct tcps_budget budget = {
		.calls = PASS_CALLS,
		.may_wait = true,
	};

	tcps_wake_pass_want(user);
	tcps_round_wake_now(sleeper);
	if (!user->called)
		serve_briefly(user, ktime_get_ns(), &budget);
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
	if (!list_empty(&user->waiting))
		drop_idle_user(user);
	tcps_wake_share_put(user);
}

static void init_tour(struct tour *tour)
{
	INIT_LIST_HEAD(&tour->users);
	INIT_DELAYED_WORK(&tour->work, on_work);
	tour->due_ns = U64_MAX;
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

	/* The two work items run side by side. */
	work_queue = alloc_workqueue("tcpstates", WQ_UNBOUND | WQ_HIGHPRI, 2);
	if (!work_queue)
		return -ENOMEM;
	tcps_wake_share_init();
	init_tour(&quick_tour);
	init_tour(&slow_tour);
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
	cancel_delayed_work_sync(&quick_tour.work);
	cancel_delayed_work_sync(&slow_tour.work);
	destroy_workqueue(work_queue);
}
