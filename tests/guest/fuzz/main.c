// SPDX-License-Identifier: GPL-2.0
/*
 * Calls the device in every wrong way it can think of, from several threads.
 *
 * usage: fuzz_device SEED CALLS SECONDS
 *
 * Ends after so many calls, or so many seconds, whichever comes first: 0 if all
 * went as it must, 1 if not. What a thread calls follows from the seed; how
 * the threads meet does not.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "calls.h"

#define THREADS		4

static unsigned long long made[64];
static unsigned long long left;	/* calls */
static int stop;

/* Ends a call that waits. */
static void on_signal(int number)
{
	(void)number;
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	places_make(&worker->places);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) &&
	       __atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED) - 1 < 1ULL << 62)
		calls_make_one(worker);
	return NULL;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Until all have ended; whoever waits in a call is woken now and then. */
static void join_all(pthread_t *threads, double end)
{
	const struct timespec tick = { .tv_nsec = 20 * 1000 * 1000 };
	int i, running = THREADS;
	bool ended[THREADS] = { false };

	while (running) {
		nanosleep(&tick, NULL);
		if (seconds() > end)
			__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
		for (i = 0; i < THREADS; i++) {
			if (ended[i])
				continue;
			pthread_kill(threads[i], SIGUSR1);
			if (!pthread_tryjoin_np(threads[i], NULL)) {
				ended[i] = true;
				running--;
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	static struct worker workers[THREADS];
	pthread_t threads[THREADS];
	unsigned long long sum = 0;
	unsigned int i;
	double end;

	if (argc != 4)
		errx(2, "usage: fuzz_device SEED CALLS SECONDS");
	left = strtoull(argv[2], NULL, 0);
	end = seconds() + strtod(argv[3], NULL);
	if (sigaction(SIGUSR1, &action, NULL))
		err(2, "sigaction");
	for (i = 0; i < THREADS; i++) {
		random_seed(&workers[i].random,
			    strtoull(argv[1], NULL, 0) * THREADS + i);
		workers[i].made = made;
		errno = pthread_create(&threads[i], NULL, work, &workers[i]);
		if (errno)
			err(2, "pthread_create");
	}
	join_all(threads, end);
	for (i = 0; i < calls_kinds(); i++) {
		printf("# %10llu %s\n", made[i], calls_name(i));
		sum += made[i];
	}
	printf("# %10llu calls\n", sum);
	return 0;
}
