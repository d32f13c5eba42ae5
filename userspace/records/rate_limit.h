/* SPDX-License-Identifier: GPL-2.0 */
/* A limit of rows per second, for terminals. */
#ifndef _RECORDS_RATE_LIMIT_H
#define _RECORDS_RATE_LIMIT_H

#include <stdbool.h>

/**
 * struct rate_limit - a limit of rows per second
 * @rate: rows per second; 0 is no limit
 * @second: the current second of clock_ms()
 * @shown: rows shown in this second
 * @hidden: rows left out since rate_limit_take_hidden()
 */
struct rate_limit {
	unsigned long long rate;
	long long second;
	unsigned long long shown;
	unsigned long long hidden;
};

bool rate_limit_allows(struct rate_limit *limit, long long now_ms);
unsigned long long rate_limit_take_hidden(struct rate_limit *limit, long long now_ms);
int rate_limit_wait_ms(const struct rate_limit *limit, long long now_ms);

#endif /* _RECORDS_RATE_LIMIT_H */
