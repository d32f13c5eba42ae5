// SPDX-License-Identifier: GPL-2.0
/* Events and states of each second of the last minute. */
#include "top/rates.h"

#include <string.h>

#include "base/compiler.h"
#include "records/summary.h"

#define HALF		(RATES_SECONDS / 2)

static void begin_half(struct rates *rates)
{
	memset(rates->handshakes[rates->half % RATES_HISTOGRAMS], 0,
	       sizeof(rates->handshakes[0]));
}

/**
 * rates_advance() - advance to the current second
 * @rates: the counts
 * @entries: the connections that exist
 * @now_ns: CLOCK_BOOTTIME
 */
void rates_advance(struct rates *rates, const struct entries *entries,
		   __u64 now_ns)
{
	__u64 now = now_ns / NSEC_PER_SEC;
	unsigned int state;
	int kind;

	if (now > rates->second + RATES_SECONDS)
		rates->second = now - RATES_SECONDS;
	do {
		for (state = 0; state < TCPSTATES_STATE_COUNT; state++)
			rates->states[state][rates->second % RATES_SECONDS] =
				entries_in(entries, state);
		if (rates->second >= now)
			break;
		rates->second++;
		for (kind = 0; kind < RATE_KINDS; kind++)
			rates->events[kind][rates->second % RATES_SECONDS] = 0;
	} while (true);
	while (rates->half < now / HALF) {
		if (now / HALF - rates->half > RATES_HISTOGRAMS)
			rates->half = now / HALF - RATES_HISTOGRAMS;
		rates->half++;
		begin_half(rates);
	}
}

static void count_event(struct rates *rates, enum rate_kind kind)
{
	rates->events[kind][rates->second % RATES_SECONDS]++;
}

/** rates_add() - count a state change */
void rates_add(struct rates *rates, const struct tcpstates_record *record)
{
	bool arrived = record->old_state != TCPSTATES_SYN_SENT;

	if (record->new_state == TCPSTATES_SYN_SENT)
		count_event(rates, RATE_OPENED);
	else if (record->old_state == TCPSTATES_LISTEN &&
		 record->new_state == TCPSTATES_SYN_RECV)
		count_event(rates, RATE_ARRIVED);
	else if (record->new_state == TCPSTATES_CLOSE &&
		 record->old_state != TCPSTATES_LISTEN)
		count_event(rates, summary_is_good_end(record->cause) ? RATE_ENDED :
								 RATE_FAILED);
	if (record->new_state == TCPSTATES_ESTABLISHED &&
	    record->known & TCPSTATES_KNOW_HANDSHAKE)
		histogram_add(&rates->handshakes[rates->half % RATES_HISTOGRAMS][arrived],
			      record->handshake_ns);
}

/** rates_events() - events in the second @ago; 1 is the last complete one */
unsigned int rates_events(const struct rates *rates, enum rate_kind kind,
			  unsigned int ago)
{
	return ago < RATES_SECONDS && ago <= rates->second ?
	       rates->events[kind][(rates->second - ago) % RATES_SECONDS] : 0;
}

/** rates_in_state() - connections in a state @ago seconds ago; 0 is now */
unsigned int rates_in_state(const struct rates *rates, unsigned int state,
			    unsigned int ago)
{
	return ago < RATES_SECONDS && ago <= rates->second ?
	       rates->states[state][(rates->second - ago) % RATES_SECONDS] : 0;
}

/** rates_handshakes() - durations of the last 30 to 60 s; side 1: passive opens */
void rates_handshakes(const struct rates *rates, int side, struct histogram *sum)
{
	size_t i, slot;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < RATES_HISTOGRAMS; i++) {
		const struct histogram *part = &rates->handshakes[i][side];

		for (slot = 0; slot < HISTOGRAM_SLOTS; slot++)
			sum->counts[slot] += part->counts[slot];
		sum->total += part->total;
		if (part->most > sum->most)
			sum->most = part->most;
	}
}
