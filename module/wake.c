// SPDX-License-Identifier: GPL-2.0
/*
 * A file is armed when somebody looks whether it has anything, and until it is
 * woken. While any file is armed, writers are asked in @tcps_stream_waiting to
 * say when they have written a record. A writer that sees the request queues an
 * irq_work, since it may run under any lock of the network stack. That begins a
 * pass if the last one is long enough ago, else it leaves it to a timer: so under
 * load there is one pass for all records of tcps_stream_batch_us, and after a
 * silence it comes at once. While a pass is to come writers need not say
 * anything.
 *
 * A pass shows what is new to the users that have armed files, in rounds
 * (round.c), and wakes files. In interrupt context it does so within a small
 * budget, which does for a few readers. The rest is done by work, in portions,
 * whose cost counts for the user that it is done for: after a slice of it the
 * user's work pauses for so long that his share of a processor is kept. Many
 * sleepers, watches and filters thus slow down their owner, and nobody else.
 *
 * Nothing is missed. Whoever arms a file looks at the rings afterwards; whoever
 * begins a pass has asked writers before it looks at the rings (F, G). A record
 * that neither sees is written by a writer that sees the request, or that is
 * still inside its ring: then there will be another pass. A file is armed before
 * or after a pass takes the lock: before, and the pass sees the file; after, and
 * the look sees what the pass saw.
 */
#include "wake.h"

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "filter.h"
#include "reader.h"
#include "ring.h"
#include "round.h"
#include "stream.h"

/* What a pass does itself, in interrupt context, and for how many users. */
#define PASS_LOOKS	256
#define PASS_CALLS	8
#define PASS_USERS	8

/* What work does before it lets the lock go; and users that it goes past. */
#define WORK_LOOKS	1024
#define WORK_CALLS	32
#define WORK_USERS	64

/* A user's work pauses after a slice, for this many times what it has taken. */
#define SLICE_NS	(250 * NSEC_PER_USEC)
#define PAUSES		19
#define PAUSES_PRIVILEGED 3

/* From a pass that met a writer at work to the next one, at least. */
#define RETRY_NS	(50ULL * NSEC_PER_USEC)

/* That many may take their whole share at once; more of them get less each. */
#define HEAVY_USERS	4

/* Who there is: @users, their buckets and the counts of files. */
static DEFINE_MUTEX(users_lock);
static LIST_HEAD(users);

/* Everything else of sleepers, groups and users; taken in interrupts too. */
static DEFINE_SPINLOCK(lock);
static LIST_HEAD(waiting);
static unsigned int waiting_count;
static unsigned int heavy_count;
static u64 pass;
static u64 passed_ns;	/* CLOCK_MONOTONIC */
static struct hrtimer timer;
static struct workqueue_struct *queue;
static u64 rest_ns = U64_MAX;	/* when @rest is to run, CLOCK_MONOTONIC */

static void on_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(rest, on_work);

static void begin_waiting(struct tcps_wake_user *user)
{
	if (!list_empty(&user->waiting))
		return;
	list_add_tail(&user->waiting, &waiting);
	waiting_count++;
	user->pass = pass;
	tcps_round_enter(user);
}

/* Nothing is to be done for the user any more, unless something is. */
static void end_waiting(struct tcps_wake_user *user)
{
	if (user->group_count || user->in_round || !list_empty(&user->telling))
		return;
	list_del_init(&user->waiting);
	waiting_count--;
}

/* Whether work could go on for the user, if it were due. */
static bool has_work(const struct tcps_wake_user *user)
{
	return user->in_round || !list_empty(&user->telling) ||
	       user->pass != pass;
}

static bool is_due(const struct tcps_wake_user *user, u64 now_ns)
{
	return now_ns >= user->due_ns;
}

/* True if there is nothing left to do for the user now. */
static bool serve(struct tcps_wake_user *user, struct tcps_budget *budget)
{
	if (!user->in_round && user->pass != pass) {
		user->pass = pass;
		tcps_round_begin(user);
	}
	return tcps_round_go_on(user, budget) && user->pass == pass;
}

