// SPDX-License-Identifier: GPL-2.0
/* tcpstates filter: explains the filter language, and a given filter. */
#include <getopt.h>
#include <string.h>

#include "base/output.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/stream_cmd.h"
#include "filter/words.h"

static const struct usage_option options[] = {
	USAGE_HELP, { .name = NULL }
};

const struct usage filter_usage = {
	.synopsis = "filter [FILTER]",
	.about =
"Without FILTER, explains the filter language. With FILTER, checks it, and shows\n"
"which part of it the module evaluates: the command evaluates the rest, on the\n"
"records that the module lets through.\n",
	.column = USAGE_COLUMN,
	.options = options,
	.words = USAGE_FILTER,
};

static const char language[] =
"A filter selects connections. Its language is that of ss(8), and more:\n"
"\n"
"  state close-wait\n"
"  state connected exclude established dport = :https\n"
"  ( src 10.0.0.0/8 or dst [2001:db8::/32] ) and not comm nginx\n"
"  cause = rst-received and dur < 10ms\n"
"\n"
"Conditions are joined by 'and', by nothing, which means the same, or by 'or',\n"
"which binds less tightly; 'not' negates a condition. They can be written as & &&\n"
"| || and !. In a shell, ( ) & | ! < > * need quotes. States at the beginning,\n"
"with nothing between them and the rest, apply to all of the rest. An unknown\n"
"value matches neither a condition nor its negation; the peer of a listener is 0.\n"
"(ss evaluates 'and' and 'or' from left to right, contrary to its manual; with\n"
"parentheses the result is the same.)\n"
"\n"
"Conditions:\n";

static const char values[] =
"\n"
"HOST is [inet:|inet6:]ADDRESS[/PREFIX][:PORT], with an IPv6 address in brackets\n"
"if a port follows; * or nothing for any address, or a host name. PORT is a\n"
"number, a name from /etc/services, or a range: :8000-8099. AGE is a number with\n"
"ns, us, ms, s, m, h or d, or a number of seconds.\n"
"\n"
"Comparisons between a word and its value; without one it is =:\n";

/* Wraps words into lines of 80 columns. */
struct lines {
	struct output *out;
	size_t column;
};

static void add_word(struct lines *lines, const char *word)
{
	if (lines->column + 1 + strlen(word) > 78) {
		output_format(lines->out, "\n ");
		lines->column = 1;
	}
	output_format(lines->out, " %s", word);
	lines->column += 1 + strlen(word);
}

static void add_states(struct output *out)
{
	struct lines lines = { .out = out, .column = 80 };
	char word[32];
	unsigned int i;
	size_t k;

	output_format(out, "\nSTATE, in upper or lower case, with - or _:");
	for (i = 1; i < TCPSTATES_STATE_COUNT; i++) {
		strcpy(word, tcpstates_state_name(i));
		for (k = 0; word[k]; k++)
			if (word[k] == '_')
				word[k] = '-';
			else if (word[k] >= 'A' && word[k] <= 'Z')
				word[k] |= 0x20;
		add_word(&lines, word);
	}
	output_format(out, "\n");
	for (i = 0; i < STATE_WORDS; i++)
		output_format(out, "  %-15s %s\n", state_words[i].word,
			      state_words[i].help);
}

static void add_causes(struct output *out)
{
	struct lines lines = { .out = out, .column = 80 };
	unsigned int i;

	output_format(out, "\nCAUSE:");
	for (i = 1; i < TCPSTATES_CAUSE_COUNT; i++)
		add_word(&lines, tcpstates_cause_name(i));
	output_format(out, "\n");
}

/* Each comparison with its spellings. */
static void add_comparisons(struct output *out)
{
	const char * const *words;
	size_t i, j;

	for (i = 0; i < COMPARE_COUNT; i++) {
		words = comparison_words[i];
		output_format(out, "  %s", words[0]);
		for (j = 1; j < COMPARISON_WORDS; j++)
			if (strcmp(words[j], words[j - 1]))
				output_format(out, " %s", words[j]);
		output_format(out, "\n");
	}
}

static void explain_language(struct output *out)
{
	size_t i;

	output_add(out, language, sizeof(language) - 1);
	for (i = 0; i < FIELD_COUNT; i++)
		output_format(out, "  %-9s %-11s %s\n", field_words[i].word,
			      field_words[i].operand, field_words[i].help);
	output_add(out, values, sizeof(values) - 1);
	add_comparisons(out);
	add_states(out);
	add_causes(out);
}

static void add_set(struct output *out, const char *name, __u32 set,
		    const char *(*name_of)(unsigned int))
{
	struct lines lines = { .out = out, .column = strlen(name) + 2 };
	unsigned int i;

	if (!set)
		return;
	output_format(out, "  %s", name);
	for (i = 1; i < 32; i++)
		if (set & (1U << i))
			add_word(&lines, name_of(i));
	output_format(out, "\n");
}

static const char *family_name(unsigned int family)
{
	return family < FAMILY_WORDS ? family_words[family] : "-";
}

/* A negated set has the bit of losses, which pass every filter. */
static const char *event_name(unsigned int event)
{
	return event < TCPSTATES_EVENT_COUNT && event_words[event] ?
		event_words[event] : "lost";
}

static void add_network(struct output *out, const char *name, __u8 family,
			const __u8 address[16], __u8 prefix)
{
	char text[TCPSTATES_ADDRESS_SIZE];

	if (!family)
		return;
	tcpstates_format_address(family, address, text, sizeof(text));
	output_format(out, "  %s %s/%u\n", name, text, prefix);
}

/* Shows the part of a filter that the module evaluates. */
static void show_narrowed(struct output *out, const struct filter *filter)
{
	const struct tcpstates_filter none = { 0 };
	struct tcpstates_filter kernel;

	filter_narrow(filter, &kernel);
	if (!memcmp(&kernel, &none, sizeof(none))) {
		output_format(out, "The module evaluates no part of it.\n");
		return;
	}
	output_format(out, "The module lets only these through:\n");
	add_set(out, "event", kernel.events, event_name);
	add_set(out, "old", kernel.old_states, tcpstates_state_name);
	add_set(out, "new", kernel.new_states, tcpstates_state_name);
	add_set(out, "family", kernel.families, family_name);
	if (kernel.netns)
		output_format(out, "  netns %u\n", kernel.netns);
	if (kernel.conn)
		output_format(out, "  conn %llx\n",
			      (unsigned long long)kernel.conn);
	if (kernel.lport_max)
		output_format(out, "  sport %u-%u\n", kernel.lport_min,
			      kernel.lport_max);
	if (kernel.rport_max)
		output_format(out, "  dport %u-%u\n", kernel.rport_min,
			      kernel.rport_max);
	add_network(out, "src", kernel.laddr_family, kernel.laddr,
		    kernel.laddr_prefix);
	add_network(out, "dst", kernel.raddr_family, kernel.raddr,
		    kernel.raddr_prefix);
}

int filter_run(struct output *out, int argc, char *argv[])
{
	struct filter *filter;
	int option, status;

	while ((option = usage_next(&filter_usage, argc, argv)) != -1) {
		if (option != OPTION_HELP && option != 'h')
			return option_error(option, argv);
		return command_help(out, &filter_usage);
	}
	if (optind == argc) {
		explain_language(out);
		return STATUS_OK;
	}
	status = stream_cmd_filter(&filter, argc - optind, argv + optind);
	if (status < 0) {
		show_narrowed(out, filter);
		status = STATUS_OK;
		filter_free(filter);
	}
	return status;
}
