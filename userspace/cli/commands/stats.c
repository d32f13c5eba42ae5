// SPDX-License-Identifier: GPL-2.0
/* tcpstates stats: the counters of the module, and what it cannot see. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/options.h"
#include "base/output.h"
#include "base/status.h"
#include "cli/commands.h"
#include "libtcpstates.h"
#include "text/cell.h"

#define BYTES_PER_MIB	(1024.0 * 1024.0)

static const struct usage_option options[] = {
	{ "json", OPTION_JSON, NULL, "all of this as one JSON object on one line" },
	USAGE_DEVICE, USAGE_HELP, { .name = NULL }
};

const struct usage stats_usage = {
	.synopsis = "stats [OPTION]...",
	.about =
"Shows what the module has recorded since it was loaded, its memory, whether\n"
"every connection has an entry in its table, and its hooks into the kernel: how\n"
"often each was called, and what cannot be seen where one is missing.\n",
	.column = USAGE_COLUMN,
	.options = options,
};

/**
 * struct stats_cmd - one run of the command
 * @out: where it prints
 * @device: path of the device, or NULL
 * @json: whether --json was given
 * @info: reported by the module, like @stats and @account
 * @stats: likewise
 * @account: likewise
 * @has_account: false if the module is too old to report @account
 */
struct stats_cmd {
	struct output *out;
	const char *device;
	bool json;
	struct tcpstates_info info;
	struct tcpstates_stats stats;
	struct tcpstates_account account;
	bool has_account;
};

/* Parses the command line. Returns a status, or -1 to go on. */
static int parse_options(struct stats_cmd *cmd, int argc, char *argv[])
{
	int option;

	while ((option = usage_next(&stats_usage, argc, argv)) != -1) {
		switch (option) {
		case OPTION_DEVICE:
			cmd->device = optarg;
			break;
		case OPTION_HELP:
		case 'h':
			return command_help(cmd->out, &stats_usage);
		case OPTION_JSON:
			cmd->json = true;
			break;
		default:
			return option_error(option, argv);
		}
	}
	if (optind < argc)
		return usage_error("stats: unexpected argument '%s'",
				   argv[optind]);
	return -1;
}

static bool is_attached(const struct stats_cmd *cmd, unsigned int hook)
{
	return cmd->info.hooks >> hook & 1;
}

static unsigned int count_attached(const struct stats_cmd *cmd)
{
	unsigned int hook, count = 0;

	for (hook = 0; hook < TCPSTATES_HOOK_COUNT; hook++)
		count += is_attached(cmd, hook);
	return count;
}

static void print_number(struct stats_cmd *cmd, const char *name,
			 unsigned long long number, const char *note)
{
	output_format(cmd->out, "%-13s %15llu  %s\n", name, number, note);
}

static void print_hook(struct stats_cmd *cmd, unsigned int hook)
{
	const char *name = tcpstates_hook_name(hook);

	if (is_attached(cmd, hook))
		output_format(cmd->out, "%-13s %15llu\n", name,
			      (unsigned long long)cmd->stats.hits[hook]);
	else
		output_format(cmd->out, "%-13s %15s  %s\n", name, "missing",
			      tcpstates_hook_shows(hook));
}

static void print_hooks(struct stats_cmd *cmd)
{
	bool all = count_attached(cmd) == TCPSTATES_HOOK_COUNT;
	unsigned int hook;

	output_format(cmd->out, "\n%-13s %15s%s\n", "HOOK", "CALLS",
		      all ? "" : "  NOT SEEN");
	for (hook = 0; hook < TCPSTATES_HOOK_COUNT; hook++)
		print_hook(cmd, hook);
}

/* The time since @boot_ns of CLOCK_BOOTTIME, as people read it. */
static void format_since(__u64 boot_ns, char text[CELL_AGE_SIZE])
{
	__u64 now = clock_boot_ns();

	cell_duration(now > boot_ns ? now - boot_ns : 0, text);
}

