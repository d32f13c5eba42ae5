// SPDX-License-Identifier: GPL-2.0
/*
 * Stuck connections, each with its diagnosis and the processes that hold it.
 *
 * A connection that has not been accepted has no descriptor: the listener's counts. The
 * listener is found by address, port and the process that called listen(). If several
 * match (SO_REUSEPORT), none is named.
 */
#include "stuck/stuck_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records/snapshot_rows.h"

static bool is_any(const struct tcpstates_record *listener)
{
	static const __u8 any[16];

	return !memcmp(listener->laddr, any, sizeof(any));
}

static bool listens_for(const struct tcpstates_record *listener,
			const struct tcpstates_record *record)
{
	__u32 both = listener->known & record->known;

	if (listener->new_state != TCPSTATES_LISTEN ||
	    listener->netns != record->netns ||
	    listener->lport != record->lport)
		return false;
	if (both & TCPSTATES_KNOW_OWNER && listener->pid != record->pid)
		return false;
	if (is_any(listener))
		return listener->family == record->family ||
		       listener->family == TCPSTATES_FAMILY_INET6;
	return listener->family == record->family &&
	       !memcmp(listener->laddr, record->laddr, sizeof(record->laddr));
}

static void find_listener(struct stuck_conn *conn, const struct rows *listeners)
{
	size_t i;

	for (i = 0; i < listeners->count; i++) {
		const struct tcpstates_record *listener = &listeners->records[i];

		if (!listens_for(listener, &conn->record))
			continue;
		conn->listeners++;
		conn->inode = listener->known & TCPSTATES_KNOW_INODE ?
				 listener->inode : 0;
	}
	if (conn->listeners > 1)
		conn->inode = 0;
}

static int compare_stuck(const void *a, const void *b)
{
	const struct stuck_conn *one = a, *other = b;

	if (one->diagnosis != other->diagnosis)
		return one->diagnosis < other->diagnosis ? -1 : 1;
	if (one->record.dur_ns != other->record.dur_ns)
		return one->record.dur_ns > other->record.dur_ns ? -1 : 1;
	return (one->record.conn > other->record.conn) -
	       (one->record.conn < other->record.conn);
}

/* Returns 0, or -1 after a message. */
static int find_holders(struct stuck_list *list)
{
	__u64 *inodes = calloc(list->count + 1, sizeof(*inodes));
	size_t i, count = 0;
	int ret = -1;

	for (i = 0; inodes && i < list->count; i++)
		if (list->conns[i].inode)
			inodes[count++] = list->conns[i].inode;
	if (inodes)
		ret = holders_find(&list->holders, inodes, count);
	if (ret)
		fprintf(stderr, "tcpstates: /proc: %s\n", strerror(errno));
	free(inodes);
	return ret;
}

static void diagnose(struct stuck_conn *conn, const struct rows *listeners)
{
	const struct tcpstates_record *record = &conn->record;

	conn->diagnosis = diagnosis_of(record);
	if (record->flags & TCPSTATES_FLAG_UNACCEPTED)
		find_listener(conn, listeners);
	else if (record->known & TCPSTATES_KNOW_INODE)
		conn->inode = record->inode;
}

/**
 * stuck_list_diagnose() - diagnose connections, and find who holds them
 * @list: filled in; to be freed, also after an error
 * @rows: the connections
 * @device: path of the device, or NULL
 *
 * Return: 0, or -1 after a message.
 */
int stuck_list_diagnose(struct stuck_list *list, const struct rows *rows,
			const char *device)
{
	const struct tcpstates_filter filter = {
		.new_states = 1U << TCPSTATES_LISTEN,
	};
	struct rows listeners = { 0 };
	size_t i;
	int ret;

	*list = (struct stuck_list) { .lost = rows->lost };
	ret = snapshot_rows(&listeners, device, &filter);
	list->conns = calloc(rows->count + 1, sizeof(*list->conns));
	if (!ret && !list->conns) {
		fprintf(stderr, "tcpstates: %s\n", strerror(ENOMEM));
		ret = -1;
	}
	for (i = 0; !ret && i < rows->count; i++) {
		list->conns[i].record = rows->records[i];
		diagnose(&list->conns[i], &listeners);
	}
	rows_free(&listeners);
	if (ret)
		return ret;
	list->count = rows->count;
	qsort(list->conns, list->count, sizeof(*list->conns),
	      compare_stuck);
	return find_holders(list);
}

/* Keeps the rows that match @filter and are known to be at least @age_ns old. */
static void keep_old(struct rows *rows, __u64 age_ns,
		     const struct filter *filter)
{
	size_t i, kept = 0;

	for (i = 0; i < rows->count; i++) {
		const struct tcpstates_record *record = &rows->records[i];

		if (record->known & TCPSTATES_KNOW_DURATION &&
		    record->dur_ns >= age_ns && filter_matches(filter, record))
			rows->records[kept++] = *record;
	}
	rows->count = kept;
}

/**
 * stuck_list_find() - find the connections that are stuck now
 * @list: filled in; to be freed, also after an error
 * @device: path of the device, or NULL
 * @age_ns: minimum age
 * @filter: which connections
 *
 * Return: 0, or -1 after a message.
 */
int stuck_list_find(struct stuck_list *list, const char *device, __u64 age_ns,
		    const struct filter *filter)
{
	struct tcpstates_filter kernel;
	struct rows rows = { 0 };
	int ret;

	*list = (struct stuck_list) { 0 };
	filter_narrow(filter, &kernel);
	/* If the filter wants no such state, filter_matches() rejects all rows. */
	kernel.new_states = kernel.new_states & STUCK_STATES ?: STUCK_STATES;
	ret = snapshot_rows(&rows, device, &kernel);
	if (!ret) {
		keep_old(&rows, age_ns, filter);
		ret = stuck_list_diagnose(list, &rows, device);
	}
	rows_free(&rows);
	return ret;
}

/** stuck_list_free() - free what was found */
void stuck_list_free(struct stuck_list *list)
{
	holders_free(&list->holders);
	free(list->conns);
	*list = (struct stuck_list) { 0 };
}
