// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstates complete: what may come next in a command line, for completion in shells.
 * Commands and options come from the tables of main.c and of the commands, the rest
 * from the words of the filter language.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/options.h"
#include "base/output.h"
#include "base/status.h"
#include "cli/commands.h"
#include "filter/words.h"

#define WORD_SIZE	64

/**
 * struct guess - the word that is completed
 * @out: where candidates are printed
 * @begun: what has been typed of it
 */
struct guess {
	struct output *out;
	const char *begun;
};

/* Offers a word, if it begins with what has been typed. */
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

static void offer_options(const struct guess *guess, const struct usage *usage)
{
	const struct usage_option *option;
	char word[WORD_SIZE];
	size_t i;

	for (i = 0; (option = usage_option_at(usage, i)); i++) {
		snprintf(word, sizeof(word), "--%s", option->name);
		offer_word(guess, word);
	}
}

/* Whether a word is an option whose value, the next word, is the name of a file. */
static bool is_file_option(const struct usage *usage, const char *word)
{
	const struct usage_option *option;
	size_t i;

	for (i = 0; (option = usage_option_at(usage, i)); i++)
		if (usage_wants_file(option) && !strncmp(word, "--", 2) &&
		    !strcmp(word + 2, option->name))
			return true;
	return false;
}

static void offer_states(const struct guess *guess)
{
	char word[WORD_SIZE], *p;
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

/* Returns FIELD_COUNT if the word does not begin a condition. */
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

/* The next word of a filter, by the two words before it. */
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

/* The command that a word names, else watch, which is the default. */
static const struct usage *usage_of(const char *word)
{
	const struct command *command;

	for (command = commands; command->name; command++)
		if (command->usage && !strcmp(command->name, word))
			return command->usage;
	return &watch_usage;
}

/* Whether the options of tcpstates run have ended, and a command has begun. */
static bool command_has_begun(int argc, char *argv[])
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--") ||
		    (argv[i][0] != '-' && argv[i - 1][0] != '-'))
			return true;
	return false;
}

/* @argv: the words after "tcpstates", of which the last one is being typed. */
static void guess_next(struct output *out, int argc, char *argv[])
{
	const struct guess guess = { out, argv[argc - 1] };
	const char *last = argc > 1 ? argv[argc - 2] : "";
	const char *before = argc > 2 ? argv[argc - 3] : "";
	const struct usage *usage = usage_of(argc > 1 ? argv[0] : "");
	bool runs = usage->words == USAGE_COMMAND;

	if (runs && command_has_begun(argc - 1, argv)) {
		output_format(out, "<command>\n");
		return;
	}
	if (*guess.begun == '-') {
		offer_options(&guess, usage);
		return;
	}
	if (is_file_option(usage, last)) {
		output_format(out, "<file>\n");
		return;
	}
	if (argc == 1)
		offer_commands(&guess);
	if (runs)
		output_format(out, "<command>\n");
	else if (usage->words == USAGE_FILTER)
		offer_filter(&guess, last, before);
}

int complete_run(struct output *out, int argc, char *argv[])
{
	if (argc < 3 || strcmp(argv[1], "--"))
		return usage_error("complete is for completion in shells: complete -- WORD...");
	guess_next(out, argc - 2, argv + 2);
	return STATUS_OK;
}