static void set_heavy(struct tcps_wake_user *user, bool is_heavy)
{
	heavy_count += is_heavy - user->is_heavy;
	user->is_heavy = is_heavy;
}

/* The user's work has taken @spent_ns, and is over for now or not. */
static void charge(struct tcps_wake_user *user, u64 now_ns, u64 spent_ns,
		   bool is_done)
{
	u64 pauses = user->is_privileged ? PAUSES_PRIVILEGED : PAUSES;

	user->spent_ns += spent_ns;
	if (user->spent_ns < SLICE_NS && !is_done)
		return;
	set_heavy(user, user->spent_ns >= SLICE_NS);
	pauses *= max(DIV_ROUND_UP(heavy_count, HEAVY_USERS), 1U);
	user->due_ns = now_ns + pauses * user->spent_ns;
	user->spent_ns = 0;
}

static struct tcps_wake_user *next_user(void)
{
	struct tcps_wake_user *user;

	user = list_first_entry(&waiting, struct tcps_wake_user, waiting);
	if (waiting_count > 1)
		list_move_tail(&user->waiting, &waiting);
	return user;
}

/**
 * struct turn - one go of the work over the users
 * @idle: users since the last one that something was done for
 * @next_ns: when the first of them is due
 */
struct turn {
	unsigned int idle;
	u64 next_ns;
};

/* Something for one user. False if there is nothing to be done for anybody. */
static bool work_some(struct turn *turn)
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
		is_done = serve(user, &budget);
		now_ns = ktime_get_ns();
		charge(user, now_ns, now_ns - begun_ns + budget.search_ns,
		       is_done);
		end_waiting(user);
		*turn = (struct turn){ .next_ns = U64_MAX };
		break;
	}
	return true;
}

/*
 * Have the work done that a pass, or whoever rouses a file, has left; not later
 * than it is to be done already, for whomever that was.
 */
static void leave_to_work(u64 due_ns)
{
	u64 now_ns = ktime_get_ns();

	lockdep_assert_held(&lock);
	if (due_ns >= rest_ns)
		return;
	rest_ns = due_ns;
	mod_delayed_work(queue, &rest, due_ns <= now_ns ? 0 :
			 nsecs_to_jiffies(due_ns - now_ns) + 1);
}

static void on_work(struct work_struct *work)
{
	struct turn turn = { .next_ns = U64_MAX };
	bool more;

	spin_lock_irq(&lock);
	rest_ns = U64_MAX;
	spin_unlock_irq(&lock);
	do {
		spin_lock_irq(&lock);
		more = work_some(&turn);
		if (!more && turn.next_ns != U64_MAX)
			leave_to_work(turn.next_ns);
		spin_unlock_irq(&lock);
		cond_resched();
	} while (more);
}

static void pass_at(u64 due_ns)
{
	WRITE_ONCE(tcps_stream_waiting, TCPS_WAIT_TIMER);
	hrtimer_start(&timer, ns_to_ktime(due_ns), HRTIMER_MODE_ABS);
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

/* Show the users what is new, and leave to the work what is too much. */
static void show_users(u64 now_ns)
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
		if (!is_due(user, now_ns))
			left_ns = min(left_ns, user->due_ns);
		else if (!serve(user, &budget))
			left_ns = now_ns;
		if (budget.search_ns)
			charge(user, now_ns, budget.search_ns, false);
		end_waiting(user);
	}
	if (left_ns != U64_MAX)
		leave_to_work(left_ns);
}

static void begin_pass(u64 now_ns)
{
	lockdep_assert_held(&lock);
	passed_ns = now_ns;
	pass++;
	/*
	 * G: the request before the look at the rings, so that of a record that
	 * is not seen here its writer either sees the request, or is still
	 * inside. Pairs with A.
	 */
	smp_store_mb(tcps_stream_waiting, TCPS_WAIT_RECORD);
	/* Not at once again, or the timer would have no end. */
	if (is_being_written())
		pass_at(now_ns + max(batch_ns(), RETRY_NS));
	show_users(now_ns);
	if (!waiting_count)
		WRITE_ONCE(tcps_stream_waiting, TCPS_WAIT_NONE);
}

