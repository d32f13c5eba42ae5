// SPDX-License-Identifier: GPL-2.0
/*
 * The connection of one curl with an nginx on the same host, recorded in a virtual
 * machine, as "tcpstates run" draws it: as text, or with "--svg" as a drawing.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ladder/flows.h"
#include "ladder/picture.h"
#include "ladder/svg.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define CLIENT	7	/* conn, the socket cookie */
#define SERVER	8
#define ALWAYS	(TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT | \
		 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT | \
		 TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID)
#define OPEN	(TCPSTATES_KNOW_RTT | TCPSTATES_KNOW_RETRANS | \
		 TCPSTATES_KNOW_QUEUES | TCPSTATES_KNOW_BYTES | \
		 TCPSTATES_KNOW_HANDSHAKE)

/* What differs from record to record; times and sizes are as recorded. */
static const struct {
	__u32 ns;
	__u8 conn;
	__u8 old_state;
	__u8 new_state;
	__u8 cause;
	__u32 pid;
	__u32 rtt_us;
	__u32 received;
	__u32 sent;
	__u32 handshake_ns;
} changes[] = {
#define S(name)	TCPSTATES_##name
#define C(name)	TCPSTATES_CAUSE_##name
	{ 309747372, CLIENT, S(CLOSE), S(SYN_SENT), C(CONNECT), 118,
	  0, 0, 0, 0 },
	{ 316480871, SERVER, S(LISTEN), S(SYN_RECV), C(SYN), 107,
	  0, 0, 0, 0 },
	{ 316755150, CLIENT, S(SYN_SENT), S(ESTABLISHED), C(SYNACK), 118, 469,
	  0, 0, 7007778 },
	{ 316949040, SERVER, S(SYN_RECV), S(ESTABLISHED), C(ACK), 107, 297,
	  0, 0, 468169 },
	{ 330950245, CLIENT, S(ESTABLISHED), S(FIN_WAIT1), C(CLOSE), 118, 443,
	  153, 73, 7007778 },
	{ 331348140, SERVER, S(ESTABLISHED), S(CLOSE_WAIT), C(FIN), 109, 272,
	  73, 153, 468169 },
	{ 332529695, SERVER, S(CLOSE_WAIT), S(LAST_ACK), C(CLOSE), 109, 272,
	  73, 153, 468169 },
	{ 332716133, CLIENT, S(FIN_WAIT1), S(FIN_WAIT2), C(FIN_ACKED), 118, 573,
	  153, 73, 7007778 },
	{ 332766518, CLIENT, S(FIN_WAIT2), S(TIME_WAIT), C(FIN), 118, 573,
	  153, 73, 7007778 },
	{ 332890734, SERVER, S(LAST_ACK), S(CLOSE), C(FIN_ACKED), 109, 274,
	  73, 153, 468169 },
};

static struct tcpstates_record record_of(size_t number)
{
	bool server = changes[number].conn == SERVER;
	struct tcpstates_record record = {
		.event = TCPSTATES_EVENT_TRANSITION,
		.family = TCPSTATES_FAMILY_INET,
		.boot_ns = changes[number].ns,
		.conn = changes[number].conn,
		.old_state = changes[number].old_state,
		.new_state = changes[number].new_state,
		.cause = changes[number].cause,
		.laddr = { 127, 0, 0, 1 },
		.raddr = { 127, 0, 0, 1 },
		.lport = server ? 80 : 59816,
		.rport = server ? 59816 : 80,
		.known = ALWAYS | (changes[number].rtt_us ? OPEN : 0),
		.pid = changes[number].pid,
		.rtt_us = changes[number].rtt_us,
		.bytes_in = changes[number].received,
		.bytes_out = changes[number].sent,
		.handshake_ns = changes[number].handshake_ns,
	};

	strcpy(record.comm, server ? "nginx" : "curl");
	return record;
}

static int draw(const struct flow *flow, bool as_svg)
{
	struct picture picture = { .out = stdout };
	struct svg svg;
	int ret;

	if (!as_svg) {
		picture_flow(&picture, flow);
		return 0;
	}
	if (svg_init(&svg))
		return -1;
	svg_add(&svg, flow);
	ret = svg_write(&svg, stdout, "curl");
	svg_free(&svg);
	return ret;
}

int main(int argc, char **argv)
{
	bool as_svg = argc > 1 && !strcmp(argv[1], "--svg");
	struct flow *flow = NULL;
	struct flows flows;
	size_t i;
	int ret;

	if (flows_init(&flows))
		return 1;
	for (i = 0; i < COUNT(changes); i++) {
		struct tcpstates_record record = record_of(i);

		if (flows_add(&flows, &record, record.conn == CLIENT, &flow))
			return 1;
	}
	ret = flow ? draw(flow, as_svg) : -1;
	flows_free(&flows);
	return ret ? 1 : 0;
}
