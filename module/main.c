// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading: what is published last is unpublished first. */
#include <linux/compiler.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "charge.h"
#include "audit.h"
#include "compat.h"
#include "conn.h"
#include "device.h"
#include "fallback.h"
#include "hooks.h"
#include "learn.h"
#include "netns.h"
#include "stream.h"
#include "stuck_timer.h"
#include "verify.h"
#include "version.h"
#include "wake.h"

static unsigned int ring_records;
module_param(ring_records, uint, 0444);
MODULE_PARM_DESC(ring_records,
		 "records in each CPU's ring, rounded up to a power of two; 0 chooses");

static unsigned int conn_mib = 32;
module_param(conn_mib, uint, 0444);
MODULE_PARM_DESC(conn_mib,
		 "most memory for the table of connections, in MiB");

static unsigned int files_mib;
module_param(files_mib, uint, 0444);
MODULE_PARM_DESC(files_mib,
		 "most memory for open files of the device, in MiB; 0 chooses");

#define BATCH_US_MAX	1000000U

static int set_batch_us(const char *text, const struct kernel_param *param)
{
	unsigned int us;
	int ret = kstrtouint(text, 0, &us);

	if (ret)
		return ret;
	if (us > BATCH_US_MAX) {
		pr_err("batch_us=%u: must be 0 to %u\n", us, BATCH_US_MAX);
		return -EINVAL;
	}
	WRITE_ONCE(tcps_stream_batch_us, us);
	return 0;
}

static const struct kernel_param_ops batch_us_ops = {
	.set = set_batch_us,
	.get = param_get_uint,
};

module_param_cb(batch_us, &batch_us_ops, &tcps_stream_batch_us, 0644);
__MODULE_PARM_TYPE(batch_us, "uint");
MODULE_PARM_DESC(batch_us,
		 "microseconds between two wake-ups of readers under load");

/*
 * The kernel could not be detached from. What is loaded stays as it is, and rmmod
 * answers that the module is in use.
 */
static int __init stay_loaded(void)
{
	__module_get(THIS_MODULE);
	pr_crit("ftrace has failed: loaded for good and of no use, reboot when you can\n");
	return 0;
}

static int __init tcpstates_init(void)
{
	int ret;

	ret = tcps_charge_init(files_mib, conn_mib);
	if (ret)
		return ret;
	files_mib = tcps_charge_mib();
	ret = tcps_netns_init();
	if (ret)
		return ret;
	ret = tcps_conn_init(conn_mib);
	if (ret)
		goto err_exit_netns;
	tcps_verify_learn_begin();
	ret = tcps_stream_init(ring_records);
	if (ret)
		goto err_exit_conn;
	ring_records = tcps_stream_ring_records();
	ret = tcps_wake_init();
	if (ret)
		goto err_exit_stream;
	ret = tcps_fallback_init();
	if (ret)
		goto err_exit_wake;
	ret = tcps_hooks_attach();
	if (ret)
		goto err_exit_fallback;
	ret = tcps_learn_existing();
	if (ret)
		goto err_detach_hooks;
	ret = tcps_audit_init();
	if (ret)
		goto err_detach_hooks;
	ret = tcps_stuck_timer_init();
	if (ret)
		goto err_exit_audit;
	ret = tcps_device_register();
	if (ret)
		goto err_exit_stuck_timer;
	return 0;

err_exit_stuck_timer:
	tcps_stuck_timer_exit();
err_exit_audit:
	tcps_audit_exit();
err_detach_hooks:
	tcps_hooks_detach();
err_exit_fallback:
	if (tcps_hooks_remain())
		return stay_loaded();
	tcps_fallback_exit();
err_exit_wake:
	tcps_wake_exit();
err_exit_stream:
	tcps_stream_exit();
err_exit_conn:
	tcps_conn_exit();
err_exit_netns:
	tcps_netns_exit();
	return ret;
}

/*
 * At unload, the module loader frees the module's code as soon as its exit function
 * returns, and nothing can stop that from here; a kernel that calls freed code dies.
 * Therefore this does not return: rmmod sleeps until the host is rebooted. TASK_IDLE
 * is neither load nor a hung task, and the sleep is freezable, so that the host can
 * be suspended.
 */
static void sleep_until_reboot(void)
{
	pr_crit("ftrace has failed: the kernel goes on calling this module, so rmmod does not return; reboot when you can\n");
	for (;;)
		tcps_schedule_freezable(TASK_IDLE);
}

static void __exit tcpstates_exit(void)
{
	tcps_device_unregister();
	/* It reads sockets, whose ends are not seen without the hooks. */
	tcps_stuck_timer_exit();
	tcps_audit_exit();
	tcps_hooks_detach();
	if (tcps_hooks_remain())
		sleep_until_reboot();
	tcps_fallback_exit();
	tcps_wake_exit();
	tcps_stream_exit();
	tcps_conn_exit();
	tcps_netns_exit();
}

module_init(tcpstates_init);
module_exit(tcpstates_exit);

MODULE_DESCRIPTION("Stream of the true TCP state changes of all connections");
MODULE_AUTHOR("tcpstates maintainers <maintainers@tcpstates.org>");
MODULE_LICENSE("GPL");
MODULE_VERSION(TCPS_VERSION);