static void print_complete(struct stats_cmd *cmd)
{
	const struct tcpstates_account *account = &cmd->account;
	char since[CELL_AGE_SIZE];

	if (account->incomplete_boot_ns) {
		format_since(account->incomplete_boot_ns, since);
		output_format(cmd->out,
			      "%-13s %15s  for %s: some connections have no entry\n",
			      "complete", "no", since);
	} else if (account->complete_boot_ns) {
		format_since(account->complete_boot_ns, since);
		output_format(cmd->out,
			      "%-13s %15s  for %s: every connection has an entry\n",
			      "complete", "yes", since);
	} else {
		output_format(cmd->out,
			      "%-13s %15s  every connection has an entry\n",
			      "complete", "yes");
	}
}

static void print_audits(struct stats_cmd *cmd)
{
	char since[CELL_AGE_SIZE];

	if (!cmd->account.audits) {
		print_number(cmd, "audits", 0, "none yet, or audit_s is 0");
		return;
	}
	format_since(cmd->account.audit_boot_ns, since);
	output_format(cmd->out, "%-13s %15llu  the last one %s ago\n", "audits",
		      (unsigned long long)cmd->account.audits, since);
}

/* The table of connections, by the kind of their sockets. */
static void print_table(struct stats_cmd *cmd)
{
	const struct tcpstates_account *account = &cmd->account;

	print_number(cmd, "entries", account->entries,
		     "connections in the table");
	output_format(cmd->out,
		      "%-13s %15llu  of %llu: %llu became sockets, %llu did not\n",
		      "half open", account->requests_started -
				   account->requests_done -
				   account->requests_ended,
		      account->requests_started, account->requests_done,
		      account->requests_ended);
	output_format(cmd->out,
		      "%-13s %15llu  in TIME_WAIT, FIN_WAIT2: of %llu, %llu ended\n",
		      "minisocks", account->minisocks_started -
				   account->minisocks_ended,
		      account->minisocks_started, account->minisocks_ended);
	print_complete(cmd);
	print_number(cmd, "vanished", account->vanished,
		     "removed by an audit: their end was not seen");
	print_audits(cmd);
}

static void print_files(struct stats_cmd *cmd)
{
	const struct tcpstates_account *account = &cmd->account;

	output_format(cmd->out,
		      "%-13s %15llu  open, with %llu KiB of %.0f MiB (each user %.0f); refused %llu\n",
		      "files", account->files, account->files_bytes / 1024,
		      account->files_bytes_max / BYTES_PER_MIB,
		      account->files_bytes_user_max / BYTES_PER_MIB,
		      account->files_refused);
}

static void print_report(struct stats_cmd *cmd)
{
	const struct tcpstates_stats *stats = &cmd->stats;
	const struct tcpstates_info *info = &cmd->info;

	output_format(cmd->out, "%-13s %15s  ABI %u; library %s\n", "module",
		      info->module_version, info->abi_version,
		      tcpstates_version());
	print_number(cmd, "recorded", stats->recorded,
		     "changes of state since the module was loaded");
	print_number(cmd, "overwritten", stats->overwritten,
		     "of these, no longer in memory");
	print_number(cmd, "untracked", stats->untracked,
		     "objects for which a table of the module was full");
	print_number(cmd, "unplaced", stats->unplaced,
		     "connections whose stream began at ESTABLISHED");
	output_format(cmd->out,
		      "%-13s %11.1f MiB  %u rings of %u records\n", "memory",
		      stats->ring_bytes / BYTES_PER_MIB, info->cpus,
		      info->ring_records);
	output_format(cmd->out, "%-13s %11.1f MiB  %s\n", "connections",
		      stats->conn_bytes / BYTES_PER_MIB,
		      "table of connections: since when, whose");
	print_number(cmd, "missed", stats->conns_missed,
		     "connections that got no entry in the table");
	if (cmd->has_account) {
		print_table(cmd);
		print_files(cmd);
	}
	output_format(cmd->out, "%-13s %15u  of %u attached\n", "hooks",
		      count_attached(cmd), TCPSTATES_HOOK_COUNT);
	print_hooks(cmd);
}

