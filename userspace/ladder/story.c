// SPDX-License-Identifier: GPL-2.0
/*
 * A connection in words. Each sentence is based on the records of one end; what both
 * ends report is said once.
 */
#include "ladder/story.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "ladder/label.h"
#include "stuck/diagnosis.h"
#include "text/span.h"

/**
 * struct story - sentences about a connection
 * @flow: the connection
 * @lines: the sentences, each a paragraph
 * @count: number of sentences
 */
struct story {
	const struct flow *flow;
	char (*lines)[STORY_SIZE];
	size_t count;
};

__printf(2, 3)
static void add_sentence(struct story *story, const char *format, ...)
{
	va_list args;

	if (story->count == STORY_LINES)
		return;
	va_start(args, format);
	vsnprintf(story->lines[story->count++], STORY_SIZE, format, args);
	va_end(args);
}

/* The change that led an end into a state, or NULL. */
static const struct tcpstates_record *change_to(const struct end *end,
						unsigned int state)
{
	size_t i;

	for (i = 0; i < end->count; i++)
		if (end->records[i].new_state == state)
			return &end->records[i];
	return NULL;
}

static const struct tcpstates_record *last_of(const struct end *end)
{
	return &end->records[end->count - 1];
}

/*
 * What went wrong, by the cause of the change to CLOSE of one end. In the texts @ stands
 * for this end, # for the other one.
 */
static const char * const faults[TCPSTATES_CAUSE_COUNT] = {
	[TCPSTATES_CAUSE_RST_RECEIVED] =
		"# reset the connection (RST).",
	[TCPSTATES_CAUSE_RST_SENT] =
		"Data arrived for @ when no program could read it any more: the kernel answered with a RST.",
	[TCPSTATES_CAUSE_ABORT] =
		"@ aborted it (SO_LINGER with 0, or connect() to AF_UNSPEC).",
	[TCPSTATES_CAUSE_UNREAD] =
		"@ closed before it had read all data, so the kernel sent a RST instead of a FIN: data on the way to # may be lost (RFC 2525, 2.17).",
	[TCPSTATES_CAUSE_DISCONNECT] =
		"@ aborted it by shutdown() or connect() to AF_UNSPEC before it was open.",
	[TCPSTATES_CAUSE_REFUSED] =
		"Refused: nobody listens at #, or a firewall says so.",
	[TCPSTATES_CAUSE_UNREACHABLE] =
		"Unreachable: a router or the host of # sent an ICMP error.",
	[TCPSTATES_CAUSE_SYNACK_TIMEOUT] =
		"The handshake was never completed: the SYN-ACK was not answered. The path to # may be blocked, or the SYN was part of a scan or a flood.",
	[TCPSTATES_CAUSE_OVERFLOW] =
		"The accept queue of @ was full, so the last ACK of the handshake was dropped: the program does not call accept() often enough, or its backlog is too small.",
	[TCPSTATES_CAUSE_LISTENER_CLOSED] =
		"@ closed its listener before it had accepted this one.",
	[TCPSTATES_CAUSE_DUPLICATE] =
		"Another SYN of the same connection was faster.",
	[TCPSTATES_CAUSE_TW_OVERFLOW] =
		"It skipped TIME_WAIT: net.ipv4.tcp_max_tw_buckets are in use.",
	[TCPSTATES_CAUSE_NETNS_EXIT] =
		"Its network namespace was removed.",
	[TCPSTATES_CAUSE_KILLED] =
		"Another process ended it, for example 'ss -K'.",
	[TCPSTATES_CAUSE_NO_MEMORY] =
		"The kernel ended it: too many orphans, or net.ipv4.tcp_mem is used up.",
	[TCPSTATES_CAUSE_CONNECT_FAILED] =
		"connect() failed before a SYN was sent: no free port, or no route.",
	[TCPSTATES_CAUSE_UNSEEN] =
		"Its end was not seen: an audit found that the kernel no longer had it. When it ended is unknown.",
};

/* What a timeout means depends on the state. */
static void tell_timeout(struct story *story, const struct tcpstates_record *last,
			 const char *other)
{
	if (last->old_state == TCPSTATES_SYN_SENT)
		add_sentence(story,
			     "No answer from %s: the host is down, or a firewall drops the SYNs.",
			     other);
	else if (last->old_state == TCPSTATES_FIN_WAIT2)
		add_sentence(story, "%s did not close within net.ipv4.tcp_fin_timeout.",
			     other);
	else
		add_sentence(story,
			     "%s no longer acknowledges: it or the network is down, or a firewall lost its state.",
			     other);
}

/* Whether the end of the connection was not orderly here. */
static bool is_fault(const struct end *end)
{
	const struct tcpstates_record *last;

	if (end_state(end) != TCPSTATES_CLOSE)
		return false;
	last = last_of(end);
	return last->cause == TCPSTATES_CAUSE_TIMEOUT || faults[last->cause];
}

/* Replaces @ and # by the names of the ends. */
static void name_ends(const char *fault, const char *here, const char *there,
		      char text[STORY_SIZE])
{
	size_t length = 0;

	for (; *fault && length < STORY_SIZE - 1; fault++) {
		const char *name = *fault == '@' ? here :
				   *fault == '#' ? there : NULL;

		if (name)
			length += snprintf(text + length, STORY_SIZE - length,
					   "%s", name);
		else
			text[length++] = *fault;
	}
	text[length < STORY_SIZE ? length : STORY_SIZE - 1] = '\0';
}

