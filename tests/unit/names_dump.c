// SPDX-License-Identifier: GPL-2.0
/*
 * All that is written of connections whose owners have the names on standard input,
 * TCPSTATES_COMM_LEN bytes each; what each writer writes is a file of its name in the
 * current folder. The name of number I is owner of process PID + I.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "export/metrics.h"
#include "export/tally.h"
#include "ladder/flows.h"
#include "ladder/picture.h"
#include "ladder/svg.h"
#include "print/print.h"
#include "process/exec.h"
#include "stuck/report.h"
#include "stuck/stuck_list.h"

#define NAMES_MAX	4096
#define PID		1000
#define OF_A_TALLY	200	/* for each has a place there */

static char names[NAMES_MAX][TCPSTATES_COMM_LEN];
static size_t count;
static struct output out;

static void must(int right, const char *what)
{
	if (right)
		return;
	perror(what);
	exit(1);
}

static struct tcpstates_record record_of(size_t i)
{
	struct tcpstates_record record = {
		.size = sizeof(record),
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.family = TCPSTATES_FAMILY_INET,
		.old_state = TCPSTATES_CLOSE,
		.new_state = TCPSTATES_SYN_SENT,
		.conn = i + 1,
		.pid = PID + i,
		.known = ~0U,
		.laddr = { 127, 0, 0, 1 },
		.raddr = { 127, 0, 0, 2 },
		.lport = i,
		.rport = 80,
	};

	memcpy(record.comm, names[i], sizeof(record.comm));
	return record;
}

/* What comes next on standard output is that file. */
static void begin(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO, name);
	close(fd);
}

static void dump_form(const char *name, enum form form, const char *keys,
		      enum table_kind kind)
{
	struct tcpstates_record record;
	struct print print;
	size_t i;

	begin(name);
	print_init(&print, &out, kind, NULL);
	print.form = form;
	if (keys)
		must(!fields_choose(&print.fields, keys), keys);
	print_begin(&print);
	for (i = 0; i < count; i++) {
		record = record_of(i);
		if (kind == TABLE_CONNECTIONS)
			record.event = TCPSTATES_EVENT_EXISTING;
		print_record(&print, &record);
	}
	output_flush(&out);
}

/* As commands see it, and what they write into the journal. */
static void dump_exec(const char *journal)
{
	struct tcpstates_record record;
	struct item item = { .record = &record };
	char command[1024];
	size_t i;

	snprintf(command, sizeof(command),
		 "printf '%%s\\0' \"$TCPSTATES_COMM\" >>env; %s", journal);
	for (i = 0; i < count; i++) {
		record = record_of(i);
		must(!exec_run(command, &item), "exec");
	}
}

static void dump_stuck(void)
{
	struct stuck_conn *conns = calloc(count, sizeof(*conns));
	struct holder *holders = calloc(count, sizeof(*holders));
	struct stuck_list list = {
		.conns = conns, .count = count,
		.holders = { .list = holders, .count = count },
	};
	static const unsigned long long levels[] = { 1, 2 };
	char text[ITEM_SIZE];
	struct report_item item;
	size_t i;

	for (i = 0; i < count; i++) {
		conns[i].record = record_of(i);
		conns[i].record.event = TCPSTATES_EVENT_EXISTING;
		conns[i].record.new_state = TCPSTATES_CLOSE_WAIT;
		conns[i].diagnosis = diagnosis_of(&conns[i].record);
		conns[i].inode = i + 1;
		holders[i] = (struct holder) { .inode = i + 1, .pid = PID + i };
		memcpy(holders[i].comm, names[i], TCPSTATES_COMM_LEN);
	}
	begin("stuck_table");
	report_table(&out, &list, false);
	output_flush(&out);
	begin("stuck_check");
	report_check(&out, &list, 60, levels);
	output_flush(&out);
	begin("stuck_json");
	for (i = 0; i < count; i++) {
		report_item(&item, &list, &conns[i]);
		output_add(&out, text, item_json(&item.item, text,
						 sizeof(text)));
	}
	output_flush(&out);
	free(conns);
	free(holders);
}

static void dump_metrics(void)
{
	static struct tally tally;
	struct metrics metrics = { .tally = &tally };
	struct tcpstates_record record;
	char name[32], *text;
	size_t i, length;

	for (i = 0; i < count; i++) {
		if (!(i % OF_A_TALLY))
			tally_init(&tally);
		record = record_of(i);
		tally_add(&tally, &record);
		if (i + 1 < count && (i + 1) % OF_A_TALLY)
			continue;
		/* One whose owner is not known besides. */
		record.known = 0;
		record.conn = NAMES_MAX + 1;
		memset(record.comm, 0, sizeof(record.comm));
		tally_add(&tally, &record);
		text = metrics_text(&metrics, &length);
		snprintf(name, sizeof(name), "metrics.%zu", i / OF_A_TALLY);
		begin(name);
		output_flush(&out);
		must(write(STDOUT_FILENO, text, length) == (ssize_t)length, name);
		free(text);
		tally_free(&tally);
	}
}

static void dump_drawings(void)
{
	struct tcpstates_record record;
	struct picture picture = { 0 };
	struct flows flows;
	struct flow *flow;
	struct svg svg;
	FILE *file;
	size_t i;

	must(!flows_init(&flows) && !svg_init(&svg), "memory");
	picture.out = fopen("ladder", "w");
	file = fopen("svg", "w");
	must(picture.out && file, "ladder");
	for (i = 0; i < count; i++) {
		record = record_of(i);
		must(!flows_add(&flows, &record, true, &flow) && flow, "flow");
		picture_flow(&picture, flow);
		svg_add(&svg, flow);
		flows_remove(&flows, flow);
	}
	must(!svg_write(&svg, file, "]]></title>\x1b\xff&\""), "svg");
	fclose(picture.out);
	fclose(file);
	svg_free(&svg);
	flows_free(&flows);
}

int main(int argc, char *argv[])
{
	count = fread(names, TCPSTATES_COMM_LEN, NAMES_MAX, stdin);
	must(argc == 2 && count, "usage: names_dump JOURNAL <NAMES");
	dump_form("lines", FORM_LINES, NULL, TABLE_TRANSITIONS);
	dump_form("json", FORM_JSON, NULL, TABLE_TRANSITIONS);
	dump_form("csv", FORM_CSV, NULL, TABLE_TRANSITIONS);
	dump_form("format_lines", FORM_LINES, "comm,pid", TABLE_TRANSITIONS);
	dump_form("format_json", FORM_JSON, "comm,pid", TABLE_TRANSITIONS);
	dump_form("format_csv", FORM_CSV, "comm,pid", TABLE_TRANSITIONS);
	dump_form("list_table", FORM_TABLE, NULL, TABLE_CONNECTIONS);
	dump_stuck();
	dump_metrics();
	dump_drawings();
	dump_exec(argv[1]);
	return 0;
}
