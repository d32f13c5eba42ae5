/* SPDX-License-Identifier: GPL-2.0 */
/* At most so many rows a second, for who looks at a terminal. */
#ifndef _RECORDS_PACE_H
#define _RECORDS_PACE_H

#include <stdbool.h>

/**
 * struct pace - what may be shown
 * @rate: rows a second; 0 for all
 * @second: the second that this is, of any clock
 * @shown: rows in it
 * @hidden: rows that were left out since the last that was shown
 */
struct pace {
	unsigned long long rate;
	long long second;
	unsigned long long shown;
	unsigned long long hidden;
};

bool pace_allows(struct pace *pace, long long now_ms);
unsigned long long pace_report(struct pace *pace, long long now_ms);
int pace_wait_ms(const struct pace *pace, long long now_ms);

#endif /* _RECORDS_PACE_H */
