/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the supported kernels, 5.10 and later. The only place
 * with kernel version tests; each says when it can go. What can be decided by
 * the presence of a macro is, since distributions backport.
 */
#ifndef _TCPS_COMPAT_H
#define _TCPS_COMPAT_H

#include <linux/atomic.h>
#include <linux/freezer.h>
#include <linux/ftrace.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/net_namespace.h>

#ifndef CONFIG_X86_64
#error "tcpstates reads function arguments of x86-64 only"
#endif

#ifndef CONFIG_DYNAMIC_FTRACE_WITH_REGS
#error "tcpstates needs a kernel with CONFIG_DYNAMIC_FTRACE_WITH_REGS"
#endif

#ifndef CONFIG_KPROBES
#error "tcpstates needs a kernel with CONFIG_KPROBES"
#endif

/*
 * Registers in an ftrace callback: struct pt_regs, filled on request, until
 * 5.11, then struct ftrace_regs. An accessor of the
 * arguments came with 6.2; before it, the arguments are
 * there without a request if CONFIG_DYNAMIC_FTRACE_WITH_ARGS.
 * Drop when the minimum is 6.2.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define tcps_fregs pt_regs
#define tcps_arg(fregs, n) regs_get_kernel_argument(fregs, n)
#define TCPS_FTRACE_FLAGS \
	(FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_RECURSION_SAFE)
#else
#define tcps_fregs ftrace_regs
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define TCPS_FTRACE_FLAGS 0
#else
#define TCPS_FTRACE_FLAGS FTRACE_OPS_FL_SAVE_REGS
#endif
#if defined(ftrace_regs_get_argument)
#define tcps_arg(fregs, n) ftrace_regs_get_argument(fregs, n)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define tcps_arg(fregs, n) regs_get_kernel_argument(&(fregs)->regs, n)
#else
#error "no known way to read a traced function's arguments"
#endif
#endif

/*
 * ftrace_free_filter() is not exported by 5.10; resetting with an empty filter
 * works everywhere.
 * Drop when the minimum is 6.1.
 */
static inline void tcps_ftrace_free_filter(struct ftrace_ops *ops)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
	ftrace_set_filter(ops, NULL, 0, 1);
#else
	ftrace_free_filter(ops);
#endif
}

/*
 * Requests can change their listener (inet_reqsk_clone()) since 5.14.
 * Drop when the minimum is 5.14.
 */
#define TCPS_HAS_MIGRATION (LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0))

/*
 * Listeners are chained by their inet_connection_sock until 5.19, then by the
 * socket's own nulls list. Drop when the minimum is 5.19.
 */
static inline void tcps_for_each_listener(struct inet_listen_hashbucket *bucket,
					  void (*visit)(struct sock *sk))
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 19, 0)
	struct inet_connection_sock *icsk;

	hlist_for_each_entry(icsk, &bucket->head, icsk_listen_portaddr_node)
		visit(&icsk->icsk_inet.sk);
#else
	struct hlist_nulls_node *node;
	struct sock *sk;

	sk_nulls_for_each(sk, node, &bucket->nulls_head)
		visit(sk);
#endif
}

/*
 * Minisocks of a namespace; the counter has held a reference of its own since
 * 5.17. Drop when the minimum is 6.1.
 */
static inline int tcps_timewait_count(const struct net *net)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 17, 0)
	return atomic_read(&net->ipv4.tcp_death_row.tw_count);
#else
	return refcount_read(&net->ipv4.tcp_death_row.tw_refcount) - 1;
#endif
}

/*
 * tcp_reset() is told the segment since 5.11.
 * Drop when the minimum is 5.11.
 */
#define TCPS_RESET_HAS_SKB (LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0))

/*
 * hrtimer_setup() came with 6.13, and hrtimer_init() went with 6.15.
 * Drop when the minimum is 6.13.
 */
static inline void
tcps_hrtimer_setup(struct hrtimer *timer,
		   enum hrtimer_restart (*function)(struct hrtimer *timer),
		   clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#else
	hrtimer_setup(timer, function, clock, mode);
#endif
}

/*
 * An irq_work that runs in hard interrupt context on PREEMPT_RT, too, has been
 * initialized like this since 5.11; before it, a kernel without patches ran all
 * of them there. Drop when the minimum is 5.11. Without PREEMPT_RT all do anyway, and
 * lockdep lets only a plain one take a spinlock_t, as an allocation does.
 */
static inline void tcps_irq_work_init_hard(struct irq_work *work,
					   void (*function)(struct irq_work *))
{
#if defined(IRQ_WORK_INIT_HARD) && defined(CONFIG_PREEMPT_RT)
	*work = IRQ_WORK_INIT_HARD(function);
#else
	init_irq_work(work, function);
#endif
}

/*
 * kthread_create_worker() has not woken the thread since 6.14.
 * Drop when the minimum is 6.14.
 */
#ifdef kthread_run_worker
#define tcps_kthread_run_worker(flags, name) kthread_run_worker(flags, name)
#else
#define tcps_kthread_run_worker(flags, name) kthread_create_worker(flags, name)
#endif

/*
 * Flags of a mapping are changed by functions since 6.3.
 * Drop when the minimum is 6.3.
 */
static inline void tcps_vm_flags_mod(struct vm_area_struct *vma,
				     unsigned long set, unsigned long clear)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#else
	vm_flags_mod(vma, set, clear);
#endif
}

/*
 * Sleeps in @state until it is woken; a suspend may freeze the task meanwhile. Since
 * 6.1 that is a bit of the state. Drop when the minimum is 6.1.
 */
#ifdef TASK_FREEZABLE
#define tcps_schedule_freezable(state)					\
	do {								\
		set_current_state((state) | TASK_FREEZABLE);		\
		schedule();						\
	} while (0)
#else
#define tcps_schedule_freezable(state)					\
	do {								\
		freezer_do_not_count();					\
		set_current_state(state);				\
		schedule();						\
		freezer_count();					\
	} while (0)
#endif

#endif /* _TCPS_COMPAT_H */
