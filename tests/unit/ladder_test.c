// SPDX-License-Identifier: GPL-2.0
/*
 * Ladders: which records belong to one connection, and what its picture looks like.
 * Scripts below have a record per word: an end, and what happened to it. c is of the
 * command, its peer is o, of somebody else, or C, of the command as well.
 */
#include "unit.h"

#include <stdbool.h>

#include "ladder/flows.h"
#include "ladder/picture.h"
#include "ladder/svg.h"

#define TUPLE	(TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT | \
		 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT)
#define COLUMNS		79

/* What can happen, by a word. */
static const struct {
	const char *word;
	u8 old;
	u8 new;
	u8 cause;
} changes[] = {
#define S(name)	TCPSTATES_##name
#define C(name)	TCPSTATES_CAUSE_##name
	{ "connect", S(CLOSE), S(SYN_SENT), C(CONNECT) },
	{ "syn", S(LISTEN), S(SYN_RECV), C(SYN) },
	{ "cookie", S(LISTEN), S(SYN_RECV), C(ACK) },
	{ "synack", S(SYN_SENT), S(ESTABLISHED), C(SYNACK) },
	{ "ack", S(SYN_RECV), S(ESTABLISHED), C(ACK) },
	{ "syn-syn", S(SYN_SENT), S(SYN_RECV), C(SYN) },
	{ "refused", S(SYN_SENT), S(CLOSE), C(REFUSED) },
	{ "unreachable", S(SYN_SENT), S(CLOSE), C(UNREACHABLE) },
	{ "no-answer", S(SYN_SENT), S(CLOSE), C(TIMEOUT) },
	{ "synack-timeout", S(SYN_RECV), S(CLOSE), C(SYNACK_TIMEOUT) },
	{ "close", S(ESTABLISHED), S(FIN_WAIT1), C(CLOSE) },
	{ "fin", S(ESTABLISHED), S(CLOSE_WAIT), C(FIN) },
	{ "fin-acked", S(FIN_WAIT1), S(FIN_WAIT2), C(FIN_ACKED) },
	{ "last-fin", S(FIN_WAIT2), S(TIME_WAIT), C(FIN) },
	{ "close-too", S(CLOSE_WAIT), S(LAST_ACK), C(CLOSE) },
	{ "last-ack", S(LAST_ACK), S(CLOSE), C(FIN_ACKED) },
	{ "cross", S(FIN_WAIT1), S(CLOSING), C(FIN) },
	{ "cross-acked", S(CLOSING), S(TIME_WAIT), C(FIN_ACKED) },
	{ "expired", S(TIME_WAIT), S(CLOSE), C(TW_EXPIRED) },
	{ "reset", S(ESTABLISHED), S(CLOSE), C(RST_RECEIVED) },
	{ "abort", S(ESTABLISHED), S(CLOSE), C(ABORT) },
	{ "listen", S(CLOSE), S(LISTEN), C(LISTEN) },
	{ "unlisten", S(LISTEN), S(CLOSE), C(CLOSE) },
};

static struct flows flows;
static u64 now;
static u32 netns_of_others;
static u32 flag;
static u8 network;
static char shown[16384];

static int setup(void **state)
{
	(void)state;
	must(!flows_init(&flows));
	now = 1000000000;
	netns_of_others = 1;
	flag = 0;
	network = 127;
	*shown = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	flows_free(&flows);
	return 0;
}

static struct tcpstates_record end_of(char letter)
{
	bool server = letter != 'c';
	struct tcpstates_record record = {
		.event = TCPSTATES_EVENT_TRANSITION,
		.family = TCPSTATES_FAMILY_INET,
		.conn = letter,
		.netns = letter == 'o' ? netns_of_others : 1,
		.laddr = { network, 0, 0, server ? 2 : 1 },
		.raddr = { network, 0, 0, server ? 1 : 2 },
		.known = TUPLE | TCPSTATES_KNOW_OWNER,
		.lport = server ? 80 : 4000,
		.rport = server ? 4000 : 80,
		.pid = letter,
		.comm = "client",
	};

	if (server)
		strcpy(record.comm, "<server>");
	return record;
}

