/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel and the module around audit.c, as a test drives them: when the work
 * runs, and what an audit finds.
 */
#ifndef _AUDIT_FAKE_H
#define _AUDIT_FAKE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "uapi/tcpstates.h"

#define NSEC_PER_SEC		1000000000L
#define NSEC_PER_MSEC		1000000L
#define HZ			250UL
#define nsecs_to_jiffies(ns)	((unsigned long)((ns) / (NSEC_PER_SEC / HZ)))
#define pr_err(...)		printf("# " __VA_ARGS__)

u64 ktime_get_ns(void);
u64 ktime_get_boottime_ns(void);

static inline int kstrtouint(const char *text, unsigned int base, unsigned int *to)
{
	char *end;

	*to = strtoul(text, &end, base);
	return *end ? -22 : 0;
}

struct completion {
	bool done;
};

static inline void init_completion(struct completion *completion)
{
	completion->done = false;
}

static inline void complete_all(struct completion *completion)
{
	completion->done = true;
}

static inline bool completion_done(struct completion *completion)
{
	return completion->done;
}

static inline unsigned long
wait_for_completion_timeout(struct completion *completion, unsigned long limit)
{
	return completion->done ? limit : 0;
}

struct work_struct {
	bool queued;
};

struct delayed_work {
	struct work_struct work;
	void (*function)(struct work_struct *work);
	unsigned long delay;
};

struct workqueue_struct;

#define WQ_UNBOUND	1
#define DECLARE_DELAYED_WORK(name, f)	\
	struct delayed_work name = { .function = (f) }

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags,
					 int most);
void destroy_workqueue(struct workqueue_struct *queue);
bool mod_delayed_work(struct workqueue_struct *queue, struct delayed_work *work,
		      unsigned long delay);
bool cancel_delayed_work(struct delayed_work *work);
bool cancel_delayed_work_sync(struct delayed_work *work);

struct kernel_param;

struct kernel_param_ops {
	int (*set)(const char *text, const struct kernel_param *param);
	int (*get)(char *to, const struct kernel_param *param);
};

int param_get_uint(char *to, const struct kernel_param *param);

/* The test sets the parameter by this. */
extern const struct kernel_param_ops *fake_audit_s;

#define module_param_cb(name, ops, value, mode) \
	const struct kernel_param_ops *fake_##name = (ops)
#define __MODULE_PARM_TYPE(name, type)	extern int fake_nothing
#define MODULE_PARM_DESC(name, text)	extern int fake_nothing

struct sock {
	atomic64_t sk_cookie;
};

/* In the place of the module's stream.h. */
#define _TCPS_STREAM_H
void tcps_stream_stats(struct tcpstates_stats *stats);

#endif /* _AUDIT_FAKE_H */
