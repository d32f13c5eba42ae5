// SPDX-License-Identifier: GPL-2.0
/*
 * ftrace_ops and not kprobes: a kprobe is silently not called while another one
 * runs on its CPU. Each function of an ordinary connection has an ftrace_ops of
 * its own, so that the kernel calls the handler without a look-up.
 * FTRACE_OPS_FL_PERMANENT makes the kernel refuse kernel.ftrace_enabled=0 while
 * the module is loaded, which would silence the hooks.
 */
#include "hook_ftrace.h"

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/kconfig.h>
#include <linux/kprobes.h>
#include <linux/printk.h>

#include "attached.h"
#include "compat.h"
#include "hook_table.h"

/*
 * Set when unregistering has failed. After ftrace_bug() ftrace changes nothing any
 * more: calls of the hooked functions go on leading here.
 */
static bool unregister_failed;

/*
 * The address of a function, or -ENOENT if the kernel has none of this name. Kprobes
 * are the only exported way to learn it; the probe is never armed. ftrace accepts
 * names as well, but compares all functions of the kernel to find one.
 */
static int find_function(const char *name, unsigned long *address)
{
	struct kprobe probe = {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	int ret = register_kprobe(&probe);

	if (ret)
		return ret;
	*address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

/*
 * By the first of its names that can be hooked. If none can, the error is that of
 * the first name that the kernel has.
 */
static int find_hook(struct tcps_hook *hook)
{
	unsigned int i;
	int ret, first = -ENOENT;

	hook->address = 0;
	for (i = 0; i < ARRAY_SIZE(hook->names) && hook->names[i]; i++) {
		ret = find_function(hook->names[i], &hook->address);
		if (!ret || tcps_hook_error_is_fatal(ret))
			return ret;
		if (first == -ENOENT)
			first = ret;
	}
	return first;
}

/* An instruction at the function's entry may precede either address. */
static bool is_rare_at(const struct tcps_hook *hook, unsigned long ip)
{
	return hook->flags & TCPS_HOOK_RARE && hook->address &&
	       ip - hook->address + 8 <= 16;
}

/*
 * The rare hooks share one ftrace_ops, since attaching each takes time and
 * detaching much more; therefore the function that was called is looked up.
 */
static void notrace on_rare(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct tcps_fregs *fregs)
{
	unsigned int i;

	for (i = 0; i < tcps_hook_table_size; i++) {
		struct tcps_hook *hook = &tcps_hook_table[i];

		if (is_rare_at(hook, ip)) {
			hook->ops.func(ip, parent_ip, ops, fregs);
			return;
		}
	}
}

static struct ftrace_ops rare_ops = {
	.func = on_rare,
};

static struct ftrace_ops *ops_of(struct tcps_hook *hook)
{
	return hook->flags & TCPS_HOOK_RARE ? &rare_ops : &hook->ops;
}

/* Returns whether it was registered. */
static bool unregister_ops(struct ftrace_ops *ops)
{
	bool was_registered = ops->flags & FTRACE_OPS_FL_ENABLED;
	int ret;

	if (was_registered) {
		ret = unregister_ftrace_function(ops);
		if (ret) {
			if (!unregister_failed)
				pr_crit("ftrace does not end what was begun: error %d\n",
					ret);
			unregister_failed = true;
			return true;	/* with its filter */
		}
	}
	tcps_ftrace_free_filter(ops);
	return was_registered;
}

/*
 * unregister_ftrace_function() succeeds also if it caused ftrace_bug() itself. An
 * ftrace that has failed refuses filters, too.
 */
static bool is_ftrace_dead(void)
{
	static struct ftrace_ops unused;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < tcps_hook_table_size && !ret; i++)
		if (tcps_hook_table[i].address)
			ret = ftrace_set_filter_ip(&unused,
						   tcps_hook_table[i].address,
						   0, 1);
	if (ret == -ENODEV)
		return true;
	tcps_ftrace_free_filter(&unused);
	return false;
}

/**
 * tcps_hook_ftrace_detach() - detach from all functions
 *
 * Waits for handlers that run, unless tcps_hook_ftrace_failed() afterwards.
 *
 * Context: process.
 */
void tcps_hook_ftrace_detach(void)
{
	bool were_registered = unregister_ops(&rare_ops);
	unsigned int i = tcps_hook_table_size;

	while (i-- > 0)
		if (!(tcps_hook_table[i].flags & TCPS_HOOK_RARE))
			were_registered |=
				unregister_ops(&tcps_hook_table[i].ops);
	if (were_registered && is_ftrace_dead())
		unregister_failed = true;
}

/*
 * Without a filter the handler would be called for every function of the kernel.
 * ftrace answers EINVAL for an address that it does not know.
 */
static int add_filter(struct ftrace_ops *ops, unsigned long address)
{
	ops->flags = TCPS_FTRACE_FLAGS | FTRACE_OPS_FL_PERMANENT;
	return ftrace_set_filter_ip(ops, address, 0, 0);
}

static int register_ops(struct ftrace_ops *ops)
{
	int ret = register_ftrace_function(ops);

	if (ret == -EBUSY)
		pr_err("ftrace is off: set kernel.ftrace_enabled=1\n");
	return ret;
}

static void announce_missing(const struct tcps_hook *hook, int error)
{
	if (hook->flags & TCPS_HOOK_OPTIONAL) {
		tcps_attached_set(hook->hook, true);
		return;
	}
	if (hook->flags & TCPS_HOOK_IPV6 &&
	    (!IS_ENABLED(CONFIG_IPV6) || !hook->unseen))
		return;
	tcps_attached_set(hook->hook, false);
	if (error == -ENOENT)
		pr_warn("this kernel has no %s: not seen is %s\n",
			hook->names[0], hook->unseen);
	else
		pr_warn("this kernel lets nobody hook %s (error %d): not seen is %s\n",
			hook->names[0], error, hook->unseen);
}

/* A function that cannot be hooked is announced; that is not an error. */
static int attach_function(struct tcps_hook *hook)
{
	int ret = find_hook(hook);

	if (!ret)
		ret = add_filter(ops_of(hook), hook->address);
	if (ret) {
		hook->address = 0;
		if (tcps_hook_error_is_fatal(ret))
			return ret;
		announce_missing(hook, ret);
		return 0;
	}
	if (!(hook->flags & TCPS_HOOK_IPV6))
		tcps_attached_set(hook->hook, true);
	/* Rare ones are registered together, when their filter is complete. */
	return hook->flags & TCPS_HOOK_RARE ? 0 : register_ops(&hook->ops);
}

/* If none was found, @rare_ops has no filter, and must not be registered. */
static int attach_rare_functions(void)
{
	unsigned int i;

	for (i = 0; i < tcps_hook_table_size; i++)
		if (tcps_hook_table[i].flags & TCPS_HOOK_RARE &&
		    tcps_hook_table[i].address)
			return register_ops(&rare_ops);
	return 0;
}

/**
 * tcps_hook_ftrace_attach() - attach to the functions of the table
 *
 * Functions that cannot be hooked are named in the log; tcps_attached() says which.
 *
 * Context: process.
 * Return: 0, or an error: nothing is attached, unless tcps_hook_ftrace_failed().
 */
int tcps_hook_ftrace_attach(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < tcps_hook_table_size; i++) {
		ret = attach_function(&tcps_hook_table[i]);
		if (ret) {
			pr_err("cannot attach to %s: error %d\n",
			       tcps_hook_table[i].names[0], ret);
			goto err_detach;
		}
	}
	ret = attach_rare_functions();
	if (ret)
		goto err_detach;
	return 0;

err_detach:
	tcps_hook_ftrace_detach();
	return ret;
}

/**
 * tcps_hook_ftrace_failed() - whether functions could not be detached from
 *
 * Context: process, after tcps_hook_ftrace_detach().
 * Return: true if handlers will be called for as long as the kernel runs.
 */
bool tcps_hook_ftrace_failed(void)
{
	return unregister_failed;
}