/* Draws what has ended, below what was drawn before. */
static void draw(const struct flow *flow)
{
	char *text;
	size_t length;
	struct picture picture = { .out = open_memstream(&text, &length) };

	must(picture.out);
	picture_flow(&picture, flow);
	fclose(picture.out);
	must(strlen(shown) + length < sizeof(shown));
	strcat(shown, text);
	free(text);
}

static void happen(char letter, const char *word)
{
	struct tcpstates_record record = end_of(letter);
	struct flow *flow;
	size_t i;

	for (i = 0; i < COUNT(changes); i++)
		if (!strcmp(changes[i].word, word))
			break;
	must(i < COUNT(changes));
	record.old_state = changes[i].old;
	record.new_state = changes[i].new;
	record.cause = changes[i].cause;
	record.boot_ns = now;
	now += 1000000;
	record.flags = flag;
	must(!flows_add(&flows, &record, letter == 'c' || letter == 'C', &flow));
	if (!flow || !flow_done(flow, false))
		return;
	draw(flow);
	flows_remove(&flows, flow);
}

/* Words like "c:connect o:syn". */
static void play(const char *script)
{
	char word[32];
	int length;

	while (sscanf(script, " %31s%n", word, &length) == 1) {
		happen(*word, word + 2);
		script += length;
	}
}

/* What has not ended. */
static void draw_rest(void)
{
	struct flow *flow;

	while ((flow = flows_first(&flows))) {
		draw(flow);
		flows_remove(&flows, flow);
	}
}

#define HEAD_BOTH \
	"#1         99/client                                    111/<server>\n" \
	"           127.0.0.1:4000                               127.0.0.2:80\n"
#define HEAD_ONE \
	"#1         99/client                                    (not seen here)\n" \
	"           127.0.0.1:4000                               127.0.0.2:80\n"
#define HANDSHAKE \
	"           CLOSE                                        LISTEN\n" \
	"      0 us SYN_SENT    --- SYN, connect -- 1.000 ms --> SYN_RECV\n" \
	"  1.000 ms ESTABLISHED <-- 1.000 ms ------- SYN-ACK ---               +1.000 ms\n" \
	"  2.000 ms             --- ACK ----------- 1.000 ms --> ESTABLISHED   +1.000 ms\n"
#define SYN_ALONE \
	"           CLOSE\n" \
	"      0 us SYN_SENT    --- SYN, connect -------------->\n"

static void expect(const char *script, const char *picture)
{
	play(script);
	draw_rest();
	assert_string_equal(shown, picture);
	assert_int_equal(flows.count, 0);
	assert_null(flows.by_conn);
	assert_null(flows.by_tuple);
}

static void test_whole_life(void **state)
{
	(void)state;
	play("c:connect o:syn c:synack o:ack c:close o:fin c:fin-acked");
	play("o:close-too c:last-fin");
	assert_string_equal(shown, "");
	expect("o:last-ack", HEAD_BOTH HANDSHAKE
	       "  4.000 ms FIN_WAIT1   --- FIN, close ---- 1.000 ms --> CLOSE_WAIT    +2.000 ms\n"
	       "  6.000 ms FIN_WAIT2   <----------------------- ACK ---               +2.000 ms\n"
	       "  7.000 ms TIME_WAIT   <-- 1.000 ms ---- FIN, close --- LAST_ACK      +1.000 ms\n"
	       "  8.000 ms             --- ACK ----------- 1.000 ms --> CLOSE         +1.000 ms\n"
	       "           99/client closed first (active close), then 111/<server> (passive\n"
	       "           close).\n"
	       "           Open for 2.000 ms.\n"
	       "           99/client stays in TIME_WAIT for a minute, in case its last ACK gets\n"
	       "           lost.\n\n");
	/* The end of TIME_WAIT is no connection of its own. */
	*shown = '\0';
	expect("c:expired", "");
}

