// SPDX-License-Identifier: GPL-2.0
/* At most so many rows a second. */
#include "records/rate_limit.h"

/**
 * rate_limit_allows() - whether a row may be shown now; else it is counted
 * @limit: what may be shown
 * @now_ms: the time, of a clock that does not go back; see rate_limit_take_hidden() before
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
 * rate_limit_take_hidden() - how many rows were left out, once that is over
 * @limit: what may be shown
 * @now_ms: the time
 *
 * Return: their number, each time from 0 on; 0 while more may be left out.
 */
unsigned long long rate_limit_take_hidden(struct rate_limit *limit, long long now_ms)
{
	unsigned long long hidden = limit->hidden;

	if (now_ms / 1000 == limit->second)
		return 0;
	limit->hidden = 0;
	return hidden;
}

/** rate_limit_wait_ms() - how long until there is something to report; -1 for never */
int rate_limit_wait_ms(const struct rate_limit *limit, long long now_ms)
{
	return limit->hidden ? (int)((limit->second + 1) * 1000 - now_ms) : -1;
}
