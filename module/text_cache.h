/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The text of two values that seldom change from one line to the next: the second
 * and the network namespace. A cache only saves work; no line depends on what it
 * holds.
 */
#ifndef _TCPS_TEXT_CACHE_H
#define _TCPS_TEXT_CACHE_H

#include <linux/types.h>

#define TCPS_SECOND_LENGTH	20

/**
 * struct tcps_text_cache - text of the last second and network namespace
 * @begin_ns: when the second of @second began, in nanoseconds since 1970
 * @span_ns: how long that second is, in nanoseconds; 0 if @second is not set
 * @second: its text, TCPS_SECOND_LENGTH bytes; copied as whole words
 * @netns: the network namespace of @netns_text; 0 if that is not set
 * @netns_length: length of @netns_text
 * @netns_text: its text; copied as whole words
 *
 * Each reader has its own, which begins as zeros.
 */
struct tcps_text_cache {
	__u64 begin_ns;
	__u64 span_ns;
	char second[24];
	__u32 netns;
	__u32 netns_length;
	char netns_text[16];
};

#endif /* _TCPS_TEXT_CACHE_H */