/* The ACK that came with the FIN stands before it: states are in their order. */
static void test_fin_with_ack(void **state)
{
	(void)state;
	play("c:connect o:syn c:synack o:ack o:close c:fin c:close-too");
	expect("o:fin-acked o:last-fin c:last-ack",
	       HEAD_BOTH HANDSHAKE
	       "  4.000 ms CLOSE_WAIT  <-- 1.000 ms ---- FIN, close --- FIN_WAIT1     +2.000 ms\n"
	       "                       --- ACK -----------------------> FIN_WAIT2\n"
	       "  6.000 ms LAST_ACK    --- FIN, close ---- 2.000 ms --> TIME_WAIT     +2.000 ms\n"
	       "  8.000 ms CLOSE       <-- 1.000 ms ----------- ACK ---               +2.000 ms\n"
	       "           111/<server> closed first (active close), then 99/client (passive\n"
	       "           close).\n"
	       "           Open for 3.000 ms.\n"
	       "           111/<server> stays in TIME_WAIT for a minute, in case its last ACK\n"
	       "           gets lost.\n\n");
}

/*
 * The client, which is not the command's, began before the command's end did; the
 * next connection of the same ports has nothing to do with it.
 */
static void test_command_serves(void **state)
{
	(void)state;
	expect("o:connect c:syn o:synack c:ack c:abort o:reset",
	       "#1         111/<server>                                 99/client\n"
	       "           127.0.0.2:80                                 127.0.0.1:4000\n"
	       HANDSHAKE
	       "  4.000 ms CLOSE       <-- 1.000 ms ---- RST, abort --- CLOSE         +2.000 ms\n"
	       "           99/client aborted it (SO_LINGER with 0, or connect() to AF_UNSPEC).\n"
	       "           Open for 1.000 ms.\n\n");
	*shown = '\0';
	flows.begun = 0;
	expect("c:connect c:refused", HEAD_ONE SYN_ALONE
	       "  1.000 ms CLOSE       <------ RST or ICMP, refused ---               +1.000 ms\n"
	       "           Refused: nobody listens at 127.0.0.2:80, or a firewall says so.\n\n");
}

/* Nor has one of others that had ended before. */
static void test_dead_peer(void **state)
{
	(void)state;
	expect("o:connect o:no-answer c:syn c:synack-timeout",
	       "#1         (not seen here)                              99/client\n"
	       "           127.0.0.2:80                                 127.0.0.1:4000\n"
	       "                                                        LISTEN\n"
	       "      0 us             --- SYN -----------------------> SYN_RECV\n"
	       "      0 us             <------------------- SYN-ACK ---\n"
	       "  1.000 ms                     (synack-timeout)         CLOSE         +1.000 ms\n"
	       "           The handshake was never completed: the SYN-ACK was not answered. The\n"
	       "           path to 127.0.0.2:80 may be blocked, or the SYN was part of a scan\n"
	       "           or a flood.\n\n");
}

static void test_no_answer(void **state)
{
	(void)state;
	expect("c:connect c:no-answer", HEAD_ONE SYN_ALONE
	       "  1.000 ms CLOSE                  (timeout)                           +1.000 ms\n"
	       "           No answer from 127.0.0.2:80: the host is down, or a firewall drops\n"
	       "           the SYNs.\n\n");
}

static void test_simultaneous(void **state)
{
	(void)state;
	play("c:connect o:connect c:syn-syn o:syn-syn c:ack o:ack c:close o:close");
	expect("c:cross o:cross c:cross-acked o:cross-acked",
	       HEAD_BOTH
	       "           CLOSE                                        CLOSE\n"
	       "      0 us SYN_SENT    --- SYN, connect -- 3.000 ms --> SYN_RECV\n"
	       "  1.000 ms SYN_RECV    <-- 1.000 ms -- SYN, connect --- SYN_SENT      +1.000 ms\n"
	       "  2.000 ms             --- SYN-ACK ------- 3.000 ms --> ESTABLISHED   +1.000 ms\n"
	       "  3.000 ms ESTABLISHED <-- 1.000 ms ------- SYN-ACK ---               +1.000 ms\n"
	       "  6.000 ms FIN_WAIT1   --- FIN, close ---- 3.000 ms --> CLOSING       +3.000 ms\n"
	       "  7.000 ms CLOSING     <-- 1.000 ms ---- FIN, close --- FIN_WAIT1     +1.000 ms\n"
	       "  8.000 ms             --- ACK ----------- 3.000 ms --> TIME_WAIT     +1.000 ms\n"
	       "  9.000 ms TIME_WAIT   <-- 1.000 ms ----------- ACK ---               +1.000 ms\n"
	       "           99/client and 111/<server> closed at the same time.\n"
	       "           Open for 2.000 ms.\n"
	       "           99/client stays in TIME_WAIT for a minute, in case its last ACK gets\n"
	       "           lost.\n"
	       "           111/<server> stays in TIME_WAIT for a minute, in case its last ACK\n"
	       "           gets lost.\n\n");
}

