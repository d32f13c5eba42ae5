/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libtcpstates - the life of every TCP connection, as a stream of records.
 *
 *	struct tcpstates *stream = tcpstates_open(NULL, 0);
 *	const struct tcpstates_record *record;
 *
 *	if (!stream)
 *		errx(1, "%s", tcpstates_open_error());
 *	while (tcpstates_next(stream, &record) > 0)
 *		if (record->event == TCPSTATES_EVENT_LOST)
 *			printf("%llu missed\n", record->count);
 *		else
 *			...
 *	tcpstates_close(stream);
 *
 * What a record says is described in <linux/tcpstates.h>.
 *
 * Promise: a program linked to libtcpstates.so.1 runs with every later
 * libtcpstates.so.1. A function listed here keeps its arguments, results and
 * errno values; an errno value that is not listed may be returned at any time
 * and means that the call failed. A function with another meaning gets another
 * name.
 *
 * Failing calls return NULL or -1, set errno, and change nothing. A handle
 * belongs to one thread at a time; different handles do not know of each
 * other. Nothing here prints, ends the program or touches its signals.
 */
#ifndef _LIBTCPSTATES_H
#define _LIBTCPSTATES_H

#include <stdbool.h>
#include <stddef.h>

#include "linux/tcpstates.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An open stream; see tcpstates_open(). */
struct tcpstates;

/** Flag of tcpstates_open(): tcpstates_next() does not wait. */
#define TCPSTATES_OPEN_NONBLOCK	0x1U

/** Flag of tcpstates_open(): records come by read(2), not from mapped memory. */
#define TCPSTATES_OPEN_READ	0x2U

/** Sizes with which the tcpstates_format_*() of this version never cut off. */
#define TCPSTATES_LINE_SIZE	785
#define TCPSTATES_JSON_SIZE	1025
#define TCPSTATES_ADDRESS_SIZE	46
#define TCPSTATES_COMM_SIZE	(6 * TCPSTATES_COMM_LEN + 3)
#define TCPSTATES_FIELD_SIZE	128

/** Forms of tcpstates_format_field(): as in a line, in an object, in CSV. */
#define TCPSTATES_FORM_LINE	0U
#define TCPSTATES_FORM_JSON	1U
#define TCPSTATES_FORM_CSV	2U

/**
 * tcpstates_open() - open the stream and agree on its version
 * @path: the device; NULL for TCPSTATES_DEVICE
 * @flags: TCPSTATES_OPEN_NONBLOCK, TCPSTATES_OPEN_READ, both or 0
 *
 * The stream starts at this moment, without a filter.
 *
 * If the module offers it and the caller may see all connections, the stream
 * comes from the module's memory, mapped, at half the cost; else by read(2), as
 * with TCPSTATES_OPEN_READ. It makes no difference in what comes.
 *
 * Return: a handle that the caller gives back to tcpstates_close(), or NULL:
 *	ENOENT, ENXIO, ENODEV	no such device: the module is not loaded
 *	EACCES, EPERM		the caller may not read the device
 *	ENOTTY			not the device of a tcpstates module
 *	EPROTO			module and library are of different versions
 *	EINVAL			unknown bits in @flags
 *	ENOMEM, and what open(2) says
 * tcpstates_open_error() has it in words.
 */
struct tcpstates *tcpstates_open(const char *path, unsigned int flags);

/**
 * tcpstates_open_error() - what went wrong, and what to do about it
 *
 * Return: a sentence about the last tcpstates_open() of this thread that
 * failed, without a newline; it belongs to the library and stays as it is until
 * the thread's next tcpstates_open() fails. Empty if none has failed.
 */
const char *tcpstates_open_error(void);

/**
 * tcpstates_close() - close a stream
 * @stream: the handle, not to be used afterwards; NULL does nothing
 *
 * Records of the stream are gone with it. errno is left alone.
 */
void tcpstates_close(struct tcpstates *stream);

/**
 * tcpstates_fd() - the file descriptor, to wait for with poll(2) and the like
 * @stream: the handle
 *
 * Readable means that tcpstates_next() has something. The reverse does not
 * hold: ask tcpstates_buffered() before waiting. Reading from it, or setting a
 * format on it, breaks the stream.
 *
 * Return: the descriptor, which stays the library's. Never fails.
 */
