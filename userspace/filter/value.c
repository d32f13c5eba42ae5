// SPDX-License-Identifier: GPL-2.0
/* The values of a filter: names, numbers, users, ages. */
#include "filter/value.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/compiler.h"

#define NETNS_NAMES	"/run/netns/"
#define CGROUP_ROOT	"/sys/fs/cgroup"

/* Compares names; case, and '-' or '_', make no difference. */
static bool names_match(const char *word, const char *name)
{
	for (; *word && *name; word++, name++) {
		char a = *word == '_' ? '-' : *word;
		char b = *name == '_' ? '-' : *name;

		if (strncasecmp(&a, &b, 1))
			return false;
	}
	return !*word && !*name;
}

/* ss writes "fin-wait-1" for FIN_WAIT1. */
static bool is_state(const char *word, unsigned int state)
{
	const char *name = tcpstates_state_name(state);
	char other[32];
	size_t length = strlen(name);

	if (names_match(word, name))
		return true;
	if (name[length - 1] < '0' || name[length - 1] > '9')
		return false;
	snprintf(other, sizeof(other), "%.*s-%c", (int)length - 1, name,
		 name[length - 1]);
	return names_match(word, other);
}

/** value_states() - a state, or a group of them */
const char *value_states(const char *word, __u64 *set)
{
	unsigned int state;
	size_t i;

	for (i = 0; i < STATE_WORDS; i++) {
		*set = state_words[i].states;
		if (names_match(word, state_words[i].word))
			return NULL;
	}
	for (state = 1; state < TCPSTATES_STATE_COUNT; state++) {
		*set = 1ULL << state;
		if (is_state(word, state))
			return NULL;
	}
	return "state, for example established, close-wait or connected";
}

/* Sets the bit of a word's index in @words. Returns false if it is not there. */
static bool find_word(const char *word, const char * const *words, size_t count,
		      __u64 *set)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (words[i] && names_match(word, words[i])) {
			*set = 1ULL << i;
			return true;
		}
	return false;
}

/** value_family() - inet or inet6 */
const char *value_family(const char *word, __u64 *set)
{
	return find_word(word, family_words, FAMILY_WORDS, set) ? NULL :
		"family: inet or inet6";
}

/** value_cause() - a cause, as in cause= of a line */
const char *value_cause(const char *word, __u64 *set)
{
	unsigned int cause;

	for (cause = 1; cause < TCPSTATES_CAUSE_COUNT; cause++) {
		*set = 1ULL << cause;
		if (names_match(word, tcpstates_cause_name(cause)))
			return NULL;
	}
	return "cause, for example fin, timeout or rst-received";
}

/** value_event() - an event, as in event= of a line */
const char *value_event(const char *word, __u64 *set)
{
	return find_word(word, event_words, TCPSTATES_EVENT_COUNT, set) ? NULL :
		"event: transition, existing or stuck";
}

/* Returns what follows the digits; NULL without digits, or if they overflow. */
static const char *take_digits(const char *word, int base, __u64 *number)
{
	char *end;

	/* strtoull() would accept signs and blanks. */
	if (!strchr("0123456789abcdefABCDEF", *word) || !*word)
		return NULL;
	errno = 0;
	*number = strtoull(word, &end, base);
	return errno || end == word ? NULL : end;
}

/** value_number() - a decimal number */
const char *value_number(const char *word, __u64 *number)
{
	const char *end = take_digits(word, 10, number);

	return end && !*end ? NULL : "number";
}

/** value_cookie() - hexadecimal, as in conn= of a line and sk: of ss */
const char *value_cookie(const char *word, __u64 *number)
{
	const char *end;

	if (!strncasecmp(word, "sk:", 3))
		word += 3;
	end = take_digits(word, 16, number);
	return end && !*end && *number ? NULL :
		"connection, for example 5f3, as in conn= of a line";
}

/** value_user() - a user, by number or name */
const char *value_user(const char *word, __u64 *number)
{
	const struct passwd *user;

	if (!value_number(word, number))
		return NULL;
	user = getpwnam(word);
	if (!user)
		return "user of this host";
	*number = user->pw_uid;
	return NULL;
}

/* Returns the number of the inode, or 0. */
static __u64 inode_of(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat stat_of;

	if (snprintf(path, sizeof(path), "%s%s", folder, name) >= PATH_MAX ||
	    stat(path, &stat_of))
		return 0;
	return stat_of.st_ino;
}

/** value_netns() - a network namespace, by inode, name or path */
const char *value_netns(const char *word, __u64 *number)
{
	if (!value_number(word, number))
		return NULL;
	*number = inode_of(strchr(word, '/') ? "" : NETNS_NAMES, word);
	return *number ? NULL :
		"network namespace: a number, a name of 'ip netns' or a path";
}

/** value_cgroup() - a cgroup, by id, or path with or without the mount point */
const char *value_cgroup(const char *word, __u64 *number)
{
	if (!value_number(word, number))
		return NULL;
	if (*word != '/')
		return "control group: a number, or a path that begins with /";
	*number = inode_of(CGROUP_ROOT, word);
	if (!*number && !strncmp(word, CGROUP_ROOT, strlen(CGROUP_ROOT)))
		*number = inode_of("", word);
	return *number ? NULL : "control group: there is none at this path";
}

/** value_age() - a number of seconds, or a number with a unit; in nanoseconds */
const char *value_age(const char *word, __u64 *ns)
{
	static const struct {
		const char *word;
		__u64 ns;
	} units[] = {
		{ "", 1000000000ULL }, { "ns", 1 }, { "us", 1000 },
		{ "ms", 1000000 }, { "s", 1000000000ULL },
		{ "m", 60000000000ULL }, { "h", 3600000000000ULL },
		{ "d", 86400000000000ULL },
	};
	const char *end = NULL;
	size_t i;

	if (*word >= '0' && *word <= '9')
		end = take_digits(word, 10, ns);
	for (i = 0; end && i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].word) &&
		    *ns <= ULLONG_MAX / units[i].ns) {
			*ns *= units[i].ns;
			return NULL;
		}
	return "age, for example 60s, 100ms, 5m, 2h or 1d";
}