static void print_json_account(struct stats_cmd *cmd)
{
	const struct tcpstates_account *account = &cmd->account;
	const struct {
		const char *name;
		unsigned long long value;
	} numbers[] = {
		{ "entries", account->entries },
		{ "entries_started", account->entries_started },
		{ "entries_ended", account->entries_ended },
		{ "requests_started", account->requests_started },
		{ "requests_done", account->requests_done },
		{ "requests_ended", account->requests_ended },
		{ "minisocks_started", account->minisocks_started },
		{ "minisocks_ended", account->minisocks_ended },
		{ "vanished", account->vanished },
		{ "audits", account->audits },
		{ "audit_boot_ns", account->audit_boot_ns },
		{ "incomplete_boot_ns", account->incomplete_boot_ns },
		{ "complete_boot_ns", account->complete_boot_ns },
		{ "files", account->files },
		{ "files_bytes", account->files_bytes },
		{ "files_bytes_max", account->files_bytes_max },
		{ "files_bytes_user_max", account->files_bytes_user_max },
		{ "files_refused", account->files_refused },
		{ "wakeups", account->wakeups },
	};
	size_t i;

	output_format(cmd->out, "\"complete\":%s,",
		      account->incomplete_boot_ns ? "false" : "true");
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		output_format(cmd->out, "\"%s\":%llu,", numbers[i].name,
			      numbers[i].value);
}

static void print_json(struct stats_cmd *cmd)
{
	const struct tcpstates_stats *stats = &cmd->stats;
	const struct tcpstates_info *info = &cmd->info;
	unsigned int hook;

	output_format(cmd->out,
		      "{\"module_version\":\"%s\",\"abi_version\":%u,\"library_version\":\"%s\",",
		      info->module_version, info->abi_version,
		      tcpstates_version());
	output_format(cmd->out,
		      "\"recorded\":%llu,\"overwritten\":%llu,\"untracked\":%llu,\"unplaced\":%llu,",
		      (unsigned long long)stats->recorded,
		      (unsigned long long)stats->overwritten,
		      (unsigned long long)stats->untracked,
		      (unsigned long long)stats->unplaced);
	output_format(cmd->out,
		      "\"ring_bytes\":%llu,\"rings\":%u,\"ring_records\":%u,",
		      (unsigned long long)stats->ring_bytes, info->cpus,
		      info->ring_records);
	if (cmd->has_account)
		print_json_account(cmd);
	output_format(cmd->out,
		      "\"conn_bytes\":%llu,\"conns_missed\":%llu,\"hooks\":{",
		      (unsigned long long)stats->conn_bytes,
		      (unsigned long long)stats->conns_missed);
	for (hook = 0; hook < TCPSTATES_HOOK_COUNT; hook++)
		output_format(cmd->out,
			      "%s\"%s\":{\"attached\":%s,\"calls\":%llu}",
			      hook ? "," : "", tcpstates_hook_name(hook),
			      is_attached(cmd, hook) ? "true" : "false",
			      (unsigned long long)stats->hits[hook]);
	output_format(cmd->out, "}}\n");
}

/* Fills in what the module reports. Returns a status, after a message. */
static int query_module(struct stats_cmd *cmd)
{
	/* The path may name a FIFO: open() must not wait, either. */
	struct tcpstates *stream = tcpstates_open(cmd->device,
						  TCPSTATES_OPEN_NONBLOCK);
	int status = STATUS_OK;

	if (!stream) {
		fprintf(stderr, "tcpstates: %s\n", tcpstates_open_error());
		return STATUS_FAILED;
	}
	if (tcpstates_info(stream, &cmd->info) ||
	    tcpstates_stats(stream, &cmd->stats)) {
		fprintf(stderr, "tcpstates: cannot query the module: %s\n",
			strerror(errno));
		status = STATUS_FAILED;
	}
	cmd->has_account = !tcpstates_account(stream, &cmd->account);
	tcpstates_close(stream);
	return status;
}

int stats_run(struct output *out, int argc, char *argv[])
{
	struct stats_cmd cmd = { .out = out };
	int status = parse_options(&cmd, argc, argv);

	if (status >= 0)
		return status;
	status = query_module(&cmd);
	if (status)
		return status;
	if (cmd.json)
		print_json(&cmd);
	else
		print_report(&cmd);
	return STATUS_OK;
}