static void test_cookie(void **state)
{
	(void)state;
	flag = TCPSTATES_FLAG_SYNCOOKIE;
	expect("c:connect c:synack o:cookie o:ack c:abort o:reset", HEAD_BOTH
	       "           CLOSE                                        LISTEN\n"
	       "      0 us SYN_SENT    --- SYN, connect -------------->\n"
	       "  1.000 ms ESTABLISHED <------------------- SYN-ACK ---               +1.000 ms\n"
	       "  1.000 ms             --- ACK ----------- 1.000 ms --> SYN_RECV\n"
	       "  3.000 ms                          (ack)               ESTABLISHED   +2.000 ms\n"
	       "  4.000 ms CLOSE       --- RST, abort ---- 1.000 ms --> CLOSE         +1.000 ms\n"
	       "           99/client aborted it (SO_LINGER with 0, or connect() to AF_UNSPEC).\n"
	       "           Open for 3.000 ms.\n\n");
}

/* What is there when it is no longer waited for; both ends the command's. */
static void test_leak(void **state)
{
	(void)state;
	expect("c:connect C:syn c:synack C:ack c:close C:fin c:fin-acked",
	       "#1         99/client                                    67/<server>\n"
	       "           127.0.0.1:4000                               127.0.0.2:80\n"
	       HANDSHAKE
	       "  4.000 ms FIN_WAIT1   --- FIN, close ---- 1.000 ms --> CLOSE_WAIT    +2.000 ms\n"
	       "  6.000 ms FIN_WAIT2   <----------------------- ACK ---               +2.000 ms\n"
	       "           99/client closed first (active close); no FIN from 67/<server> has\n"
	       "           arrived.\n"
	       "           Open for 2.000 ms.\n"
	       "           99/client is still in FIN_WAIT2. The program here has shut down its\n"
	       "           sending side, and the peer's application has not closed.\n"
	       "           67/<server> is still in CLOSE_WAIT. The peer has closed, and the\n"
	       "           program here has not called close().\n\n");
}

/* Each namespace has a loopback of its own, and a socket is not its own peer. */
static void test_who_is_no_peer(void **state)
{
	(void)state;
	netns_of_others = 2;
	expect("c:connect o:syn c:refused o:synack-timeout", HEAD_ONE SYN_ALONE
	       "  2.000 ms CLOSE       <------ RST or ICMP, refused ---               +2.000 ms\n"
	       "           Refused: nobody listens at 127.0.0.2:80, or a firewall says so.\n\n");
	*shown = '\0';
	flows.begun = 0;
	/* Others' connections, and listeners of anybody's, are none of its own. */
	expect("o:connect o:synack c:listen c:unlisten o:listen o:close", "");
}

/* Other addresses than loopback reach from one namespace into another. */
static void test_other_namespace(void **state)
{
	(void)state;
	netns_of_others = 2;
	network = 10;
	expect("c:connect o:syn c:refused o:synack-timeout",
	       "#1         99/client                                    111/<server>\n"
	       "           10.0.0.1:4000                                10.0.0.2:80\n"
	       "           CLOSE                                        LISTEN\n"
	       "      0 us SYN_SENT    --- SYN, connect -- 1.000 ms --> SYN_RECV\n"
	       "  1.000 ms             <------------------- SYN-ACK ---               +1.000 ms\n"
	       "  2.000 ms CLOSE       <------ RST or ICMP, refused ---               +1.000 ms\n"
	       "  3.000 ms                     (synack-timeout)         CLOSE         +1.000 ms\n"
	       "           Refused: nobody listens at 111/<server>, or a firewall says so.\n"
	       "           The handshake was never completed: the SYN-ACK was not answered. The\n"
	       "           path to 99/client may be blocked, or the SYN was part of a scan or a\n"
	       "           flood.\n\n");
}