static enum hrtimer_restart on_timer(struct hrtimer *unused)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	begin_pass(ktime_get_ns());
	spin_unlock_irqrestore(&lock, flags);
	return HRTIMER_NORESTART;
}

/* Nothing to do if a pass is to come, or has come since the writer saw it. */
static void on_record(struct irq_work *work)
{
	unsigned long flags;
	u64 now_ns, due_ns;

	spin_lock_irqsave(&lock, flags);
	if (tcps_stream_waiting == TCPS_WAIT_RECORD ||
	    tcps_stream_waiting == TCPS_WAIT_CLAIMED) {
		now_ns = ktime_get_ns();
		due_ns = passed_ns + batch_ns();
		if (now_ns >= due_ns)
			begin_pass(now_ns);
		else
			pass_at(due_ns);
	}
	spin_unlock_irqrestore(&lock, flags);
}

/**
 * tcps_wake_init() - be ready to wake readers
 *
 * Context: process; there are rings, nothing is recorded yet.
 * Return: 0 or -ENOMEM.
 */
int tcps_wake_init(void)
{
	unsigned int cpu;

	queue = alloc_workqueue("tcpstates", WQ_UNBOUND | WQ_HIGHPRI, 1);
	if (!queue)
		return -ENOMEM;
	tcps_hrtimer_setup(&timer, on_timer, CLOCK_MONOTONIC,
			   HRTIMER_MODE_ABS);
	for_each_possible_cpu(cpu)
		init_irq_work(&per_cpu(tcps_stream_cpus, cpu).wake, on_record);
	return 0;
}

/**
 * tcps_wake_exit() - wake nobody any more
 *
 * Context: process; no file is open and nothing is recorded.
 */
void tcps_wake_exit(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu(tcps_stream_cpus, cpu).wake);
	hrtimer_cancel(&timer);
	cancel_delayed_work_sync(&rest);
	destroy_workqueue(queue);
}

/* The one there is already, or NULL. */
static struct tcps_wake_user *find_opener(u32 uid, bool is_privileged)
{
	struct tcps_wake_user *user;

	list_for_each_entry(user, &users, link)
		if (user->uid == uid && user->is_privileged == is_privileged)
			return user;
	return NULL;
}

static struct tcps_wake_user *make_opener(u32 uid, bool is_privileged)
{
	struct tcps_wake_user *user;
	unsigned int i;

	user = kvzalloc(struct_size(user, shown, 2 * tcps_stream_ring_count()),
			GFP_KERNEL_ACCOUNT);
	if (!user)
		return NULL;
	INIT_LIST_HEAD(&user->link);
	INIT_LIST_HEAD(&user->waiting);
	INIT_LIST_HEAD(&user->groups);
	INIT_LIST_HEAD(&user->todo);
	INIT_LIST_HEAD(&user->telling);
	for (i = 0; i < TCPS_ROUND_BUCKETS; i++)
		INIT_HLIST_HEAD(&user->buckets[i]);
	user->uid = uid;
	user->is_privileged = is_privileged;
	return user;
}

static struct tcps_wake_user *get_opener(u32 uid, bool is_privileged)
{
	struct tcps_wake_user *user;

	lockdep_assert_held(&users_lock);
	user = find_opener(uid, is_privileged);
	if (!user) {
		user = make_opener(uid, is_privileged);
		if (!user)
			return NULL;
		list_add(&user->link, &users);
	}
	user->files++;
	return user;
}

static void put_opener(struct tcps_wake_user *user)
{
	lockdep_assert_held(&users_lock);
	if (--user->files)
		return;
	list_del(&user->link);
	spin_lock_irq(&lock);
	user->in_round = false;
	set_heavy(user, false);
	if (!list_empty(&user->waiting))
		end_waiting(user);
	spin_unlock_irq(&lock);
	kvfree(user);
}

static struct hlist_head *bucket_of(struct tcps_wake_user *user,
				    const struct tcps_criteria *wanted)
{
	BUILD_BUG_ON(sizeof(wanted->filter) % sizeof(u32));
	return &user->buckets[jhash2((const u32 *)&wanted->filter,
				     sizeof(wanted->filter) / sizeof(u32),
				     wanted->netns) % TCPS_ROUND_BUCKETS];
}

