// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstates doctor: checks what the other commands need, and says how to fix what is
 * wrong. It changes nothing, except that it removes the cgroups of killed runs.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/options.h"
#include "base/output.h"
#include "base/status.h"
#include "cli/commands.h"
#include "libtcpstates.h"
#include "process/cgroup.h"
#include "process/leftover.h"
#include "text/cell.h"

#define MODULE		"/sys/module/tcpstates"
#define PARAMETERS	MODULE "/parameters/"
#define FTRACE		"/proc/sys/kernel/ftrace_enabled"
#define LOCKDOWN	"/sys/kernel/security/lockdown"
#define GROUP		"tcpstates"
#define OLDEST		"5.10"
#define TEXT_SIZE	256
#define BYTES_PER_MIB	1048576

static const struct usage_option options[] = {
	USAGE_DEVICE, USAGE_HELP, { .name = NULL }
};

const struct usage doctor_usage = {
	.synopsis = "doctor [OPTION]...",
	.about =
"Checks the kernel, module, device, permissions, hooks and losses on this host,\n"
"and says how to fix what is wrong. Changes nothing, except that it removes\n"
"empty cgroups left by a 'tcpstates run' that was killed. Exit status: 0 if\n"
"nothing is wrong, 1 if something is.\n",
	.column = USAGE_COLUMN,
	.options = options,
};

/**
 * struct doctor - one run of the checks
 * @out: where findings are printed
 * @device: path of the device
 * @wrong: number of findings that are WRONG
 */
struct doctor {
	struct output *out;
	const char *device;
	unsigned int wrong;
};

enum verdict { FINE, WORTH_KNOWING, WRONG };

__printf(3, 4)
static void report_finding(struct doctor *doctor, enum verdict verdict,
			   const char *format, ...)
{
	static const char * const marks[] = {
		[FINE] = "ok    ", [WORTH_KNOWING] = "note  ", [WRONG] = "WRONG ",
	};
	char text[TEXT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	output_format(doctor->out, "%s%s\n", marks[verdict], text);
	doctor->wrong += verdict == WRONG;
}

/* How to fix the last finding. */
static void report_advice(struct doctor *doctor, const char *text)
{
	output_format(doctor->out, "      %s\n", text);
}

/* Reads the first line of a file. Returns false if there is none. */
static bool read_line(const char *path, char text[TEXT_SIZE])
{
	FILE *file = fopen(path, "re");
	bool ret = file && fgets(text, TEXT_SIZE, file);

	if (file)
		fclose(file);
	if (ret)
		text[strcspn(text, "\n")] = '\0';
	return ret;
}

static void check_kernel(struct doctor *doctor)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;
	char text[TEXT_SIZE];

	uname(&name);
	if (sscanf(name.release, "%u.%u", &major, &minor) != 2)
		major = 0;
	if (strcmp(name.machine, "x86_64")) {
		report_finding(doctor, WRONG, "the processor is %s; only x86_64 is supported",
			       name.machine);
	} else if (major < 5 || (major == 5 && minor < 10)) {
		report_finding(doctor, WRONG, "kernel %s is older than " OLDEST,
			       name.release);
		report_advice(doctor, "The module needs " OLDEST " or later.");
	} else {
		report_finding(doctor, FINE, "kernel %s", name.release);
	}
	if (read_line(FTRACE, text) && !strcmp(text, "0")) {
		report_finding(doctor, WRONG, "ftrace is off; the module needs it");
		report_advice(doctor, "sysctl kernel.ftrace_enabled=1");
	}
	if (read_line(LOCKDOWN, text) && !strstr(text, "[none]"))
		report_finding(doctor, WORTH_KNOWING,
			       "the kernel is locked down: modules must be signed, see README.md");
}

/* The module is not loaded: can it be? */
static void check_module_file(struct doctor *doctor)
{
	int status;

	fflush(NULL);
	status = system("PATH=$PATH:/usr/sbin:/sbin modprobe -n -q tcpstates >/dev/null 2>&1");
	report_finding(doctor, WRONG, "the module is not loaded");
	if (!status)
		report_advice(doctor,
			      "modprobe tcpstates; at each boot: systemctl enable tcpstates");
	else
		report_advice(doctor,
			      "None is installed for this kernel: install tcpstates-dkms, or make && make install.");
}

