/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel below wake_call.c and wake_share.c: locks, queues and a clock. */
#ifndef _WAKE_CALL_FAKE_H
#define _WAKE_CALL_FAKE_H

#include <assert.h>
#include <stdbool.h>

#include <linux/list.h>
#include <linux/types.h>

/* Nobody else runs, so a lock that is held is never waited for. */
struct spinlock {
	bool held;
};

#define spinlock_t	struct spinlock
#define DEFINE_SPINLOCK(name)	struct spinlock name

static inline bool spin_trylock(struct spinlock *lock)
{
	bool is_free = !lock->held;

	lock->held = true;
	return is_free;
}

static inline void spin_lock(struct spinlock *lock)
{
	assert(!lock->held);
	lock->held = true;
}

static inline void spin_unlock(struct spinlock *lock)
{
	assert(lock->held);
	lock->held = false;
}

#define TASK_INTERRUPTIBLE	1

#define wait_queue_entry_t	struct wait_queue_entry

struct wait_queue_entry {
	int (*func)(struct wait_queue_entry *entry, unsigned int mode, int sync,
		    void *key);
	struct list_head entry;
};

struct wait_queue_head {
	spinlock_t lock;	/* held during calls */
	struct list_head head;
};

#define wait_queue_head_t	struct wait_queue_head

int woken_wake_function(struct wait_queue_entry *entry, unsigned int mode,
			int sync, void *key);

extern bool fake_remover_waits;
extern unsigned int fake_removers_woken;

#define DECLARE_WAIT_QUEUE_HEAD(name)	struct wait_queue_head name
/* What waitqueue_active() says is up to the test. */
#define waitqueue_active(queue)		((void)(queue), fake_remover_waits)
#define wake_up_all(queue)		((void)(queue), fake_removers_woken++)
#define wait_event_lock_irq(queue, condition, lock) \
	((void)(queue), assert((lock).held && (condition)))

extern u64 fake_now_ns;

#define ktime_get_ns()	fake_now_ns

/* Half of the tests' user ids have the same hash. */
#define jhash_1word(word, seed)	((void)(seed), (word) / 2)

#endif /* _WAKE_CALL_FAKE_H */
