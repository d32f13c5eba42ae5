/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A record as text, without printf, locale or allocation. The module and the
 * library make their text with this one file.
 */
#ifndef _TCPS_FORMAT_H
#define _TCPS_FORMAT_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

/* Room for the longest text of any record; proved by a unit test. */
#define TCPS_LINE_MAX	784
#define TCPS_JSON_MAX	1024

#define TCPS_SECOND_LENGTH	20

/**
 * struct tcps_format - what lines have in common with the line before
 * @begin_ns: the second that @second tells, in nanoseconds since 1970
 * @span_ns: how many of these it has, 0 for none yet
 * @second: its text, TCPS_SECOND_LENGTH bytes, in whole words
 * @netns: the namespace that @netns_text tells, or 0
 * @netns_length: of its text
 * @netns_text: that, in whole words
 *
 * Each reader has its own, all zero to begin with. It only saves work: whatever
 * was before, a line says what its record says.
 */
struct tcps_format {
	__u64 begin_ns;
	__u64 span_ns;
	char second[24];
	__u32 netns;
	__u32 netns_length;
	char netns_text[16];
};

size_t tcps_format_line(struct tcps_format *format,
			const struct tcpstates_record *record,
			char text[TCPS_LINE_MAX]);
size_t tcps_format_json(struct tcps_format *format,
			const struct tcpstates_record *record,
			char text[TCPS_JSON_MAX]);
size_t tcps_format_address(__u8 family, const __u8 address[16], char *text);
const char *tcps_format_state(__u8 state);
const char *tcps_format_event(__u8 event);

#endif /* _TCPS_FORMAT_H */
