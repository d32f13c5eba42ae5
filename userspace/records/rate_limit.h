/* SPDX-License-Identifier: GPL-2.0 */
/* At most so many rows a second, for who looks at a terminal. */
#ifndef _RECORDS_RATE_LIMIT_H
#define _RECORDS_RATE_LIMIT_H

#include <stdbool.h>

/**
 * struct limit - what may be shown
 * @rate: rows a second; 0 for all
 * @second: the second that this is, of any clock
 * @shown: rows in it
 * @hidden: rows that were left out since the last that was shown
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
