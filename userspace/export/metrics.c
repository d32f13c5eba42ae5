// SPDX-License-Identifier: GPL-2.0
/*
 * The metrics in the text format of Prometheus, version 0.0.4. A series that has been
 * exported once stays, with 0, as long as its group exists, so that alerts resolve;
 * tally.h bounds their number.
 *
 * Any user can choose the name of a process. The labels for other and unknown names
 * are texts that no process can have: longer than a name, and without a backslash,
 * which escapes add to names.
 */
#include "export/metrics.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/stuck_states.h"
#include "export/tally.h"

#define OTHER_OWNERS	"(all other names)"
#define UNKNOWN_OWNER	"(owner not known)"
#define OTHER_LISTENERS	"(all other listeners)"

static_assert(sizeof(OTHER_OWNERS) > TCPSTATES_COMM_LEN + 1 &&
	      sizeof(UNKNOWN_OWNER) > TCPSTATES_COMM_LEN + 1,
	      "no process can have such a name");

/* The spelling of a state in labels: close_wait. */
static const char *state_label(unsigned int state, char text[16])
{
	const char *name = tcpstates_state_name(state);
	size_t i;

	if (state == TCPSTATES_UNKNOWN)
		name = "unknown";
	for (i = 0; name[i] && i < 15; i++)
		text[i] = tolower((unsigned char)name[i]);
	text[i] = '\0';
	return text;
}

static void put_head(FILE *out, const char *name, const char *type,
		     const char *help)
{
	fprintf(out, "# HELP tcpstates_%s %s\n# TYPE tcpstates_%s %s\n", name,
		help, name, type);
}

static void put_single(FILE *out, const char *name, const char *type,
		       const char *help, unsigned long long value)
{
	put_head(out, name, type, help);
	fprintf(out, "tcpstates_%s %llu\n", name, value);
}

/* A name in quotes; backslashes of its escapes are doubled for Prometheus. */
static void put_comm(FILE *out, const char comm[TCPSTATES_COMM_LEN])
{
	char text[TCPSTATES_COMM_SIZE];
	const char *p;

	tcpstates_format_comm(comm, false, text, sizeof(text));
	for (p = text; *p; p++)
		fprintf(out, *p == '\\' ? "\\\\" : "%c", *p);
}

static void put_owner(FILE *out, const struct tally *tally, unsigned int i)
{
	const struct tally_group *group = &tally->owners[i];

	fputs("comm=", out);
	if (i == TALLY_OTHER)
		fputs("\"" OTHER_OWNERS "\"", out);
	else if (!group->key.known)
		fputs("\"" UNKNOWN_OWNER "\"", out);
	else
		put_comm(out, group->key.comm);
}

static void put_listener(FILE *out, const struct tally *tally, unsigned int i)
{
	const struct tally_key *key = &tally->listeners[i].key;
	char address[TCPSTATES_ADDRESS_SIZE];

	if (i == TALLY_OTHER) {
		fputs("listener=\"" OTHER_LISTENERS "\"", out);
		return;
	}
	tcpstates_format_address(key->family, key->addr, address,
				 sizeof(address));
	fprintf(out, key->family == TCPSTATES_FAMILY_INET6 ?
		"listener=\"[%s]:%u\"" : "listener=\"%s:%u\"", address,
		key->port);
	if (key->is_foreign)
		fputs(",netns=\"other\"", out);
}

static void put_connections(FILE *out, const struct tally *tally)
{
	char label[16];
	unsigned int i;

	put_head(out, "connections", "gauge", "Connections that exist, by state.");
	for (i = 1; i < TCPSTATES_STATE_COUNT; i++)
		if (i != TCPSTATES_CLOSE)
			fprintf(out, "tcpstates_connections{state=\"%s\"} %llu\n",
				state_label(i, label), tally->states[i]);
}

/* One series for each group and state. */
static void put_groups(FILE *out, const struct tally *tally, const char *name,
		       const struct tally_group *groups,
		       void (*put_label)(FILE *out, const struct tally *tally,
					 unsigned int i))
{
	char label[16];
	unsigned int i, state;

	for (i = 0; i < TALLY_GROUPS; i++) {
		if (!groups[i].used)
			continue;
		for (state = 1; state < TCPSTATES_STATE_COUNT; state++) {
			if (state == TCPSTATES_CLOSE)
				continue;
			fprintf(out, "tcpstates_%s{", name);
			put_label(out, tally, i);
			fprintf(out, ",state=\"%s\"} %llu\n",
				state_label(state, label),
				groups[i].states[state]);
		}
	}
}

