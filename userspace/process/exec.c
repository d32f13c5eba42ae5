// SPDX-License-Identifier: GPL-2.0
/*
 * The command of --exec, run for a connection. The connection's data go into its
 * environment and standard input, never into the text that the shell parses: no name
 * of a process can inject a command.
 */
#include "process/exec.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stop.h"
#include "libtcpstates.h"
#include "text/item.h"

#define PREFIX		"TCPSTATES_"
#define NAME_SIZE	32

/* Removes variables of the last record, and those that we were started with. */
static void unset_variables(void)
{
	char **variable = environ, name[NAME_SIZE];

	while (*variable) {
		size_t length = strcspn(*variable, "=");

		if (strncmp(*variable, PREFIX, strlen(PREFIX)) ||
		    length >= NAME_SIZE) {
			variable++;
			continue;
		}
		memcpy(name, *variable, length);
		name[length] = '\0';
		/* The next one takes its place. */
		unsetenv(name);
	}
}

/* Sets TCPSTATES_KEY. Returns 0 or -1. */
static int set_variable(const char *key, const char *value)
{
	char name[NAME_SIZE] = PREFIX;
	size_t length = strlen(PREFIX);

	for (; *key && length < NAME_SIZE - 1; key++)
		name[length++] = toupper((unsigned char)*key);
	return setenv(name, value, 1);
}

/* Sets the variable of a field, if the record has the field. Returns 0 or -1. */
static int set_field(const struct tcpstates_record *record, unsigned int field)
{
	char value[TCPSTATES_FIELD_SIZE];
	size_t length = tcpstates_format_field(record, field,
					       TCPSTATES_FORM_LINE, value,
					       sizeof(value));
	const char *key = tcpstates_field_name(field);

	if (!length)
		return 0;
	if (*value != '"')
		return set_variable(key, value);
	/* Without its quotes a process name "-" would look unknown. */
	value[length - 1] = '\0';
	return set_variable(key, strcmp(value + 1, "-") ? value + 1 : "\\x2d");
}

/* Puts an item into the environment. Returns 0 or -1. */
static int set_variables(const struct item *item)
{
	unsigned int field;
	size_t i;
	int ret = 0;

	/* The fields of a record depend on its event. */
	unset_variables();
	for (field = 0; !ret && tcpstates_field_name(field); field++)
		ret = set_field(item->record, field);
	for (i = 0; !ret && i < item->count; i++) {
		const struct extra *extra = &item->extras[i];

		if (!extra->only_json)
			ret = set_variable(extra->key,
					   extra->text ? extra->text : "-");
	}
	return ret;
}

/* A file with the object, to be read from its beginning; or -1. */
static int make_input(const struct item *item)
{
	int fd = memfd_create("tcpstates", MFD_CLOEXEC), error;
	char json[ITEM_SIZE];
	size_t length;

	if (fd < 0)
		return -1;
	length = item_json(item, json, sizeof(json));
	/* Less than all is written only at a limit of size. */
	errno = EFBIG;
	if (write(fd, json, length) == (ssize_t)length && !lseek(fd, 0, SEEK_SET))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Starts the command as a shell would. Returns 0, or an error number. */
static int spawn_shell(const char *command, int fd, pid_t *pid)
{
	char *const argv[] = { "sh", "-c", (char *)command, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t usual;
	int error;

	/* Signals that this program ignores or inherited as ignored. */
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGXFSZ);
	sigaddset(&usual, SIGCHLD);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	posix_spawnattr_setsigmask(&attributes, stop_open_mask());
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETSIGDEF);
	error = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv,
			    environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/*
 * Waits for the end of the command. If this program has to end meanwhile, the command
 * gets SIGTERM, and is no longer waited for. Returns 0, or -1 and errno.
 */
static int wait_for(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0) {
		if (errno != EINTR)
			return -1;
		if (!stop_overdue())
			continue;
		kill(pid, SIGTERM);
		errno = ETIMEDOUT;
		return -1;
	}
	return 0;
}

/**
 * exec_run() - run a command, and wait for its end
 * @command: for the shell
 * @item: the record: each key of its line becomes TCPSTATES_KEY in the environment,
 *	its object the standard input
 *
 * Return: 0 if the command exited with 0, else -1 after a message. The command may
 * still run if this program has to end.
 */
int exec_run(const char *command, const struct item *item)
{
	int fd = make_input(item);
	int error, status;
	pid_t pid;

	error = fd < 0 || set_variables(item) ? errno :
						spawn_shell(command, fd, &pid);
	if (fd >= 0)
		close(fd);
	if (error) {
		fprintf(stderr, "tcpstates: --exec: %s\n", strerror(error));
		return -1;
	}
	if (wait_for(pid, &status))
		fprintf(stderr, errno == ETIMEDOUT ?
			"tcpstates: --exec: '%s' was still running, and got SIGTERM\n" :
			"tcpstates: --exec: waiting for '%s' failed\n", command);
	else if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	else if (WIFEXITED(status))
		fprintf(stderr, "tcpstates: --exec: '%s' exited with status %d\n",
			command, WEXITSTATUS(status));
	else
		fprintf(stderr, "tcpstates: --exec: '%s' was killed by signal %d\n",
			command, WTERMSIG(status));
	return -1;
}
