// SPDX-License-Identifier: GPL-2.0
/* Counts of what was seen. */
#include "records/summary.h"

#include <stdio.h>

#include "base/compiler.h"
#include "text/span.h"

/** summary_is_good_end() - whether a cause is an orderly end of a connection */
bool summary_is_good_end(unsigned int cause)
{
	switch (cause) {
	case TCPSTATES_CAUSE_FIN_ACKED:
	case TCPSTATES_CAUSE_TW_EXPIRED:
	case TCPSTATES_CAUSE_TW_REUSED:
	case TCPSTATES_CAUSE_CLOSE:
		return true;
	default:
		return false;
	}
}

static void count_change(struct summary *summary,
			 const struct tcpstates_record *record)
{
	bool active = record->old_state == TCPSTATES_SYN_SENT;

	summary->changes++;
	if (record->new_state == TCPSTATES_SYN_SENT)
		summary->opened++;
	else if (record->old_state == TCPSTATES_LISTEN &&
		 record->new_state == TCPSTATES_SYN_RECV)
		summary->arrived++;
	else if (record->new_state == TCPSTATES_ESTABLISHED &&
		 record->known & TCPSTATES_KNOW_HANDSHAKE)
		histogram_add(&summary->handshakes[!active], record->handshake_ns);
	else if (record->new_state == TCPSTATES_CLOSE &&
		 record->old_state != TCPSTATES_LISTEN &&
		 record->cause < TCPSTATES_CAUSE_COUNT)
		summary->ended[record->cause]++;
}

/** summary_add() - count a record, of any kind */
void summary_add(struct summary *summary, const struct tcpstates_record *record)
{
	switch (record->event) {
	case TCPSTATES_EVENT_TRANSITION:
		count_change(summary, record);
		break;
	case TCPSTATES_EVENT_STUCK:
		summary->stuck++;
		break;
	case TCPSTATES_EVENT_LOST:
		summary->lost += record->count;
		break;
	}
}

static void write_handshakes(FILE *out, const char *who,
			     const struct histogram *histogram)
{
	static const unsigned int percents[] = { 50, 90, 99, 100 };
	char span[SPAN_SIZE];
	size_t i;

	fprintf(out, "  %-9s %9llu", who, (unsigned long long)histogram->total);
	for (i = 0; i < ARRAY_SIZE(percents); i++) {
		if (histogram->total)
			span_format(histogram_percentile(histogram, percents[i]), span);
		else
			snprintf(span, sizeof(span), "-");
		fprintf(out, " %11s", span);
	}
	fputc('\n', out);
}

static void write_failures(FILE *out, const struct summary *summary)
{
	bool any = false;
	size_t cause;

	for (cause = 0; cause < TCPSTATES_CAUSE_COUNT; cause++) {
		if (!summary->ended[cause] || summary_is_good_end(cause))
			continue;
		if (!any)
			fputs("ended other than by FIN and ACK\n", out);
		any = true;
		fprintf(out, "  %-15s %llu\n", cause ?
			tcpstates_cause_name(cause) : "(unknown)",
			summary->ended[cause]);
	}
}

/**
 * summary_text() - the counts for people
 * @summary: the counts
 *
 * Return: lines, to be freed; NULL without memory.
 */
char *summary_text(const struct summary *summary)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	fprintf(out, "%llu changes", summary->changes);
	if (summary->hidden)
		fprintf(out, " (%llu not shown)", summary->hidden);
	fprintf(out, "; %llu connections opened here, %llu by others",
		summary->opened, summary->arrived);
	if (summary->stuck)
		fprintf(out, "; %llu times stuck", summary->stuck);
	if (summary->lost)
		fprintf(out, "; %llu records lost", summary->lost);
	fputc('\n', out);
	fprintf(out, "handshakes  %9s %11s %11s %11s %11s\n", "", "median", "90 %",
		"99 %", "longest");
	write_handshakes(out, "here", &summary->handshakes[0]);
	write_handshakes(out, "by others", &summary->handshakes[1]);
	write_failures(out, summary);
	if (fclose(out))
		return NULL;
	return text;
}
