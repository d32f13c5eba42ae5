// SPDX-License-Identifier: GPL-2.0
/*
 * Prints a line for each connection that is reset, until Ctrl-C.
 *
 *	cc resets.c $(pkg-config --cflags --libs libtcpstates) -o resets
 */
#include <err.h>
#include <stdio.h>

#include <libtcpstates.h>

/* The module drops other records, so this program is not woken for them. */
static const struct tcpstates_filter filter = {
	.events = 1U << TCPSTATES_EVENT_TRANSITION,
	.new_states = 1U << TCPSTATES_CLOSE,
};

static void show(const struct tcpstates_record *record)
{
	char peer[TCPSTATES_ADDRESS_SIZE], comm[TCPSTATES_COMM_SIZE] = "-";

	tcpstates_format_address(record->family, record->raddr, peer,
				 sizeof(peer));
	if (record->known & TCPSTATES_KNOW_OWNER)
		tcpstates_format_comm(record->comm, false, comm, sizeof(comm));
	printf("%s port %u and %s: %s\n", peer, record->rport, comm,
	       tcpstates_cause_name(record->cause));
	fflush(stdout);
}

int main(void)
{
	const struct tcpstates_record *record;
	struct tcpstates *stream = tcpstates_open(NULL, 0);

	if (!stream)
		errx(1, "%s", tcpstates_open_error());
	if (tcpstates_set_filter(stream, &filter))
		err(1, "filter");
	while (tcpstates_next(stream, &record) > 0) {
		if (record->event == TCPSTATES_EVENT_LOST)
			warnx("%llu records were lost",
			      (unsigned long long)record->count);
		else if (record->cause == TCPSTATES_CAUSE_RST_RECEIVED ||
			 record->cause == TCPSTATES_CAUSE_RST_SENT)
			show(record);
	}
	err(1, "%s", TCPSTATES_DEVICE);
}