static void check_module(struct doctor *doctor)
{
	char version[TEXT_SIZE];

	if (access(MODULE, F_OK)) {
		check_module_file(doctor);
		return;
	}
	if (!read_line(MODULE "/version", version))
		strcpy(version, "?");
	if (strcmp(version, tcpstates_version())) {
		report_finding(doctor, WORTH_KNOWING,
			       "the module has version %s, this command %s", version,
			       tcpstates_version());
		report_advice(doctor, "They work together; reload the module to update it.");
	} else {
		report_finding(doctor, FINE, "the module is loaded, version %s", version);
	}
}

static void check_device(struct doctor *doctor)
{
	const struct group *group = getgrnam(GROUP);
	struct stat stat_;

	if (stat(doctor->device, &stat_)) {
		if (!access(MODULE, F_OK)) {
			report_finding(doctor, WRONG, "%s: %s", doctor->device,
				       strerror(errno));
			report_advice(doctor,
				      "Is /dev a devtmpfs? A container needs the device passed in.");
		}
		return;
	}
	if (stat_.st_mode & 0007)
		report_finding(doctor, WORTH_KNOWING, "every user of this host may read %s",
			       doctor->device);
	else if (group && stat_.st_gid == group->gr_gid)
		report_finding(doctor, FINE, "members of the group " GROUP " may read %s",
			       doctor->device);
	else
		report_finding(doctor, WORTH_KNOWING,
			       "only root may read %s: no group " GROUP ", or no udev rule",
			       doctor->device);
}

static void check_hooks(struct doctor *doctor, struct tcpstates *stream)
{
	struct tcpstates_info info;
	unsigned int hook, missing = 0;

	if (tcpstates_info(stream, &info))
		return;
	for (hook = 0; hook < TCPSTATES_HOOK_COUNT; hook++) {
		if (info.hooks >> hook & 1)
			continue;
		missing++;
		report_finding(doctor, WRONG, "not seen on this kernel: %s",
			       tcpstates_hook_shows(hook));
	}
	if (missing)
		report_advice(doctor, "The kernel's log says why: dmesg | grep tcpstates");
	else
		report_finding(doctor, FINE, "all %u hooks are in place",
			       TCPSTATES_HOOK_COUNT);
	if (info.map_ring)
		report_finding(doctor, FINE, "you see the connections of all network namespaces");
	else
		report_finding(doctor, WORTH_KNOWING,
			       "you see only your own network namespace; all of them with CAP_NET_ADMIN");
}

/* The limit of the table in MiB; 0 if it cannot be read. */
static unsigned int table_mib(void)
{
	char text[TEXT_SIZE];

	return read_line(PARAMETERS "conn_mib", text) ? strtoul(text, NULL, 10) :
							0;
}

/* Connections got no entry because the table was full, or one chain of it. */
static void advise_on_misses(struct doctor *doctor, __u64 conn_bytes)
{
	unsigned int mib = table_mib();
	char text[TEXT_SIZE];

	if (!mib)
		return;
	if (conn_bytes < (__u64)mib * BYTES_PER_MIB / 2) {
		report_advice(doctor,
			      "The table is not full now. One socket that leaves more than 8 connections");
		report_advice(doctor,
			      "in TIME_WAIT has this effect, too, whatever conn_mib is.");
		return;
	}
	snprintf(text, sizeof(text),
		 "The table was full. For a larger one: rmmod tcpstates && modprobe tcpstates conn_mib=%u",
		 2 * mib);
	report_advice(doctor, text);
	snprintf(text, sizeof(text),
		 "To keep it: echo options tcpstates conn_mib=%u >> /etc/modprobe.d/tcpstates.conf",
		 2 * mib);
	report_advice(doctor, text);
}

/* Connections without an entry in the table, now or in the past. */
static void check_misses(struct doctor *doctor,
			 const struct tcpstates_stats *stats,
			 const struct tcpstates_account *account)
{
	if (!stats->conns_missed) {
		if (account)
			report_finding(doctor, FINE,
				       "every connection has an entry in the table");
	} else if (account && !account->incomplete_boot_ns) {
		report_finding(doctor, WORTH_KNOWING,
			       "connections that had no entry: %llu; now every connection has one",
			       (unsigned long long)stats->conns_missed);
	} else {
		report_finding(doctor, WRONG,
			       "connections without an entry in the table: %llu; durations and owners unknown",
			       (unsigned long long)stats->conns_missed);
		advise_on_misses(doctor, stats->conn_bytes);
	}
}