int tcpstates_fd(const struct tcpstates *stream);

/**
 * tcpstates_next() - the next item of the stream
 * @stream: the handle
 * @record: where to put a pointer to the item: what happened, or
 *	TCPSTATES_EVENT_LOST with the number of records missed here. Programs
 *	skip values of @event that they do not know.
 *
 * The item belongs to the stream and stays until the next call with this
 * handle. It is at least as long as struct tcpstates_record of this version.
 *
 * Return: 1 with an item; 0 if there is none now (TCPSTATES_OPEN_NONBLOCK
 * only); -1:
 *	EINTR	a signal came before an item did; try again if it may wait
 *	EPROTO	what came is not a stream of records. That stays so
 *	and what read(2) and poll(2) say
 */
int tcpstates_next(struct tcpstates *stream,
		   const struct tcpstates_record **record);

/**
 * tcpstates_buffered() - whether the next item is at hand
 * @stream: the handle
 *
 * Items come from the kernel in batches. A program that collects its output
 * writes it when this says no, since tcpstates_next() may wait then.
 *
 * Return: true if tcpstates_next() returns without asking the kernel.
 */
bool tcpstates_buffered(const struct tcpstates *stream);

/**
 * tcpstates_set_filter() - choose what the stream shows
 * @stream: the handle
 * @filter: what to show; all zero shows everything; copied
 *
 * Holds from the next item on: items of the batch that is at hand, chosen by
 * the previous filter, come only if they match this one too. Losses always
 * come. To see again what the previous filter left out, tcpstates_rewind().
 *
 * Return: 0, or -1: EINVAL for a filter that means nothing, ENOMEM, EINTR.
 */
int tcpstates_set_filter(struct tcpstates *stream,
			 const struct tcpstates_filter *filter);

/**
 * tcpstates_rewind() - go back to the oldest record that still exists
 * @stream: the handle
 *
 * The batch at hand is dropped, as its records come again from the kernel,
 * unless they have been overwritten meanwhile like all that is older. What of
 * the batch told of a loss does not come again.
 *
 * Return: 0, or -1: EINTR.
 */
int tcpstates_rewind(struct tcpstates *stream);

/**
 * tcpstates_snapshot() - begin anew with what is there now
 * @stream: the handle
 *
 * First comes one TCPSTATES_EVENT_EXISTING for each connection that exists at
 * this moment and that the filter lets through, then what happens after it,
 * without a gap and without a double. A connection that changes while the rows
 * are being given may get its row later, but before what happened to it. What
 * had not been read before is passed over. From here on the stream comes by
 * read(2).
 *
 * Return: 0, or -1: ENOMEM, EINTR, or ENOTTY from a module that cannot do it.
 */
int tcpstates_snapshot(struct tcpstates *stream);

/**
 * tcpstates_info() - the module: versions, rings, hooks
 * @stream: the handle
 * @info: filled in; @info->module_version ends with NUL
 *
 * Return: 0, or -1 with what ioctl(2) says.
 */
int tcpstates_info(struct tcpstates *stream, struct tcpstates_info *info);

/**
 * tcpstates_account() - what the module's table of connections and the device's
 * open files hold, and whether the table is complete
 * @stream: the handle
 * @account: filled in
 *
 * Return: 0, or -1 with what ioctl(2) says; ENOTTY if the module is older than
 * this call.
 */
int tcpstates_account(struct tcpstates *stream,
		      struct tcpstates_account *account);

/**
 * tcpstates_stats() - the module's counters, and this stream's losses
 * @stream: the handle
 * @stats: filled in
 *
 * Return: 0, or -1 with what ioctl(2) says.
 */
int tcpstates_stats(struct tcpstates *stream, struct tcpstates_stats *stats);

/**
 * tcpstates_format_line() - a record as the device's line of text
 * @record: the record
 * @text: where to put the line with its newline and NUL, cut off if too long
 * @size: bytes at @text, may be 0
 *
 * Return: length of the whole line without NUL: it was cut off if that is not
 * less than @size. Never fails.
 */
size_t tcpstates_format_line(const struct tcpstates_record *record, char *text,
			     size_t size);

