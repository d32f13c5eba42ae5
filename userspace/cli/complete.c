// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstates complete: for completion in shells, what may come next. Commands are those
 * of main.c, options those that a command's own --help names, the rest the words of
 * the filter language. So nothing is written down twice.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/options.h"
#include "base/output.h"
#include "base/status.h"
#include "cli/commands.h"
#include "filter/words.h"

#define COMMAND_SIZE	128
#define LINE_SIZE	256

/**
 * struct guess - what is looked for
 * @out: where it prints
 * @begun: the beginning of the word
 */
struct guess {
	struct output *out;
	const char *begun;
};

/* Offers a word, if it goes on from what is there. */
static void offer_word(const struct guess *guess, const char *word)
{
	if (!strncmp(word, guess->begun, strlen(guess->begun)))
		output_format(guess->out, "%s\n", word);
}

static void offer_commands(const struct guess *guess)
{
	const struct command *command;

	for (command = commands; command->name; command++)
		if (command->summary)
			offer_word(guess, command->name);
}

/* An option, of a line of help that begins with one. */
static void offer_option(const struct guess *guess, const char *line)
{
	char option[LINE_SIZE];

	if (!strncmp(line, "  --", 4) && sscanf(line, " %255[-a-z]", option) == 1)
		offer_word(guess, option);
}

/* What the command's --help names, also where that is a program of its own. */
static void offer_options(const struct guess *guess, const char *command)
{
	char words[COMMAND_SIZE], line[LINE_SIZE];
	FILE *help;

	snprintf(words, sizeof(words), "tcpstates %s --help 2>/dev/null", command);
	help = popen(words, "re");
	while (help && fgets(line, sizeof(line), help))
		offer_option(guess, line);
	if (help)
		pclose(help);
}

static void offer_states(const struct guess *guess)
{
	char word[LINE_SIZE], *p;
	unsigned int i;

	for (i = 1; i < TCPSTATES_STATE_COUNT; i++) {
		snprintf(word, sizeof(word), "%s", tcpstates_state_name(i));
		for (p = word; *p; p++)
			*p = *p == '_' ? '-' : tolower((unsigned char)*p);
		offer_word(guess, word);
	}
	for (i = 0; i < STATE_WORDS; i++)
		offer_word(guess, state_words[i].word);
}

static void offer_causes(const struct guess *guess)
{
	unsigned int i;

	for (i = 1; i < TCPSTATES_CAUSE_COUNT; i++)
		offer_word(guess, tcpstates_cause_name(i));
}

static void offer_values(const struct guess *guess, enum kind kind)
{
	size_t i;

	switch (kind) {
	case KIND_STATES:
		offer_states(guess);
		break;
	case KIND_CAUSE:
		offer_causes(guess);
		break;
	case KIND_FAMILY:
		for (i = 0; i < FAMILY_WORDS; i++)
			if (family_words[i])
				offer_word(guess, family_words[i]);
		break;
	case KIND_EVENT:
		for (i = 0; i < TCPSTATES_EVENT_COUNT; i++)
			if (event_words[i])
				offer_word(guess, event_words[i]);
		break;
	default:
		break;
	}
}

/* Returns FIELD_COUNT if it begins no condition. */
static size_t find_field(const char *word)
{
	size_t i;

	for (i = 0; i < FIELD_COUNT; i++)
		if (!strcasecmp(word, field_words[i].word))
			break;
	return i;
}

static bool is_comparison(const char *word)
{
	size_t i, j;

	for (i = 0; i < COMPARE_COUNT; i++)
		for (j = 0; j < COMPARISON_WORDS; j++)
			if (!strcmp(word, comparison_words[i][j]))
				return true;
	return false;
}

/* Of a filter, by the word before, and the one before that. */
static void offer_filter(const struct guess *guess, const char *last,
			 const char *before)
{
	static const char * const glue[] = { "and", "or", "not" };
	const char *word = is_comparison(last) ? before : last;
	size_t field = find_field(word), i;

	if (field < FIELD_COUNT && field_words[field].kind != KIND_NOTHING) {
		offer_values(guess, field_words[field].kind);
		return;
	}
	for (i = 0; i < FIELD_COUNT; i++)
		offer_word(guess, field_words[i].word);
	for (i = 0; i < ARRAY_SIZE(glue); i++)
		offer_word(guess, glue[i]);
}

static bool has_filter(const char *command)
{
	static const char * const none[] = { "doctor", "export", "run", "stats" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(none); i++)
		if (!strcmp(command, none[i]))
			return false;
	return true;
}

static bool is_command(const char *word)
{
	const struct command *command;

	for (command = commands; command->name; command++)
		if (!strcmp(command->name, word))
			return true;
	return false;
}

/* Of tcpstates run: where its own words end, and the command's begin. */
static bool runs_already(int argc, char *argv[])
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--") ||
		    (argv[i][0] != '-' && argv[i - 1][0] != '-'))
			return true;
	return false;
}

/* @argv: the words after tcpstates, of which the last one is being typed. */
static void guess_next(struct output *out, int argc, char *argv[])
{
	const struct guess guess = { out, argv[argc - 1] };
	const char *last = argc > 1 ? argv[argc - 2] : "";
	const char *before = argc > 2 ? argv[argc - 3] : "";
	const char *command = argc > 1 && is_command(argv[0]) ? argv[0] : "watch";

	if (!strcmp(command, "run") && runs_already(argc - 1, argv)) {
		output_format(out, "<command>\n");
		return;
	}
	if (*guess.begun == '-') {
		offer_options(&guess, command);
		return;
	}
	if (!strcmp(last, "--device") || !strcmp(last, "--svg") ||
	    !strcmp(last, "--textfile")) {
		output_format(out, "<file>\n");
		return;
	}
	if (argc == 1)
		offer_commands(&guess);
	if (!strcmp(command, "run"))
		output_format(out, "<command>\n");
	else if (has_filter(command))
		offer_filter(&guess, last, before);
}

int complete_run(struct output *out, int argc, char *argv[])
{
	if (argc < 3 || strcmp(argv[1], "--"))
		return usage_error("complete: for completion in shells: -- WORD...");
	guess_next(out, argc - 2, argv + 2);
	return STATUS_OK;
}
