// SPDX-License-Identifier: GPL-2.0
/* What a command line may hold: for getopt_long(), --help and completion. */
#include "base/usage.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any command has, with the end of the table. */
#define OPTIONS_MAX	32

/**
 * usage_option_at() - one of the options of a command
 * @usage: the command's
 * @i: which, from 0 on; shared ones come last
 *
 * Return: the option, NULL behind the last one.
 */
const struct usage_option *usage_option_at(const struct usage *usage, size_t i)
{
	const struct usage_option *option = usage->options;

	for (; option && option->name; option++)
		if (!i--)
			return option;
	for (option = usage->shared; option && option->name; option++)
		if (!i--)
			return option;
	return NULL;
}

/** usage_wants_file() - whether the value of an option is the name of a file */
bool usage_wants_file(const struct usage_option *option)
{
	return option->operand && (!strcmp(option->operand, "PATH") ||
				   !strcmp(option->operand, "FILE"));
}

/**
 * usage_next() - the next option of a command line
 * @usage: the command's
 * @argc: of main()
 * @argv: of main()
 *
 * Return: as getopt_long(): OPTION_*, 'h' for -h, -1 at the end; ':' and '?' are for
 * option_error().
 */
int usage_next(const struct usage *usage, int argc, char *argv[])
{
	struct option options[OPTIONS_MAX] = { { 0 } };
	const struct usage_option *option;
	size_t i;

	for (i = 0; i < OPTIONS_MAX - 1; i++) {
		option = usage_option_at(usage, i);
		if (!option)
			break;
		options[i].name = option->name;
		options[i].has_arg = option->operand ? required_argument :
						       no_argument;
		options[i].val = option->value;
	}
	opterr = 0;
	return getopt_long(argc, argv,
			   usage->words == USAGE_COMMAND ? "+:h" : ":h",
			   options, NULL);
}

static void write_option(FILE *out, const struct usage *usage,
			 const struct usage_option *option)
{
	const char *line = option->help;
	int column = fprintf(out, "  --%s%s%s", option->name,
			     option->operand ? " " : "",
			     option->operand ? option->operand : "");

	/* A long one has a line of its own. */
	if (column + 2 > usage->column) {
		fputc('\n', out);
		column = 0;
	}
	while (*line) {
		size_t length = strcspn(line, "\n");

		fprintf(out, "%*s%.*s\n", usage->column - column, "",
			(int)length, line);
		column = 0;
		line += length + (line[length] == '\n');
	}
}

/**
 * usage_text() - the text of --help
 * @usage: the command's
 *
 * Return: the text, to be freed; NULL and errno without memory.
 */
char *usage_text(const struct usage *usage)
{
	const struct usage_option *option;
	size_t length, i;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	fprintf(out, "Usage: tcpstates %s\n\n%s\n", usage->synopsis,
		usage->about);
	for (i = 0; (option = usage_option_at(usage, i)); i++)
		write_option(out, usage, option);
	if (usage->details)
		fprintf(out, "\n%s", usage->details);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/** usage_show() - write the text of --help to stdio's standard output; 0, or -1 */
int usage_show(const struct usage *usage)
{
	char *text = usage_text(usage);
	int ret = text && fputs(text, stdout) >= 0 && !fflush(stdout) ? 0 : -1;

	free(text);
	return ret;
}