/* Counters of the module that reveal a bug. */
static void check_table(struct doctor *doctor,
			const struct tcpstates_account *account)
{
	if (account->vanished) {
		report_finding(doctor, WRONG,
			       "connections whose end was not seen: %llu",
			       (unsigned long long)account->vanished);
		report_advice(doctor,
			      "A bug of the module, or a missing hook: please report it, with the kernel version.");
	}
	if (account->requests_started <
	    account->requests_done + account->requests_ended ||
	    account->minisocks_started < account->minisocks_ended ||
	    account->entries_started < account->entries_ended) {
		report_finding(doctor, WRONG,
			       "the module's counters are inconsistent: more ended than began");
		report_advice(doctor,
			      "A bug of the module: please report 'tcpstates stats'.");
	}
}

static void check_losses(struct doctor *doctor, struct tcpstates *stream)
{
	struct tcpstates_account account;
	struct tcpstates_stats stats;
	bool has_account = !tcpstates_account(stream, &account);

	if (tcpstates_stats(stream, &stats))
		return;
	check_misses(doctor, &stats, has_account ? &account : NULL);
	if (has_account)
		check_table(doctor, &account);
	if (stats.untracked)
		report_finding(doctor, WORTH_KNOWING,
			       "objects that found a table full: %llu; each may be a missing change",
			       (unsigned long long)stats.untracked);
	report_finding(doctor, FINE, "%llu changes recorded, in %.0f MiB",
		       (unsigned long long)stats.recorded,
		       (stats.ring_bytes + stats.conn_bytes) / (double)BYTES_PER_MIB);
}

static void check_stream(struct doctor *doctor)
{
	struct tcpstates *stream = tcpstates_open(doctor->device,
						  TCPSTATES_OPEN_NONBLOCK);

	if (!stream) {
		/* check_module() has reported that. */
		if (access(MODULE, F_OK))
			return;
		report_finding(doctor, WRONG, "%s", tcpstates_open_error());
		if (errno == EACCES || errno == EPERM)
			report_advice(doctor,
				      "As root: usermod -a -G " GROUP " NAME; then log in again.");
		else if (errno == ENOMEM)
			report_advice(doctor,
				      "fuser -v " TCPSTATES_DEVICE " shows who has it open.");
		return;
	}
	check_hooks(doctor, stream);
	check_losses(doctor, stream);
	tcpstates_close(stream);
}

static void check_limits(struct doctor *doctor)
{
	char text[TEXT_SIZE];

	if (!read_line(PARAMETERS "stuck_close_wait", text))
		return;
	if (strcmp(text, "0"))
		report_finding(doctor, FINE, "CLOSE_WAIT is reported as stuck after %s s", text);
	else
		report_finding(doctor, WORTH_KNOWING,
			       "CLOSE_WAIT is never reported as stuck: stuck_close_wait is 0");
}

static void check_cgroups(struct doctor *doctor)
{
	struct leftovers left = { 0 };
	char mount[PATH_MAX];

	if (cgroup_find_mount(mount)) {
		report_finding(doctor, WORTH_KNOWING,
			       "cgroup v2 is not mounted; 'tcpstates run' needs it");
		return;
	}
	leftover_sweep(mount, true, &left);
	cell_tame(mount);
	report_finding(doctor, FINE, "cgroup v2 is at %s", mount);
	if (left.removed)
		report_finding(doctor, WORTH_KNOWING,
			       "cgroups left by a 'tcpstates run' that was killed: %zu removed",
			       left.removed);
	if (left.stay)
		report_finding(doctor, WORTH_KNOWING,
			       "cgroups left by a 'tcpstates run' that was killed: %zu remain, in use or not yours",
			       left.stay);
}

int doctor_run(struct output *out, int argc, char *argv[])
{
	struct doctor doctor = { .out = out, .device = TCPSTATES_DEVICE };
	int option;

	while ((option = usage_next(&doctor_usage, argc, argv)) != -1) {
		switch (option) {
		case OPTION_DEVICE:
			doctor.device = optarg;
			break;
		case OPTION_HELP:
		case 'h':
			return command_help(out, &doctor_usage);
		default:
			return option_error(option, argv);
		}
	}
	if (optind < argc)
		return usage_error("doctor: unexpected argument '%s'",
				   argv[optind]);
	check_kernel(&doctor);
	check_module(&doctor);
	check_device(&doctor);
	check_stream(&doctor);
	check_limits(&doctor);
	check_cgroups(&doctor);
	return doctor.wrong ? STATUS_FAILED : STATUS_OK;
}
