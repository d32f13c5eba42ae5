// SPDX-License-Identifier: GPL-2.0
/* The traced command: a process that starts in a cgroup. */
#include "process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stop.h"

/* What failed in the new process; its parent reads this from a pipe. */
struct failure {
	enum { STEP_GROUP, STEP_USER, STEP_EXEC } step;
	int error;
};

/* Returns 0, or -1 and errno. */
static int enter_cgroup(const char *group)
{
	int fd = open(group, O_WRONLY | O_CLOEXEC);
	int ret = fd >= 0 && write(fd, "0", 1) == 1 ? 0 : -1;

	if (fd >= 0)
		close(fd);
	return ret;
}

static int switch_user(const struct passwd *user)
{
	if (!user)
		return 0;
	if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) ||
	    setuid(user->pw_uid))
		return -1;
	setenv("HOME", user->pw_dir, 1);
	setenv("USER", user->pw_name, 1);
	setenv("LOGNAME", user->pw_name, 1);
	return 0;
}

/* Runs in the new process. Returns only if it fails. */
static struct failure exec_command(const char *procs, const struct passwd *user,
				   char *argv[])
{
	stop_restore();
	if (enter_cgroup(procs))
		return (struct failure) { STEP_GROUP, errno };
	if (switch_user(user))
		return (struct failure) { STEP_USER, errno };
	execvp(argv[0], argv);
	return (struct failure) { STEP_EXEC, errno };
}

/* Returns a status, after a message. */
static int report_failure(const struct failure *failure, const char *procs,
			  const char *user, const char *command)
{
	const char *error = strerror(failure->error);

	switch (failure->step) {
	case STEP_GROUP:
		fprintf(stderr, "tcpstates: run: %s: %s\n", procs, error);
		return CHILD_FAILED;
	case STEP_USER:
		fprintf(stderr, "tcpstates: run: --user %s: %s\n", user, error);
		return CHILD_FAILED;
	default:
		fprintf(stderr, "tcpstates: run: %s: %s\n", command, error);
		return failure->error == ENOENT ? CHILD_NOT_FOUND :
						  CHILD_NOT_EXECUTABLE;
	}
}

/* Waits until exec has closed the pipe or a failure is read. Returns 0, or a status. */
static int wait_for_exec(struct child *child, int fd, const char *procs,
			 const char *user, const char *command)
{
	struct failure failure;
	ssize_t length;

	/* Looking up groups and reading the program may take long. */
	while ((length = read(fd, &failure, sizeof(failure))) < 0 &&
	       errno == EINTR)
		if (stop_requested())
			kill(child->pid, stop_signal());
	close(fd);
	if (length != sizeof(failure))
		return 0;
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return report_failure(&failure, procs, user, command);
}

static int report_errno(const char *what)
{
	fprintf(stderr, "tcpstates: run: %s: %s\n", what, strerror(errno));
	return CHILD_FAILED;
}

/**
 * child_find_user() - look up the user to run the command as
 * @name: name of the user
 * @user: set to the entry of the user database
 *
 * Return: 0, or a status after a message.
 */
int child_find_user(const char *name, const struct passwd **user)
{
	stop_at_once(true);
	*user = getpwnam(name);
	stop_at_once(false);
	if (*user)
		return 0;
	fprintf(stderr, "tcpstates: run: --user: there is no user '%s'\n", name);
	return CHILD_FAILED;
}

/* Without a pidfd the end of the process would go unnoticed. Returns 0, or a status. */
static int open_pidfd(struct child *child)
{
	int status;

	child->fd = pidfd_open(child->pid, 0);
	if (child->fd >= 0)
		return 0;
	status = report_errno("pidfd_open");
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return status;
}

/**
 * child_start() - start the command
 * @child: filled in
 * @group: folder of the cgroup in which it starts
 * @user: user to run it as, or NULL for the current one
 * @argv: the command
 *
 * Return: 0 when it runs, or a status after a message.
 */
int child_start(struct child *child, const char *group,
		const struct passwd *user, char *argv[])
{
	struct failure failure;
	char *procs;
	int fds[2], status;

	if (pipe2(fds, O_CLOEXEC))
		return report_errno("pipe");
	if (asprintf(&procs, "%s/cgroup.procs", group) < 0) {
		close(fds[0]);
		close(fds[1]);
		return report_errno("memory");
	}
	child->pid = fork();
	if (!child->pid) {
		failure = exec_command(procs, user, argv);
		_exit(write(fds[1], &failure, sizeof(failure)) < 0);
	}
	close(fds[1]);
	if (child->pid < 0) {
		close(fds[0]);
		status = report_errno("fork");
	} else {
		status = wait_for_exec(child, fds[0], procs,
				       user ? user->pw_name : "", argv[0]);
	}
	free(procs);
	return status ? status : open_pidfd(child);
}

/** child_status() - the exit status of a process that has ended, as a shell has it */
int child_status(struct child *child)
{
	int status;

	close(child->fd);
	child->fd = -1;
	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			return report_errno("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   CHILD_SIGNAL + WTERMSIG(status);
}
