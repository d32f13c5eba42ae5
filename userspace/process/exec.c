// SPDX-License-Identifier: GPL-2.0
/*
 * A command of the user's, run for a connection. What is known of the connection
 * gets into its environment and its standard input, never into the text that the
 * shell reads: so no name of a process can become a command.
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

#define PREFIX		"TCPSTATES_"
#define NAME_SIZE	32

/* The end of a value: names of processes are in quotes, and have none inside. */
static char *end_of(char *value)
{
	if (*value == '"')
		return strchr(value + 1, '"') + 1;
	while (*value && *value != ' ' && *value != '\n')
		value++;
	return value;
}

/* Sets TCPSTATES_KEY for a pair key=value, without quotes. Returns 0 or -1. */
static int set_variable(const char *key, char *value, char *end)
{
	char name[NAME_SIZE] = PREFIX;
	size_t length = strlen(PREFIX);

	for (; *key != '=' && length < NAME_SIZE - 1; key++)
		name[length++] = toupper((unsigned char)*key);
	if (*value == '"') {
		value++;
		end--;
		*end = '\0';
		/* A name that looks like one that is not known. */
		return setenv(name, strcmp(value, "-") ? value : "\\x2d", 1);
	}
	*end = '\0';
	return setenv(name, value, 1);
}

/* Takes away what the last line has left, or whoever has started us. */
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

/* Puts the pairs of a line into the environment. Returns 0 or -1. */
static int set_variables(const char *line)
{
	char *copy = strdup(line), *p = copy;
	int ret = copy ? 0 : -1;

	/* A loss does not have most of the keys. */
	unset_variables();
	while (!ret && *p && *p != '\n') {
		char *value = strchr(p, '='), *end, next;

		if (!value)
			break;
		end = end_of(++value);
		next = *end;
		ret = set_variable(p, value, end);
		p = next ? end + 1 : end;
	}
	free(copy);
	return ret;
}

/* A file with the object, to be read from its beginning; or -1. */
static int make_input(const char *json, size_t length)
{
	int fd = memfd_create("tcpstates", MFD_CLOEXEC), error;

	if (fd < 0)
		return -1;
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

	/* What is not so here, or was not so before: a shell waits for children. */
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
 * Waits for its end. Whoever wishes us to end need not wait for a command that does
 * not: it gets the same wish, and goes on by itself if it does not heed that.
 * Returns 0, or -1 and errno.
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
 * @line: the connection as a line; each key=value becomes TCPSTATES_KEY
 * @json: the connection as an object, its standard input
 * @length: of @json
 *
 * Return: 0 if the command ended with 0, else -1 after a message. It may still run
 * if we have been asked to end.
 */
int exec_run(const char *command, const char *line, const char *json,
	     size_t length)
{
	int fd = make_input(json, length);
	int error, status;
	pid_t pid;

	error = fd < 0 || set_variables(line) ? errno : spawn_shell(command, fd, &pid);
	if (fd >= 0)
		close(fd);
	if (error) {
		fprintf(stderr, "tcpstates: --exec: %s\n", strerror(error));
		return -1;
	}
	if (wait_for(pid, &status))
		fprintf(stderr, errno == ETIMEDOUT ?
			"tcpstates: --exec: '%s' has not ended, and got SIGTERM\n" :
			"tcpstates: --exec: '%s' cannot be waited for\n", command);
	else if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	else if (WIFEXITED(status))
		fprintf(stderr, "tcpstates: --exec: '%s' ended with status %d\n",
			command, WEXITSTATUS(status));
	else
		fprintf(stderr, "tcpstates: --exec: '%s' was ended by signal %d\n",
			command, WTERMSIG(status));
	return -1;
}