static void tell_fault(struct story *story, int which)
{
	char here[CELL_ENDPOINT_SIZE], there[CELL_ENDPOINT_SIZE];
	const struct end *end = &story->flow->ends[which];
	const struct tcpstates_record *last;
	char text[STORY_SIZE];

	if (!is_fault(end))
		return;
	last = last_of(end);
	/* The end that sent the RST knows why. */
	if (last->cause == TCPSTATES_CAUSE_RST_RECEIVED &&
	    is_fault(&story->flow->ends[!which]))
		return;
	label_who(story->flow, which, here);
	label_who(story->flow, !which, there);
	if (last->cause == TCPSTATES_CAUSE_TIMEOUT) {
		tell_timeout(story, last, there);
		return;
	}
	name_ends(faults[last->cause], here, there, text);
	add_sentence(story, "%s", text);
}

/* Who closed first, according to one end. */
static void tell_close(struct story *story)
{
	const struct flow *flow = story->flow;
	char first[CELL_ENDPOINT_SIZE], second[CELL_ENDPOINT_SIZE];
	const struct end *end;
	bool active, passive;
	int which = 0;

	/* Of two ends, the one that closed first knows. */
	if (flow->ends[1].count &&
	    !change_to(&flow->ends[0], TCPSTATES_FIN_WAIT1))
		which = 1;
	end = &flow->ends[which];
	active = change_to(end, TCPSTATES_FIN_WAIT1);
	passive = change_to(end, TCPSTATES_CLOSE_WAIT);
	if (!active && !passive)
		return;
	label_who(flow, active ? which : !which, first);
	label_who(flow, active ? !which : which, second);
	if (change_to(end, TCPSTATES_CLOSING))
		add_sentence(story, "%s and %s closed at the same time.", first, second);
	else if (change_to(end, active ? TCPSTATES_TIME_WAIT :
					 TCPSTATES_LAST_ACK))
		add_sentence(story, "%s closed first (active close), then %s (passive close).",
			     first, second);
	else if (active)
		add_sentence(story, "%s closed first (active close); no FIN from %s has arrived.",
			     first, second);
	else
		add_sentence(story, "%s closed first (active close), and %s has not closed.",
			     first, second);
}

/* How long this end was in ESTABLISHED; false if it never was, or still is. */
static bool open_time(const struct end *end, __u64 *ns)
{
	size_t i;

	for (i = 0; i + 1 < end->count; i++) {
		if (end->records[i].new_state != TCPSTATES_ESTABLISHED)
			continue;
		*ns = end->records[i + 1].boot_ns - end->records[i].boot_ns;
		return true;
	}
	return false;
}

__printf(2, 3)
static void append_format(char line[STORY_SIZE], const char *format, ...)
{
	size_t length = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + length, STORY_SIZE - length, format, args);
	va_end(args);
}

/* The last record that has a counter: counters only grow. */
static const struct tcpstates_record *last_knowing(const struct end *end,
						   __u32 known)
{
	size_t i;

	for (i = end->count; i--;)
		if (end->records[i].known & known)
			return &end->records[i];
	return NULL;
}

static void tell_figures(struct story *story, const struct end *end)
{
	const struct tcpstates_record *of;
	char line[STORY_SIZE] = "", span[SPAN_SIZE];
	__u64 ns;

	of = last_knowing(end, TCPSTATES_KNOW_HANDSHAKE);
	if (of) {
		span_format(of->handshake_ns, span);
		append_format(line, "Handshake %s", span);
	}
	if (open_time(end, &ns)) {
		span_format(ns, span);
		append_format(line, "%s for %s", *line ? ", open" : "Open", span);
	}
	of = last_knowing(end, TCPSTATES_KNOW_BYTES);
	if (of && *line)
		append_format(line, ", %llu bytes sent, %llu received",
			      (unsigned long long)of->bytes_out,
			      (unsigned long long)of->bytes_in);
	of = last_knowing(end, TCPSTATES_KNOW_RETRANS);
	if (of && of->retrans)
		append_format(line, "%s%u segments retransmitted", *line ? ", " : "",
			      of->retrans);
	of = last_knowing(end, TCPSTATES_KNOW_RTT);
	if (of) {
		span_format(of->rtt_us * 1000ULL, span);
		append_format(line, "%sround trip %s", *line ? ", " : "", span);
	}
	if (*line)
		add_sentence(story, "%s.", line);
}

static void tell_rest(struct story *story, int which)
{
	const struct end *end = &story->flow->ends[which];
	char who[CELL_ENDPOINT_SIZE];
	unsigned int state = end_state(end);

	if (state == TCPSTATES_UNKNOWN || state == TCPSTATES_CLOSE)
		return;
	label_who(story->flow, which, who);
	if (state == TCPSTATES_TIME_WAIT)
		add_sentence(story,
			     "%s stays in TIME_WAIT for a minute, in case its last ACK gets lost.",
			     who);
	else
		add_sentence(story, "%s is still in %s. %s", who,
			     tcpstates_state_name(state),
			     diagnosis_text(diagnosis_of(last_of(end))));
}

/**
 * story_of_flow() - describe a connection in words
 * @flow: the connection
 * @lines: filled in with sentences
 *
 * Return: number of sentences.
 */
size_t story_of_flow(const struct flow *flow,
		     char lines[STORY_LINES][STORY_SIZE])
{
	struct story story = { .flow = flow, .lines = lines };
	int which;

	for (which = 0; which < 2; which++)
		tell_fault(&story, which);
	tell_close(&story);
	for (which = 0; which < 2; which++)
		if (flow->ends[which].own && flow->ends[which].count) {
			tell_figures(&story, &flow->ends[which]);
			break;
		}
	for (which = 0; which < 2; which++)
		tell_rest(&story, which);
	if (flow->lost)
		add_sentence(&story, "Records were lost meanwhile: changes may be missing here.");
	if (flow->cut)
		add_sentence(&story, "It had more changes than are shown.");
	return story.count;
}