/**
 * tcpstates_format_json() - a record as a line with a JSON object
 *
 * Everything as in tcpstates_format_line(); the keys are those of the line.
 */
size_t tcpstates_format_json(const struct tcpstates_record *record, char *text,
			     size_t size);

/**
 * tcpstates_field_name() - key of a field of a record
 * @field: number of the field, from 0 on in the order of a line; "count", which
 *	only a TCPSTATES_EVENT_LOST has, follows "event"
 *
 * A field keeps its number in all versions of the library; new fields come last.
 *
 * Return: a constant string, the key of the field in a line or an object; NULL if
 * there is no such field. A program that wants all fields asks from 0 to NULL.
 */
const char *tcpstates_field_name(unsigned int field);

/**
 * tcpstates_field_number() - number of a field of a record
 * @name: its key, for example "rtt_us"
 *
 * Return: the number for tcpstates_format_field(); -1 if no field has that key.
 */
int tcpstates_field_number(const char *name);

/**
 * tcpstates_format_field() - the value of one field of a record
 * @record: the record
 * @field: number of the field
 * @form: TCPSTATES_FORM_LINE for the value as in a line, "-" if it is unknown;
 *	TCPSTATES_FORM_JSON for the value as in an object, "null" if it is unknown;
 *	TCPSTATES_FORM_CSV for a value of RFC 4180, empty if it is unknown, in
 *	quotes if it needs them
 * @text: where to put the value with NUL, cut off if too long
 * @size: bytes at @text, may be 0; TCPSTATES_FIELD_SIZE is enough
 *
 * Return: length of the whole value without NUL; 0 also if a record of this event
 * does not have the field, or if @field or @form does not exist. Never fails.
 */
size_t tcpstates_format_field(const struct tcpstates_record *record,
			      unsigned int field, unsigned int form, char *text,
			      size_t size);

/**
 * tcpstates_format_comm() - the name of a process, as comm is in a line
 * @comm: the name, any bytes but NUL, padded with NUL
 * @json: as it is in an object rather
 * @text: where to put the name in its quotes with NUL, cut off if too long
 * @size: bytes at @text, may be 0; TCPSTATES_COMM_SIZE does
 *
 * Return: length of the whole text without NUL. Never fails.
 */
size_t tcpstates_format_comm(const char comm[TCPSTATES_COMM_LEN], bool json,
			     char *text, size_t size);

/**
 * tcpstates_format_address() - an address as text
 * @family: TCPSTATES_FAMILY_*; anything else gives "-"
 * @address: as in the record
 * @text: where to put the address with NUL, cut off if too long
 * @size: bytes at @text, may be 0
 *
 * Return: length of the whole address without NUL. Never fails.
 */
size_t tcpstates_format_address(unsigned int family, const __u8 address[16],
				char *text, size_t size);

/**
 * tcpstates_state_name() - name of a state
 * @state: TCPSTATES_ESTABLISHED etc.
 *
 * Return: a constant string; "-" for TCPSTATES_UNKNOWN and what is no state.
 */
const char *tcpstates_state_name(unsigned int state);

/**
 * tcpstates_cause_name() - name of a cause
 * @cause: TCPSTATES_CAUSE_*
 *
 * Return: a constant string; "-" for TCPSTATES_CAUSE_UNKNOWN and what is no
 * cause.
 */
const char *tcpstates_cause_name(unsigned int cause);

/**
 * tcpstates_hook_name() - name of a hook into the kernel
 * @hook: TCPSTATES_HOOK_*
 *
 * Return: a constant string, one word; NULL for what is no hook.
 */
const char *tcpstates_hook_name(unsigned int hook);

/**
 * tcpstates_hook_shows() - what is not seen where a hook is missing
 * @hook: TCPSTATES_HOOK_*
 *
 * Return: a constant string, a phrase in English; NULL for what is no hook.
 */
const char *tcpstates_hook_shows(unsigned int hook);

/**
 * tcpstates_version() - version of the library
 *
 * Return: a constant string like "1.0.0".
 */
const char *tcpstates_version(void);

#ifdef __cplusplus
}
#endif

#endif /* _LIBTCPSTATES_H */
