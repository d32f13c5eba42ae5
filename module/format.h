/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A record as text, without printf, locale or allocation. The module and the
 * library make their text with this one file.
 */
#ifndef _TCPS_FORMAT_H
#define _TCPS_FORMAT_H

#include <linux/types.h>

#include "text_cache.h"
#include "uapi/tcpstates.h"

/* Room for the longest text of any record; proved by a unit test. */
#define TCPS_LINE_MAX	784
#define TCPS_JSON_MAX	1024

size_t tcps_format_line(struct tcps_text_cache *cache,
			const struct tcpstates_record *record,
			char text[TCPS_LINE_MAX]);
size_t tcps_format_json(struct tcps_text_cache *cache,
			const struct tcpstates_record *record,
			char text[TCPS_JSON_MAX]);
size_t tcps_format_address(__u8 family, const __u8 address[16], char *text);
const char *tcps_format_state(__u8 state);
const char *tcps_format_event(__u8 event);

#endif /* _TCPS_FORMAT_H */