static struct tcps_wake_group *find_group(struct tcps_wake_user *user,
					  const struct tcps_criteria *wanted)
{
	struct tcps_wake_group *group;

	hlist_for_each_entry(group, bucket_of(user, wanted), node)
		if (group->wanted.netns == wanted->netns &&
		    !memcmp(&group->wanted.filter, &wanted->filter,
			    sizeof(wanted->filter)))
			return group;
	return NULL;
}

static struct tcps_wake_group *get_group(struct tcps_wake_user *user,
					 const struct tcps_criteria *wanted)
{
	struct tcps_wake_group *group = find_group(user, wanted);

	lockdep_assert_held(&users_lock);
	if (!group) {
		group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
		if (!group)
			return NULL;
		group->wanted = *wanted;
		INIT_LIST_HEAD(&group->link);
		INIT_LIST_HEAD(&group->sleepers);
		hlist_add_head(&group->node, bucket_of(user, wanted));
	}
	group->files++;
	return group;
}

static void put_group(struct tcps_wake_user *user,
		      struct tcps_wake_group *group)
{
	lockdep_assert_held(&users_lock);
	if (--group->files)
		return;
	hlist_del(&group->node);
	spin_lock_irq(&lock);
	tcps_round_drop(user, group);
	spin_unlock_irq(&lock);
	kfree(group);
}

/**
 * tcps_wake_add() - an open file begins
 * @sleeper: the file's, zeroed but for @sleeper->passed, which is the caller's: a
 *	number for each ring
 * @uid: the user that it counts for, in the initial user namespace
 * @netns: the only namespace that it may see, or 0 for all
 *
 * It wants everything that it may see.
 *
 * Return: 0 or -ENOMEM; then nothing is to be undone.
 */
int tcps_wake_add(struct tcps_sleeper *sleeper, u32 uid, u32 netns)
{
	struct tcps_criteria wanted = { .netns = netns, .filtered = netns };

	init_waitqueue_head(&sleeper->queue);
	INIT_LIST_HEAD(&sleeper->armed);
	INIT_LIST_HEAD(&sleeper->telling);
	INIT_LIST_HEAD(&sleeper->waiters);
	mutex_lock(&users_lock);
	sleeper->user = get_opener(uid, !netns);
	if (!sleeper->user)
		goto err_unlock;
	sleeper->group = get_group(sleeper->user, &wanted);
	if (!sleeper->group)
		goto err_put_user;
	mutex_unlock(&users_lock);
	return 0;

err_put_user:
	put_opener(sleeper->user);
err_unlock:
	mutex_unlock(&users_lock);
	return -ENOMEM;
}

/**
 * tcps_wake_remove() - an open file ends
 * @sleeper: the file's; nobody waits for it or is in one of the calls below
 */
void tcps_wake_remove(struct tcps_sleeper *sleeper)
{
	spin_lock_irq(&lock);
	list_del_init(&sleeper->armed);
	list_del_init(&sleeper->telling);
	spin_unlock_irq(&lock);
	mutex_lock(&users_lock);
	put_group(sleeper->user, sleeper->group);
	put_opener(sleeper->user);
	mutex_unlock(&users_lock);
}

/**
 * tcps_wake_rouse() - wake whoever waits for a file, whatever is new
 * @sleeper: the file's
 *
 * For whoever has changed what the file has to give.
 */
void tcps_wake_rouse(struct tcps_sleeper *sleeper)
{
	struct tcps_budget budget = { .calls = PASS_CALLS };
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	begin_waiting(sleeper->user);
	tcps_round_wake(sleeper, &budget);
	if (!tcps_round_go_on(sleeper->user, &budget))
		leave_to_work(sleeper->user->due_ns);
	end_waiting(sleeper->user);
	spin_unlock_irqrestore(&lock, flags);
}

