// SPDX-License-Identifier: GPL-2.0
/* What happens a second, and did in the last minute. */
#include "top/pulse.h"

#include <string.h>

#include "records/summary.h"

#define NSEC_PER_SEC	1000000000ULL
#define HALF		(PULSE_SECONDS / 2)

static void begin_half(struct pulse *pulse)
{
	/* One that nobody counted in, if more than one has passed. */
	memset(pulse->handshakes[pulse->half % PULSE_DIGESTS], 0,
	       sizeof(pulse->handshakes[0]));
}

/**
 * pulse_advance() - the time goes on
 * @pulse: the counts
 * @entries: what there is now
 * @now_ns: CLOCK_BOOTTIME
 */
void pulse_advance(struct pulse *pulse, const struct entries *entries,
		   __u64 now_ns)
{
	__u64 now = now_ns / NSEC_PER_SEC;
	unsigned int state;
	int kind;

	if (now > pulse->second + PULSE_SECONDS)
		pulse->second = now - PULSE_SECONDS;
	do {
		for (state = 0; state < TCPSTATES_STATE_COUNT; state++)
			pulse->states[state][pulse->second % PULSE_SECONDS] =
				entries_in(entries, state);
		if (pulse->second >= now)
			break;
		pulse->second++;
		for (kind = 0; kind < PULSE_KINDS; kind++)
			pulse->beats[kind][pulse->second % PULSE_SECONDS] = 0;
	} while (true);
	while (pulse->half < now / HALF) {
		if (now / HALF - pulse->half > PULSE_DIGESTS)
			pulse->half = now / HALF - PULSE_DIGESTS;
		pulse->half++;
		begin_half(pulse);
	}
}

static void beat(struct pulse *pulse, enum pulse_kind kind)
{
	pulse->beats[kind][pulse->second % PULSE_SECONDS]++;
}

/** pulse_add() - count a change of state */
void pulse_add(struct pulse *pulse, const struct tcpstates_record *record)
{
	bool arrived = record->old_state != TCPSTATES_SYN_SENT;

	if (record->new_state == TCPSTATES_SYN_SENT)
		beat(pulse, PULSE_OPENED);
	else if (record->old_state == TCPSTATES_LISTEN &&
		 record->new_state == TCPSTATES_SYN_RECV)
		beat(pulse, PULSE_ARRIVED);
	else if (record->new_state == TCPSTATES_CLOSE &&
		 record->old_state != TCPSTATES_LISTEN)
		beat(pulse, summary_is_good_end(record->cause) ? PULSE_ENDED :
								 PULSE_FAILED);
	if (record->new_state == TCPSTATES_ESTABLISHED &&
	    record->known & TCPSTATES_KNOW_HANDSHAKE)
		digest_add(&pulse->handshakes[pulse->half % PULSE_DIGESTS][arrived],
			   record->handshake_ns);
}

/** pulse_beat() - how often it happened so many seconds ago; 1 is the last whole one */
unsigned int pulse_beat(const struct pulse *pulse, enum pulse_kind kind,
			unsigned int ago)
{
	return ago < PULSE_SECONDS && ago <= pulse->second ?
	       pulse->beats[kind][(pulse->second - ago) % PULSE_SECONDS] : 0;
}

/** pulse_state() - how many were in a state so many seconds ago; 0 is now */
unsigned int pulse_state(const struct pulse *pulse, unsigned int state,
			 unsigned int ago)
{
	return ago < PULSE_SECONDS && ago <= pulse->second ?
	       pulse->states[state][(pulse->second - ago) % PULSE_SECONDS] : 0;
}

/** pulse_handshakes() - those of the last half to whole minute; side 1: by others */
void pulse_handshakes(const struct pulse *pulse, int side, struct digest *sum)
{
	size_t i, slot;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < PULSE_DIGESTS; i++) {
		const struct digest *part = &pulse->handshakes[i][side];

		for (slot = 0; slot < DIGEST_SLOTS; slot++)
			sum->counts[slot] += part->counts[slot];
		sum->total += part->total;
		if (part->most > sum->most)
			sum->most = part->most;
	}
}
