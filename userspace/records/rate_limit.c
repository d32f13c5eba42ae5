// SPDX-License-Identifier: GPL-2.0
/* A limit of rows per second. */
#include "records/rate_limit.h"

/**
 * rate_limit_allows() - whether a row may be shown now; else it is counted as hidden
 * @limit: the limit
 * @now_ms: clock_ms()
 *
 * Call rate_limit_take_hidden() before.
 */
bool rate_limit_allows(struct rate_limit *limit, long long now_ms)
{
	if (!limit->rate)
		return true;
	if (now_ms / 1000 != limit->second) {
		limit->second = now_ms / 1000;
		limit->shown = 0;
	}
	if (limit->shown < limit->rate) {
		limit->shown++;
		return true;
	}
	limit->hidden++;
	return false;
}

/**
 * rate_limit_take_hidden() - the number of rows left out in the last second, once
 * @limit: the limit
 * @now_ms: clock_ms()
 *
 * Return: the number; 0 in the second in which rows are left out.
 */
unsigned long long rate_limit_take_hidden(struct rate_limit *limit, long long now_ms)
{
	unsigned long long hidden = limit->hidden;

	if (now_ms / 1000 == limit->second)
		return 0;
	limit->hidden = 0;
	return hidden;
}

/** rate_limit_wait_ms() - time until hidden rows can be reported; -1 if there are none */
int rate_limit_wait_ms(const struct rate_limit *limit, long long now_ms)
{
	return limit->hidden ? (int)((limit->second + 1) * 1000 - now_ms) : -1;
}
