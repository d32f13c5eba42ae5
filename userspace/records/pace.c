// SPDX-License-Identifier: GPL-2.0
/* At most so many rows a second. */
#include "records/pace.h"

/**
 * pace_allows() - whether a row may be shown now; else it is counted
 * @pace: what may be shown
 * @now_ms: the time, of a clock that does not go back; see pace_report() before
 */
bool pace_allows(struct pace *pace, long long now_ms)
{
	if (!pace->rate)
		return true;
	if (now_ms / 1000 != pace->second) {
		pace->second = now_ms / 1000;
		pace->shown = 0;
	}
	if (pace->shown < pace->rate) {
		pace->shown++;
		return true;
	}
	pace->hidden++;
	return false;
}

/**
 * pace_report() - how many rows were left out, once that is over
 * @pace: what may be shown
 * @now_ms: the time
 *
 * Return: their number, each time from 0 on; 0 while more may be left out.
 */
unsigned long long pace_report(struct pace *pace, long long now_ms)
{
	unsigned long long hidden = pace->hidden;

	if (now_ms / 1000 == pace->second)
		return 0;
	pace->hidden = 0;
	return hidden;
}

/** pace_wait_ms() - how long until there is something to report; -1 for never */
int pace_wait_ms(const struct pace *pace, long long now_ms)
{
	return pace->hidden ? (int)((pace->second + 1) * 1000 - now_ms) : -1;
}
