// SPDX-License-Identifier: GPL-2.0
/*
 * Connections that are stuck, each with what it means and who holds it.
 *
 * A connection that nobody has accepted has no descriptor: it is the listener's
 * that counts. Which one it is shows from address and port, and from the process
 * that called listen(); where several fit (SO_REUSEPORT), none is named.
 */
#include "stuck/troubled.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records/gather.h"

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

static void find_listener(struct trouble *trouble, const struct rows *listeners)
{
	size_t i;

	for (i = 0; i < listeners->count; i++) {
		const struct tcpstates_record *listener = &listeners->records[i];

		if (!listens_for(listener, &trouble->record))
			continue;
		trouble->listeners++;
		trouble->inode = listener->known & TCPSTATES_KNOW_INODE ?
				 listener->inode : 0;
	}
	if (trouble->listeners > 1)
		trouble->inode = 0;
}

static int compare(const void *a, const void *b)
{
	const struct trouble *one = a, *other = b;

	if (one->meaning != other->meaning)
		return one->meaning < other->meaning ? -1 : 1;
	if (one->record.dur_ns != other->record.dur_ns)
		return one->record.dur_ns > other->record.dur_ns ? -1 : 1;
	return (one->record.conn > other->record.conn) -
	       (one->record.conn < other->record.conn);
}

/* Returns 0, or -1 after a message. */
static int find_holders(struct troubled *troubled)
{
	__u64 *inodes = calloc(troubled->count + 1, sizeof(*inodes));
	size_t i, count = 0;
	int ret = -1;

	for (i = 0; inodes && i < troubled->count; i++)
		if (troubled->list[i].inode)
			inodes[count++] = troubled->list[i].inode;
	if (inodes)
		ret = holders_find(&troubled->holders, inodes, count);
	if (ret)
		fprintf(stderr, "tcpstates: /proc: %s\n", strerror(errno));
	free(inodes);
	return ret;
}

static void explain(struct trouble *trouble, const struct rows *listeners)
{
	const struct tcpstates_record *record = &trouble->record;

	trouble->meaning = meaning_of(record);
	if (record->flags & TCPSTATES_FLAG_UNACCEPTED)
		find_listener(trouble, listeners);
	else if (record->known & TCPSTATES_KNOW_INODE)
		trouble->inode = record->inode;
}

/**
 * troubled_explain() - what some connections mean, and who holds them
 * @troubled: gets them; to be freed
 * @rows: the connections
 * @device: the device, or NULL
 *
 * Return: 0, or -1 after a message.
 */
int troubled_explain(struct troubled *troubled, const struct rows *rows,
		     const char *device)
{
	const struct tcpstates_filter filter = {
		.new_states = 1U << TCPSTATES_LISTEN,
	};
	struct rows listeners = { 0 };
	size_t i;
	int ret;

	*troubled = (struct troubled) { .lost = rows->lost };
	ret = rows_gather(&listeners, device, &filter);
	troubled->list = calloc(rows->count + 1, sizeof(*troubled->list));
	if (!ret && !troubled->list) {
		fprintf(stderr, "tcpstates: %s\n", strerror(ENOMEM));
		ret = -1;
	}
	for (i = 0; !ret && i < rows->count; i++) {
		troubled->list[i].record = rows->records[i];
		explain(&troubled->list[i], &listeners);
	}
	rows_free(&listeners);
	if (ret)
		return ret;
	troubled->count = rows->count;
	qsort(troubled->list, troubled->count, sizeof(*troubled->list),
	      compare);
	return find_holders(troubled);
}

/* Keeps those of a known age that is not less, and that are wanted. */
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
 * troubled_find() - all that are stuck now
 * @troubled: gets them; to be freed
 * @device: the device, or NULL
 * @age_ns: for how long at least
 * @filter: which of them
 *
 * Return: 0, or -1 after a message.
 */
int troubled_find(struct troubled *troubled, const char *device, __u64 age_ns,
		  const struct filter *filter)
{
	struct tcpstates_filter kernel;
	struct rows rows = { 0 };
	int ret;

	*troubled = (struct troubled) { 0 };
	filter_narrow(filter, &kernel);
	/* A filter of other states than these, or of none, finds nothing. */
	kernel.new_states = kernel.new_states & TROUBLED_STATES ?: TROUBLED_STATES;
	ret = rows_gather(&rows, device, &kernel);
	if (!ret) {
		keep_old(&rows, age_ns, filter);
		ret = troubled_explain(troubled, &rows, device);
	}
	rows_free(&rows);
	return ret;
}

/** troubled_free() - forget them */
void troubled_free(struct troubled *troubled)
{
	holders_free(&troubled->holders);
	free(troubled->list);
	*troubled = (struct troubled) { 0 };
}
