/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states in which a connection can be stuck, the only list of them in user space:
 * each with the name of its limit, the module's parameter stuck_NAME. lint compares
 * it with the module's parameters.
 */
#ifndef _BASE_STUCK_STATES_H
#define _BASE_STUCK_STATES_H

#define EACH_STUCK_STATE(X) \
	X(CLOSE_WAIT, close_wait) \
	X(SYN_SENT, syn_sent) \
	X(SYN_RECV, syn_recv) \
	X(FIN_WAIT1, fin_wait1) \
	X(FIN_WAIT2, fin_wait2) \
	X(LAST_ACK, last_ack) \
	X(CLOSING, closing)

#define STUCK_STATE_BIT(state, name)	| 1U << TCPSTATES_##state

/* The names of their limits, for an array. */
#define STUCK_LIMIT_NAME(state, name)	#name,

/* A bit for each of these states. */
#define STUCK_STATES			(0 EACH_STUCK_STATE(STUCK_STATE_BIT))

#endif /* _BASE_STUCK_STATES_H */
