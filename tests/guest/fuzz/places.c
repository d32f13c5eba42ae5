// SPDX-License-Identifier: GPL-2.0
#include "places.h"

#include <err.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

static __thread sigjmp_buf back;
static __thread bool touching;

/* Anywhere but in places_touch() it is a fault of this program. */
static void on_fault(int number)
{
	if (__atomic_load_n(&touching, __ATOMIC_RELAXED))
		siglongjmp(back, 1);
	signal(number, SIG_DFL);
	raise(number);
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_handler = on_fault };

	if (sigaction(SIGSEGV, &action, NULL) || sigaction(SIGBUS, &action, NULL))
		err(2, "sigaction");
}

void places_make(struct places *places)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, catch_faults);
	places->memory = mmap(NULL, GOOD_BYTES + 3 * PAGE,
			      PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (places->memory == MAP_FAILED)
		err(2, "mmap");
	if (mprotect(places->memory + GOOD_BYTES, PAGE, PROT_NONE) ||
	    mprotect(places->memory + GOOD_BYTES + PAGE, PAGE, PROT_READ) ||
	    mprotect(places->memory + GOOD_BYTES + 2 * PAGE, PAGE, PROT_NONE))
		err(2, "mprotect");
}

void *places_good(const struct places *places, struct random *random,
		  size_t size)
{
	return places->memory + random_below(random, GOOD_BYTES - size + 1);
}

void *places_any(const struct places *places, struct random *random)
{
	static const uintptr_t fixed[] = {
		0, 1, 0xfff, 0x7fffffffe000, 0x7fffffffefff, 0x800000000000,
		0xffff888000000000, 0xffffffff81000000, UINTPTR_MAX,
		UINTPTR_MAX - 191,
	};
	char *memory = places->memory;

	switch (random_below(random, 5)) {
	case 0:	/* crosses into nothing after some bytes */
		return memory + GOOD_BYTES - random_below(random, 512);
	case 1:	/* read only, and crosses into nothing */
		return memory + GOOD_BYTES + 2 * PAGE -
		       random_below(random, PAGE);
	case 2:	/* nothing there */
		return memory + GOOD_BYTES + random_below(random, PAGE);
	case 3:
		return (void *)RANDOM_OF(random, fixed);
	default:
		return (void *)random_next(random);
	}
}

bool places_touch(const char *address)
{
	bool there = false;

	__atomic_store_n(&touching, true, __ATOMIC_RELAXED);
	if (!sigsetjmp(back, 1)) {
		(void)__atomic_load_n(address, __ATOMIC_RELAXED);
		there = true;
	}
	__atomic_store_n(&touching, false, __ATOMIC_RELAXED);
	return there;
}
