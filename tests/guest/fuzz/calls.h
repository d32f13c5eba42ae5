/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls at the device, as a hostile program would make them. Each checks
 * what comes back: an error that the contract does not name, or success where
 * there must be none, ends the program.
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include "places.h"
#include "random.h"

struct worker {
	struct random random;
	struct places places;
	unsigned long long *made;	/* how often each call, of all threads */
};

/* The device, to be opened often. */
#define CALLS_DEVICE	"/dev/tcpstates"

/* One call or some that belong together. Descriptors are shared by all. */
void calls_make_one(struct worker *worker);

unsigned int calls_kinds(void);
const char *calls_name(unsigned int kind);

#endif /* FUZZ_CALLS_H */