/**
 * tcps_wake_choose() - a file wants something else from here on
 * @sleeper: the file's; the lock of its position is held, until the new filter is
 *	there
 * @netns: the only namespace that it may see, or 0 for all
 * @filter: what is wanted; tcps_filter_check() has accepted it
 *
 * What it was not woken for by the old filter is to be looked at again, and
 * whoever waits is to be roused afterwards.
 *
 * Return: 0, or -ENOMEM and nothing has changed.
 */
int tcps_wake_choose(struct tcps_sleeper *sleeper, u32 netns,
		     const struct tcpstates_filter *filter)
{
	struct tcps_wake_group *group, *old;
	struct tcps_criteria wanted = {
		.netns = netns,
		.filtered = netns || !tcps_filter_is_empty(filter),
		.filter = *filter,
	};

	mutex_lock(&users_lock);
	group = get_group(sleeper->user, &wanted);
	if (group) {
		spin_lock_irq(&lock);
		list_del_init(&sleeper->armed);
		sleeper->is_settled = false;
		sleeper->has_passed = false;
		old = sleeper->group;
		sleeper->group = group;
		spin_unlock_irq(&lock);
		put_group(sleeper->user, old);
	}
	mutex_unlock(&users_lock);
	return group ? 0 : -ENOMEM;
}

static void arm(struct tcps_sleeper *sleeper)
{
	struct tcps_wake_group *group = sleeper->group;
	struct tcps_wake_user *user = sleeper->user;

	begin_waiting(user);
	if (list_empty(&group->link)) {
		list_add_tail(&group->link, &user->groups);
		user->group_count++;
	}
	list_add_tail(&sleeper->armed, &group->sleepers);
	sleeper->armed_ns = ktime_get_boottime_ns();
	sleeper->generation++;
	sleeper->is_settled = false;
	if (tcps_stream_waiting == TCPS_WAIT_NONE)
		WRITE_ONCE(tcps_stream_waiting, TCPS_WAIT_RECORD);
}

/**
 * tcps_wake_arm() - ask to be woken if a record comes that passes
 * @sleeper: the file's
 *
 * To be called by whoever is on its queue already, and before he looks for
 * records a last time. Whoever armed it before is woken all the same.
 */
void tcps_wake_arm(struct tcps_sleeper *sleeper)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (list_empty(&sleeper->armed))
		arm(sleeper);
	spin_unlock_irqrestore(&lock, flags);
	/* F: the request before the look at the rings. Pairs with A. */
	smp_mb();
}

/**
 * tcps_wake_settle() - nothing was found
 * @sleeper: the file's; the lock of its position is held since before the look
 * @generation: what tcps_wake_look() returned before it
 *
 * If the file has been armed since before the look, it need not look at what it
 * is not woken for.
 */
void tcps_wake_settle(struct tcps_sleeper *sleeper, u64 generation)
{
	unsigned long flags;

	if (!generation)
		return;
	spin_lock_irqsave(&lock, flags);
	if (!list_empty(&sleeper->armed) && sleeper->generation == generation)
		sleeper->is_settled = true;
	spin_unlock_irqrestore(&lock, flags);
}

/**
 * tcps_wake_look() - be about to look at the rings for a file
 * @sleeper: the file's; the lock of its position is held until the look is over
 * @reader: that position; goes past what the file was not woken for
 *
 * Return: what tcps_wake_settle() wants to know.
 */
u64 tcps_wake_look(struct tcps_sleeper *sleeper, struct tcps_reader *reader)
{
	unsigned long flags;
	u64 generation;

	spin_lock_irqsave(&lock, flags);
	if (sleeper->is_settled)
		tcps_reader_pass(reader, sleeper->user->shown);
	else if (sleeper->has_passed)
		tcps_reader_pass(reader, sleeper->passed);
	sleeper->is_settled = false;
	sleeper->has_passed = false;
	generation = list_empty(&sleeper->armed) ? 0 : sleeper->generation;
	spin_unlock_irqrestore(&lock, flags);
	return generation;
}

/**
 * tcps_wake_count() - how many files have been woken
 *
 * Context: any.
 * Return: their number since the module was loaded.
 */
u64 tcps_wake_count(void)
{
	return tcps_round_woken();
}
