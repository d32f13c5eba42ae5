// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's symbol table is searched once for each calling place; there are
 * about ten of them. The results are kept in a small list that only grows. If two
 * CPUs search for the same place at once, the list has it twice.
 */
#include "caller.h"

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/string.h>

#define PLACES		32U

/* Prefixes, as compilers append suffixes to names. */
static const struct {
	const char *prefix;
	enum tcps_caller caller;
} names[] = {
	{ "tcp_timewait_state_process", TCPS_CALLER_TW_PROCESS },
	{ "tcp_v4_rcv", TCPS_CALLER_RECEIVE },
	{ "tcp_v6_rcv", TCPS_CALLER_RECEIVE },
	{ "__inet_check_established", TCPS_CALLER_REUSE },
	{ "__inet6_check_established", TCPS_CALLER_REUSE },
	{ "__inet_hash_connect", TCPS_CALLER_REUSE },
	{ "inet_hash_connect", TCPS_CALLER_REUSE },
	{ "inet6_hash_connect", TCPS_CALLER_REUSE },
	{ "nf_tproxy_", TCPS_CALLER_REUSE },
	{ "tcp_abort", TCPS_CALLER_ABORT },
	{ "inet_twsk_purge", TCPS_CALLER_PURGE },
};

/**
 * struct place - a calling place
 * @address: the return address; written last, 0 before
 * @caller: the function that it is in
 */
struct place {
	unsigned long address;
	enum tcps_caller caller;
};

static struct place places[PLACES];
static atomic_t used;

static enum tcps_caller find_caller(unsigned long address)
{
	char name[48];
	unsigned int i;

	scnprintf(name, sizeof(name), "%pB", (void *)address);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (str_has_prefix(name, names[i].prefix))
			return names[i].caller;
	return TCPS_CALLER_UNKNOWN;
}

static void remember_caller(unsigned long address, enum tcps_caller caller)
{
	unsigned int i = atomic_fetch_add_unless(&used, 1, PLACES);

	if (i >= PLACES)
		return;
	places[i].caller = caller;
	/* H: the answer before the address. Pairs with H below. */
	smp_store_release(&places[i].address, address);
}

/**
 * tcps_caller() - the function that called a hooked function
 * @return_address: parent_ip, as ftrace passes it
 *
 * Context: any; a search takes some microseconds.
 * Return: the caller; TCPS_CALLER_UNKNOWN if it does not decide a cause.
 */
enum tcps_caller tcps_caller(unsigned long return_address)
{
	enum tcps_caller caller;
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		unsigned long address;

		/* H: the address before the answer. Pairs with H above. */
		address = smp_load_acquire(&places[i].address);
		if (address == return_address)
			return places[i].caller;
	}
	caller = find_caller(return_address);
	remember_caller(return_address, caller);
	return caller;
}
