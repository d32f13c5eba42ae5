/* SPDX-License-Identifier: GPL-2.0 */
/* The values of a filter: ports, addresses, ages and others. */
#ifndef _FILTER_VALUE_H
#define _FILTER_VALUE_H

#include <stddef.h>

#include "filter/tree.h"

/* Limit of addresses of a name. */
#define VALUE_HOSTS	16

/*
 * Each returns NULL, or what a valid value is: the end of a sentence that begins
 * "'word' is not a valid ".
 */
const char *value_states(const char *word, __u64 *set);
const char *value_family(const char *word, __u64 *set);
const char *value_cause(const char *word, __u64 *set);
const char *value_event(const char *word, __u64 *set);
const char *value_number(const char *word, __u64 *number);
const char *value_cookie(const char *word, __u64 *number);
const char *value_user(const char *word, __u64 *number);
const char *value_netns(const char *word, __u64 *number);
const char *value_cgroup(const char *word, __u64 *number);
const char *value_age(const char *word, __u64 *ns);
const char *value_ports(const char *word, __u64 *min, __u64 *max);
const char *value_hosts(const char *word, struct host hosts[VALUE_HOSTS],
			size_t *count);
void value_chosen_ports(__u64 *min, __u64 *max);

#endif /* _FILTER_VALUE_H */
