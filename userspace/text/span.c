// SPDX-License-Identifier: GPL-2.0
/* Lengths of time in pictures, to the microsecond. */
#include "text/span.h"

#include <stdio.h>

/**
 * span_format() - a length of time, in at most 10 columns below three years
 * @ns: nanoseconds
 * @text: the text; in microseconds below 1000 s, in seconds from there on
 */
void span_format(__u64 ns, char text[SPAN_SIZE])
{
	unsigned long long us = ns / 1000;

	if (us < 1000)
		snprintf(text, SPAN_SIZE, "%llu us", us);
	else if (us < 1000000)
		snprintf(text, SPAN_SIZE, "%llu.%03llu ms", us / 1000, us % 1000);
	else if (us < 1000000000)
		snprintf(text, SPAN_SIZE, "%llu.%03llu s", us / 1000000,
			 us / 1000 % 1000);
	else
		snprintf(text, SPAN_SIZE, "%llu s", us / 1000000);
}
