/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An open file of the device: its position, the records that were taken from
 * there and not returned yet, and its lock.
 *
 * Context: process, with the file's lock held, where nothing else is said.
 */
#ifndef _TCPS_FILE_H
#define _TCPS_FILE_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "format.h"
#include "reader.h"
#include "sleeper.h"
#include "uapi/tcpstates.h"

struct net;
struct tcps_user;

/* Records that are taken from the reader at a time, to be returned as text. */
#define TCPS_FILE_QUEUE		16
#define TCPS_FILE_TEXT_BYTES	4096

/**
 * struct tcps_file - an open file
 * @sleeper: what wake.c needs to wake those who wait for the file
 * @lock: protects @reader and everything below
 * @net: the only namespace that may be seen, with a reference; NULL to see all
 * @user: the user who opened the file, charged for the memory
 * @was_asked: somebody found @lock taken and needs to know whether there is
 *	something to read
 * @reader: the position
 * @generation: return value of tcps_wake_begin_look() at the last look
 * @format: TCPSTATES_FORMAT_*
 * @first: index in @queue of the first record that is not returned in full
 * @count: records in @queue, including those before @first
 * @begin: offset in @text of the line of the first record
 * @end: offset of its end; 0 if the line has not been made yet
 * @copied: bytes of @text that have been returned
 * @lines: state for making lines
 * @queue: records taken from @reader. After a call at most one is left, or more
 *	if a copy failed
 * @text: the lines of some of them
 */
struct tcps_file {
	struct tcps_sleeper sleeper;
	struct mutex lock;	/* @reader and everything below */
	struct net *net;
	struct tcps_user *user;
	bool was_asked;
	struct tcps_reader *reader;
	u64 generation;
	u32 format;
	unsigned int first;
	unsigned int count;
	size_t begin;
	size_t end;
	size_t copied;
	struct tcps_text_cache lines;
	struct tcpstates_record queue[TCPS_FILE_QUEUE];
	char text[TCPS_FILE_TEXT_BYTES];
};

struct tcps_file *tcps_file_make(struct tcps_user *user, struct net *net);
void tcps_file_free(struct tcps_file *tf);

int tcps_file_lock(struct tcps_file *tf);
bool tcps_file_try_lock(struct tcps_file *tf);
void tcps_file_unlock(struct tcps_file *tf);

void tcps_file_begin_look(struct tcps_file *tf);
enum tcps_found tcps_file_fetch(struct tcps_file *tf);
bool tcps_file_open_batch(struct tcps_file *tf);
enum tcps_found tcps_file_find(struct tcps_file *tf);

bool tcps_file_is_inside_line(const struct tcps_file *tf);
void tcps_file_drop_queue(struct tcps_file *tf);
void tcps_file_filter_queue(struct tcps_file *tf,
			    const struct tcpstates_filter *filter);

/**
 * tcps_file_is_queue_empty() - whether all records taken have been returned
 * @tf: the file
 *
 * Return: true if they have.
 */
static inline bool tcps_file_is_queue_empty(const struct tcps_file *tf)
{
	return tf->first == tf->count;
}

/**
 * tcps_file_take() - take a record from the reader to the end of the queue
 * @tf: the file; its queue has room
 *
 * Return: see enum tcps_found.
 */
static inline enum tcps_found tcps_file_take(struct tcps_file *tf)
{
	enum tcps_found found;

	found = tcps_reader_next(tf->reader, &tf->queue[tf->count]);
	if (found == TCPS_FOUND_ITEM)
		tf->count++;
	return found;
}

/**
 * tcps_file_is_drained() - whether this read() has taken what there was
 * @tf: the file
 *
 * Return: true if another look would find only what was recorded meanwhile.
 */
static inline bool tcps_file_is_drained(const struct tcps_file *tf)
{
	return tcps_merge_is_drained(&tf->reader->merge);
}

/**
 * tcps_file_may_map() - whether the rings may be mapped
 * @tf: the file
 *
 * Context: any.
 * Return: true if the file may see all namespaces: the rings hold records of all.
 */
static inline bool tcps_file_may_map(const struct tcps_file *tf)
{
	return !tf->net;
}

#endif /* _TCPS_FILE_H */
