/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that look random, and are the same for the same seed: xorshift64*. */
#ifndef FUZZ_RANDOM_H
#define FUZZ_RANDOM_H

#include <stdbool.h>

struct random {
	unsigned long long state;
};

static inline void random_seed(struct random *random, unsigned long long seed)
{
	random->state = seed * 0x9e3779b97f4a7c15ULL + 1;
}

static inline unsigned long long random_next(struct random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1dULL;
}

/* Below @bound, which is not 0. */
static inline unsigned long long random_below(struct random *random, unsigned long long bound)
{
	return (random_next(random) >> 16) % bound;
}

/* True once in @times. */
static inline bool random_once_in(struct random *random, unsigned int times)
{
	return !random_below(random, times);
}

#define RANDOM_OF(random, values) \
	((values)[random_below(random, sizeof(values) / sizeof(*(values)))])

#endif /* FUZZ_RANDOM_H */