static void put_stuck(FILE *out, const struct tally *tally)
{
	char label[16];
	unsigned int i;
	size_t j;

	put_head(out, "stuck_connections", "gauge",
		 "Connections in a state for longer than its limit, by owner.");
	for (i = 0; i < TALLY_GROUPS; i++) {
		if (!tally->owners[i].used)
			continue;
		for (j = 0; j < TCPSTATES_STATE_COUNT; j++) {
			if (!(STUCK_STATES & 1U << j))
				continue;
			fputs("tcpstates_stuck_connections{", out);
			put_owner(out, tally, i);
			fprintf(out, ",state=\"%s\"} %llu\n",
				state_label(j, label),
				tally->owners[i].stuck[j]);
		}
	}
	put_head(out, "stuck_events_total", "counter",
		 "How often a connection was told to be stuck, again at each doubling of its age.");
	for (j = 0; j < TCPSTATES_STATE_COUNT; j++)
		if (STUCK_STATES & 1U << j)
			fprintf(out, "tcpstates_stuck_events_total{state=\"%s\"} %llu\n",
				state_label(j, label), tally->stuck_events[j]);
}

static void put_transitions(FILE *out, const struct tally *tally)
{
	unsigned int old, new, cause;
	char labels[2][16];

	put_head(out, "transitions_total", "counter",
		 "Changes of state, by what they were and why.");
	for (old = 0; old < TCPSTATES_STATE_COUNT; old++)
		for (new = 0; new < TCPSTATES_STATE_COUNT; new++)
			for (cause = 0; cause < TCPSTATES_CAUSE_COUNT; cause++)
				if (tally->transitions[old][new][cause])
					fprintf(out,
						"tcpstates_transitions_total{old=\"%s\",new=\"%s\",cause=\"%s\"} %llu\n",
						state_label(old, labels[0]),
						state_label(new, labels[1]),
						cause ? tcpstates_cause_name(cause) :
							"unknown",
						tally->transitions[old][new][cause]);
}

static void put_histogram(FILE *out, const char *name, const char *label,
			  const struct tally_histogram *histogram,
			  const double bounds[TALLY_BUCKETS - 1])
{
	unsigned long long below = 0;
	unsigned int i;

	for (i = 0; i < TALLY_BUCKETS; i++) {
		below += histogram->counts[i];
		fprintf(out, "tcpstates_%s_bucket{%s,le=\"", name, label);
		if (i < TALLY_BUCKETS - 1)
			fprintf(out, "%g\"} %llu\n", bounds[i], below);
		else
			fprintf(out, "+Inf\"} %llu\n", below);
	}
	fprintf(out, "tcpstates_%s_sum{%s} %llu.%09u\n", name, label,
		histogram->sum_s, histogram->sum_ns);
	fprintf(out, "tcpstates_%s_count{%s} %llu\n", name, label, below);
}

static void put_histograms(FILE *out, const struct tally *tally)
{
	char label[32], state[16];
	unsigned int i;

	put_head(out, "handshake_seconds", "histogram",
		 "From the SYN to ESTABLISHED, of connections from here (active) and to here.");
	put_histogram(out, "handshake_seconds", "side=\"active\"",
		      &tally->handshakes[0], tally_handshake_bounds);
	put_histogram(out, "handshake_seconds", "side=\"passive\"",
		      &tally->handshakes[1], tally_handshake_bounds);
	put_head(out, "state_seconds", "histogram",
		 "How long a state had lasted when it was left.");
	for (i = 1; i < TCPSTATES_STATE_COUNT; i++) {
		if (i == TCPSTATES_CLOSE)
			continue;
		snprintf(label, sizeof(label), "state=\"%s\"",
			 state_label(i, state));
		put_histogram(out, "state_seconds", label, &tally->durations[i],
			      tally_duration_bounds);
	}
}

static void put_queue(FILE *out, const struct metrics *metrics,
		      const char *name, size_t i, unsigned long long value)
{
	fprintf(out, "tcpstates_%s{", name);
	put_listener(out, metrics->tally, metrics->queues[i].listener);
	fprintf(out, "} %llu\n", value);
}

static void put_queues(FILE *out, const struct metrics *metrics)
{
	const struct tally *tally = metrics->tally;
	size_t i;

	put_head(out, "accept_queue", "gauge",
		 "Connections that wait for accept(), by listener; of several, the fullest.");
	for (i = 0; i < metrics->queue_count; i++)
		put_queue(out, metrics, "accept_queue", i,
			  metrics->queues[i].length);
	put_head(out, "accept_queue_limit", "gauge",
		 "How many may wait for accept(), by listener.");
	for (i = 0; i < metrics->queue_count; i++)
		put_queue(out, metrics, "accept_queue_limit", i,
			  metrics->queues[i].limit);
	put_head(out, "accept_overflows_total", "counter",
		 "Connections that ended because the accept queue was full, by listener.");
	for (i = 0; i < TALLY_GROUPS; i++) {
		if (!tally->listeners[i].used)
			continue;
		fputs("tcpstates_accept_overflows_total{", out);
		put_listener(out, tally, i);
		fprintf(out, "} %llu\n", tally->listeners[i].overflows);
	}
}

