// SPDX-License-Identifier: GPL-2.0
/* The labels of a picture, as text or SVG. */
#include "ladder/label.h"

#include <stdio.h>
#include <string.h>

#include "text/span.h"

/* Whether the name of the segment implies the cause. */
static bool is_evident(unsigned int cause)
{
	switch (cause) {
	case TCPSTATES_CAUSE_SYN:
	case TCPSTATES_CAUSE_SYNACK:
	case TCPSTATES_CAUSE_ACK:
	case TCPSTATES_CAUSE_FIN:
	case TCPSTATES_CAUSE_FIN_ACKED:
	case TCPSTATES_CAUSE_RST_RECEIVED:
	case TCPSTATES_CAUSE_RST_SENT:
		return true;
	default:
		return false;
	}
}

/** label_rung() - the segment and its cause; only the cause without a segment */
void label_rung(const struct rung *rung, char text[LABEL_SIZE])
{
	const struct tcpstates_record *of = rung->sent ? rung->sent :
							 rung->received;
	const char *name = segment_name(rung->segment);
	const char *cause = tcpstates_cause_name(of->cause);

	if (rung->segment == SEGMENT_NONE)
		snprintf(text, LABEL_SIZE, "(%s)",
			 of->cause ? cause : "for an unknown cause");
	else if (is_evident(of->cause) || !of->cause)
		snprintf(text, LABEL_SIZE, "%s", name);
	else
		snprintf(text, LABEL_SIZE, "%s, %s", name, cause);
}

/** label_delay() - how long a segment took; false if unknown */
bool label_delay(const struct rung *rung, char text[LABEL_SIZE])
{
	char span[SPAN_SIZE];

	/* Clocks of two processors may differ slightly. */
	if (!rung->sent || !rung->received ||
	    rung->sent->boot_ns > rung->received->boot_ns)
		return false;
	span_format(rung->received->boot_ns - rung->sent->boot_ns, span);
	snprintf(text, LABEL_SIZE, "%s", span);
	return true;
}

/** label_owner() - the owner of an end */
void label_owner(const struct flow *flow, int which,
		 char text[CELL_ENDPOINT_SIZE])
{
	const struct end *end = &flow->ends[which];

	if (end->count)
		cell_owner(end_owner(end), text);
	else
		snprintf(text, CELL_ENDPOINT_SIZE, "(not seen here)");
}

/* The last record that has all the bits of @known, else the first one. */
static const struct tcpstates_record *best_tuple(const struct end *end,
						 __u32 known)
{
	size_t i = end->count - 1;

	while (i && (end->records[i].known & known) != known)
		i--;
	return &end->records[i];
}

/** label_endpoint() - address and port of an end, as either end knows them */
void label_endpoint(const struct flow *flow, int which,
		    char text[CELL_ENDPOINT_SIZE])
{
	const struct end *end = &flow->ends[which];

	if (end->count)
		cell_local(best_tuple(end, TCPSTATES_KNOW_LADDR |
					   TCPSTATES_KNOW_LPORT), text);
	else
		cell_remote(best_tuple(&flow->ends[!which],
				       TCPSTATES_KNOW_RADDR |
				       TCPSTATES_KNOW_RPORT), text);
}

/** label_who() - the name of an end in a sentence */
void label_who(const struct flow *flow, int which,
	       char text[CELL_ENDPOINT_SIZE])
{
	const struct end *end = &flow->ends[which];

	if (end->count && end_owner(end)->known & TCPSTATES_KNOW_OWNER)
		label_owner(flow, which, text);
	else
		label_endpoint(flow, which, text);
}