static void test_lost(void **state)
{
	(void)state;
	/* An end of which the beginning was not seen is none, unless it was lost. */
	expect("c:close c:fin-acked", "");
	flows_lose(&flows);
	expect("c:close c:fin-acked",
	       "#1         (not seen here)                              99/client\n"
	       "           127.0.0.2:80                                 127.0.0.1:4000\n"
	       "                                                        ESTABLISHED\n"
	       "      0 us             <---------------- FIN, close --- FIN_WAIT1\n"
	       "  1.000 ms             --- ACK -----------------------> FIN_WAIT2     +1.000 ms\n"
	       "           99/client closed first (active close); no FIN from 127.0.0.2:80 has\n"
	       "           arrived.\n"
	       "           99/client is still in FIN_WAIT2. The program here has shut down its\n"
	       "           sending side, and the peer's application has not closed.\n"
	       "           Records were lost meanwhile: changes may be missing here.\n\n");
}

/* More changes than there is room for: the last one counts. */
static void test_many_changes(void **state)
{
	int i;

	(void)state;
	play("c:connect");
	for (i = 0; i < 3 * END_RECORDS; i++)
		play("c:synack");
	play("c:reset");
	assert_non_null(strstr(shown, "It had more changes than are shown.\n"));
	assert_non_null(strstr(shown, "127.0.0.2:80 reset the connection (RST).\n"));
}

/* Nothing is wider than a terminal, whatever an end is called or does. */
static void test_width(void **state)
{
	static const u8 states[] = { TCPSTATES_SYN_SENT, TCPSTATES_SYN_RECV,
		TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT };
	struct tcpstates_record record;
	size_t cause, i;

	(void)state;
	for (cause = 0; cause < TCPSTATES_CAUSE_COUNT; cause++) {
		for (i = 0; i < COUNT(states); i++) {
			struct flow flow = { .number = 4294967295 };
			const char *line = shown;

			*shown = '\0';
			record = end_of('c');
			record.family = TCPSTATES_FAMILY_INET6;
			memset(record.laddr, 0xee, sizeof(record.laddr));
			memset(record.raddr, 0xdd, sizeof(record.raddr));
			record.lport = 65535;
			record.rport = 65535;
			record.pid = 4194304;
			memset(record.comm, 'M', sizeof(record.comm));
			record.old_state = TCPSTATES_CLOSE;
			record.new_state = TCPSTATES_SYN_SENT;
			record.boot_ns = 1;
			flow_add(&flow, &flow.ends[0], &record);
			record.old_state = states[i];
			record.new_state = TCPSTATES_CLOSE;
			record.cause = cause;
			record.boot_ns = 99999000000000;
			record.known = ~0U;
			record.handshake_ns = ~0ULL;
			record.bytes_in = ~0ULL;
			record.bytes_out = ~0ULL;
			record.retrans = ~0U;
			record.rtt_us = ~0U;
			flow_add(&flow, &flow.ends[0], &record);
			draw(&flow);
			while (*line) {
				size_t length = strcspn(line, "\n");

				assert_in_range(length, 0, COLUMNS);
				assert_true(!length || line[length - 1] != ' ');
				line += length + 1;
			}
		}
	}
}

static void test_svg(void **state)
{
	struct flow flow = { .number = 1 };
	struct tcpstates_record record = end_of('o');
	struct svg svg;
	char *text;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	(void)state;
	record.new_state = TCPSTATES_SYN_SENT;
	record.old_state = TCPSTATES_CLOSE;
	flow_add(&flow, &flow.ends[0], &record);
	assert_int_equal(svg_init(&svg), 0);
	svg_add(&svg, &flow);
	assert_int_equal(svg_write(&svg, file, "a<b>&c"), 0);
	svg_free(&svg);
	fclose(file);
	assert_non_null(strstr(text, "<title>a&lt;b&gt;&amp;c</title>"));
	assert_non_null(strstr(text, ">111/&lt;server&gt;</text>"));
	assert_non_null(strstr(text, ">SYN</text>"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fin_with_ack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_command_serves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_simultaneous, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cookie, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leak, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_is_no_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_width, setup, teardown),
		cmocka_unit_test_setup_teardown(test_svg, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
