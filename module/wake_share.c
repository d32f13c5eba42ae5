// SPDX-License-Identifier: GPL-2.0
/*
 * A user who has used up a slice of time pauses so long that his share of a
 * processor is kept. So many sleeping files, watches or filters slow down their
 * owner, and nobody else.
 *
 * A user with a waiter that takes long to call is slow, for a multiple of that
 * time. Interrupts do not call the waiters of slow users, so long calls take up a
 * very small share of an interrupted processor.
 *
 * Neither ends with the user's last file, or closing it would be a way around. It
 * is kept by a hash of the user id, so users with the same hash, who are few,
 * share it when they open their first file.
 */
#include "wake_share.h"

#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/time64.h>

#include "sleeper.h"
#include "wake_call.h"

/* After a slice, a user's work pauses for this many times what it has taken. */
#define SLICE_NS	(250 * NSEC_PER_USEC)
#define PAUSES		19
#define PAUSES_PRIVILEGED 3

/* Users that may take their whole share at once; if there are more, less each. */
#define HEAVY_USERS	4

/* For how many times its length a long call makes its user slow. */
#define SLOW_TIMES	20000

#define MARKS		256U

/**
 * struct share_mark - what is known of users without open files
 * @due_ns: when work for one of them may continue (CLOCK_MONOTONIC)
 * @slow_until_ns: interrupts do not call their waiters before (CLOCK_MONOTONIC)
 */
struct share_mark {
	u64 due_ns;
	u64 slow_until_ns;
};

/* Under tcps_wake_lock. */
static struct share_mark marks[2][MARKS];
static unsigned int heavy_count;

static u32 seed;

/**
 * tcps_wake_share_init() - be ready for users
 *
 * Context: process; there are no users yet.
 */
void tcps_wake_share_init(void)
{
	seed = get_random_u32();
}

static struct share_mark *mark_of(const struct tcps_wake_user *user)
{
	return &marks[user->is_privileged][jhash_1word(user->uid, seed) % MARKS];
}

/**
 * tcps_wake_share_get() - a user opens its first file
 * @user: the user
 */
void tcps_wake_share_get(struct tcps_wake_user *user)
{
	const struct share_mark *mark = mark_of(user);

	lockdep_assert_held(&tcps_wake_lock);
	user->due_ns = mark->due_ns;
	user->charged_ns = mark->due_ns;
	user->slow_until_ns = mark->slow_until_ns;
}

static void set_heavy(struct tcps_wake_user *user, bool is_heavy)
{
	heavy_count += is_heavy - user->is_heavy;
	user->is_heavy = is_heavy;
}

/**
 * tcps_wake_share_put() - a user has closed its last file
 * @user: the user
 */
void tcps_wake_share_put(struct tcps_wake_user *user)
{
	struct share_mark *mark = mark_of(user);

	lockdep_assert_held(&tcps_wake_lock);
	set_heavy(user, false);
	mark->due_ns = max(mark->due_ns, user->due_ns);
	mark->slow_until_ns = max(mark->slow_until_ns, user->slow_until_ns);
}

/**
 * tcps_wake_share_is_due() - whether work for a user may continue
 * @user: the user
 * @now_ns: CLOCK_MONOTONIC
 *
 * Return: true if it does not pause.
 */
bool tcps_wake_share_is_due(const struct tcps_wake_user *user, u64 now_ns)
{
	return now_ns >= user->due_ns;
}

/**
 * tcps_wake_share_is_slow() - whether a call of a waiter of the user takes long
 * @user: the user
 * @now_ns: CLOCK_MONOTONIC
 *
 * Return: true if interrupts must not call its waiters.
 */
bool tcps_wake_share_is_slow(const struct tcps_wake_user *user, u64 now_ns)
{
	return now_ns < user->slow_until_ns;
}

/* A user's share of the time since the last charge is taken off first. */
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

/**
 * tcps_wake_share_charge() - something was done for a user
 * @user: the user
 * @now_ns: CLOCK_MONOTONIC
 * @work_ns: how long it has taken
 * @budget: what was done
 * @is_done: nothing is left to do for it now, so the pause begins even if the
 *	slice is not used up
 */
void tcps_wake_share_charge(struct tcps_wake_user *user, u64 now_ns,
			    u64 work_ns, const struct tcps_budget *budget,
			    bool is_done)
{
	u64 spent_ns = work_ns + budget->search_ns;

	lockdep_assert_held(&tcps_wake_lock);
	if (budget->longest_ns >= TCPS_WAKE_LONG_NS)
		user->slow_until_ns = max(user->slow_until_ns, now_ns +
					  SLOW_TIMES * budget->longest_ns);
	if (spent_ns || is_done)
		charge_time(user, now_ns, spent_ns, is_done);
}