static void put_account(FILE *out, const struct tcpstates_account *account)
{
	put_single(out, "table_entries", "gauge",
		   "Connections in the module's table.", account->entries);
	put_single(out, "table_complete", "gauge",
		   "1 if every connection has an entry in the module's table, 0 if some have none.",
		   !account->incomplete_boot_ns);
	put_single(out, "vanished_connections_total", "counter",
		   "Connections whose end was not seen, found by an audit.",
		   account->vanished);
	put_single(out, "audits_total", "counter",
		   "Comparisons of the module's table with the kernel's sockets.",
		   account->audits);
	put_single(out, "half_open_requests", "gauge",
		   "Half-open connections (SYN_RECV) that are request sockets.",
		   account->requests_started - account->requests_done -
		   account->requests_ended);
	put_single(out, "minisocks", "gauge",
		   "Connections in TIME_WAIT, or in FIN_WAIT2 without a socket.",
		   account->minisocks_started - account->minisocks_ended);
	put_single(out, "open_files", "gauge", "Open files of the device. This exporter has two.",
		   account->files);
	put_single(out, "open_files_bytes", "gauge",
		   "Memory that open files of the device take in the module.",
		   account->files_bytes);
	put_single(out, "memory_refusals_total", "counter",
		   "How often open files were refused memory: opens, snapshots, single rows.",
		   account->files_refused);
}

static void put_module(FILE *out, const struct metrics *metrics)
{
	const struct tcpstates_stats *stats = &metrics->stats;
	unsigned int i;

	put_single(out, "records_total", "counter",
		   "Records that the module has written since it was loaded.",
		   stats->recorded);
	put_single(out, "lost_records_total", "counter",
		   "Records that this exporter has missed because it read too slowly.",
		   metrics->tally->lost);
	put_single(out, "missed_connections_total", "counter",
		   "Connections that got no entry in the module's table: it was full (conn_mib), or their chain was.",
		   stats->conns_missed);
	put_single(out, "untracked_total", "counter",
		   "Objects that found no place in the module, each worth a transition.",
		   stats->untracked);
	put_single(out, "incomplete", "gauge",
		   "1 if this exporter had no memory for something; counts lack it.",
		   metrics->tally->failed);
	if (metrics->writes)
		put_single(out, "textfile_failures_total", "counter",
			   "How often this file could not be written.",
			   metrics->write_failures);
	put_single(out, "ring_bytes", "gauge", "Memory of the module's rings.",
		   stats->ring_bytes);
	put_single(out, "table_bytes", "gauge",
		   "Memory of the module's table of connections.",
		   stats->conn_bytes);
	if (metrics->has_account)
		put_account(out, &metrics->account);
	put_head(out, "hook_missing", "gauge",
		 "1 where the module could not hook a function of this kernel, so that something is not seen.");
	for (i = 0; i < TCPSTATES_HOOK_COUNT; i++)
		fprintf(out, "tcpstates_hook_missing{hook=\"%s\"} %d\n",
			tcpstates_hook_name(i),
			!(metrics->info.hooks >> i & 1));
	put_head(out, "build_info", "gauge", "The versions, as labels.");
	fprintf(out, "tcpstates_build_info{version=\"%s\",module=\"%s\"} 1\n",
		tcpstates_version(), metrics->info.module_version);
}

/**
 * metrics_text() - the metrics as text
 * @metrics: their values
 * @length: set to the length of the text
 *
 * Return: the text, to be freed; NULL if there is no memory.
 */
char *metrics_text(const struct metrics *metrics, size_t *length)
{
	const struct tally *tally = metrics->tally;
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	if (!out)
		return NULL;
	put_connections(out, tally);
	put_head(out, "listener_connections", "gauge",
		 "Connections by listener and state; syn_recv are half open.");
	put_groups(out, tally, "listener_connections", tally->listeners,
		   put_listener);
	put_head(out, "owner_connections", "gauge",
		 "Connections by the name of the owner's process, and state.");
	put_groups(out, tally, "owner_connections", tally->owners, put_owner);
	put_stuck(out, tally);
	put_transitions(out, tally);
	put_histograms(out, tally);
	put_queues(out, metrics);
	put_module(out, metrics);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
