// SPDX-License-Identifier: GPL-2.0
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#define LOCATIONS	64
#define MESSAGES	16
#define STACK_BYTES	65536

/* By location, the oldest message that may still be seen. */
struct view {
	u8 oldest[LOCATIONS];
};

/* @view: what a thread that acquires the message has seen then. */
struct message {
	u64 value;
	struct view view;
};

struct location {
	const void *address;
	unsigned int count;
	struct message messages[MESSAGES];
};

/*
 * @seen: what the thread must have seen
 * @offered: views of the messages that it loaded; an acquiring barrier takes
 *	them over
 * @released: what it had seen at its last releasing barrier; goes with every
 *	later store
 */
struct thread {
	struct view seen;
	struct view offered;
	struct view released;
	ucontext_t context;
	bool ended;
	void (*function)(void);
	char stack[STACK_BYTES];
};

static struct location locations[LOCATIONS];
static unsigned int location_count;
static struct thread threads[MODEL_THREADS];
static unsigned int thread_count, current;
static struct view full_barriers;	/* seen by the last MODEL_MB of any */
static ucontext_t caller;
static u64 clock_now, random_state;

static unsigned int weak_thread;
static enum model_operation weak_operation;
static const void *weak_address;

static u64 draw(u64 below)
{
	/* xorshift64star */
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545F4914F6CDD1DULL >> 32) % below;
}

static void join(struct view *view, const struct view *other)
{
	unsigned int i;

	for (i = 0; i < location_count; i++)
		if (view->oldest[i] < other->oldest[i])
			view->oldest[i] = other->oldest[i];
}

static unsigned int find_location(const void *address)
{
	struct location *location;
	unsigned int i;

	for (i = 0; i < location_count; i++)
		if (locations[i].address == address)
			return i;
	if (location_count == LOCATIONS) {
		fprintf(stderr, "model: too many locations\n");
		abort();
	}
	/* What memory held before all began, seen by everybody. */
	location = &locations[location_count++];
	location->address = address;
	location->count = 1;
	location->messages[0] = (struct message) {
		.value = *(const u64 *)address,
	};
	return i;
}

static enum model_operation in_effect(enum model_operation operation,
				      const void *address)
{
	if (current == weak_thread && operation == weak_operation &&
	    (!weak_address || weak_address == address))
		return MODEL_NONE;
	return operation;
}

static void switch_to(unsigned int next)
{
	unsigned int previous = current;

	if (next == previous)
		return;
	current = next;
	swapcontext(&threads[previous].context, &threads[next].context);
}

void model_yield(void)
{
	unsigned int next = draw(thread_count);

	if (!threads[next].ended)
		switch_to(next);
}

/* Now and then, since a switch costs more than all the rest. */
static void maybe_yield(void)
{
	if (!draw(4))
		model_yield();
}

u64 model_clock(void)
{
	maybe_yield();
	return ++clock_now;
}

static u64 load(const void *address, enum model_operation operation)
{
	struct thread *thread = &threads[current];
	unsigned int which = find_location(address);
	struct location *location = &locations[which];
	unsigned int oldest = thread->seen.oldest[which];
	unsigned int taken = location->count - 1;

	if (operation != MODEL_MB && draw(2))
		taken = oldest + draw(location->count - oldest);
	thread->seen.oldest[which] = taken;
	join(&thread->offered, &location->messages[taken].view);
	if (operation == MODEL_ACQUIRE)
		join(&thread->seen, &location->messages[taken].view);
	return location->messages[taken].value;
}

static void store(void *address, u64 value, enum model_operation operation)
{
	struct thread *thread = &threads[current];
	unsigned int which = find_location(address);
	struct location *location = &locations[which];
	struct message *message = &location->messages[location->count];

	if (location->count == MESSAGES) {
		fprintf(stderr, "model: too many stores\n");
		abort();
	}
	thread->seen.oldest[which] = location->count++;
	message->value = value;
	message->view = operation == MODEL_RELEASE ? thread->seen :
						     thread->released;
	message->view.oldest[which] = thread->seen.oldest[which];
	*(u64 *)address = value;
}

static void barrier(enum model_operation operation)
{
	struct thread *thread = &threads[current];

	if (operation == MODEL_NONE)
		return;
	if (operation == MODEL_WMB) {
		thread->released = thread->seen;
		return;
	}
	join(&thread->seen, &thread->offered);
	if (operation != MODEL_MB)
		return;
	join(&thread->seen, &full_barriers);
	full_barriers = thread->seen;
	thread->released = thread->seen;
}

u64 model_load(const void *address, enum model_operation operation)
{
	maybe_yield();
	return load(address, in_effect(operation, address));
}

void model_store(void *address, u64 value, enum model_operation operation)
{
	maybe_yield();
	store(address, value, in_effect(operation, address));
}

u64 model_cmpxchg(u64 *address, u64 old, u64 new)
{
	u64 found;

	maybe_yield();
	barrier(MODEL_MB);
	found = load(address, MODEL_MB);
	if (found == old)
		store(address, new, MODEL_NONE);
	barrier(MODEL_MB);
	return found;
}

void model_barrier(enum model_operation operation)
{
	maybe_yield();
	barrier(in_effect(operation, NULL));
}

void model_weaken(unsigned int thread, enum model_operation operation)
{
	weak_thread = thread;
	weak_operation = operation;
	weak_address = NULL;
}

void model_weaken_at(const void *address)
{
	weak_address = address;
}

static void run_thread(void)
{
	unsigned int i;

	threads[current].function();
	threads[current].ended = true;
	for (i = 0; i < thread_count; i++)
		if (!threads[i].ended)
			switch_to(i);
	/* All have ended: the context's link leads back to model_run(). */
}

void model_run(u64 seed, void (*const functions[])(void), unsigned int count)
{
	unsigned int i;

	random_state = (seed + 1) * 0x9E3779B97F4A7C15ULL;
	location_count = 0;
	clock_now = 0;
	full_barriers = (struct view) { 0 };
	thread_count = count;
	for (i = 0; i < count; i++) {
		struct thread *thread = &threads[i];

		thread->seen = full_barriers;
		thread->offered = full_barriers;
		thread->released = full_barriers;
		thread->ended = false;
		thread->function = functions[i];
		getcontext(&thread->context);
		thread->context.uc_stack.ss_sp = thread->stack;
		thread->context.uc_stack.ss_size = sizeof(thread->stack);
		thread->context.uc_link = &caller;
		makecontext(&thread->context, run_thread, 0);
	}
	current = draw(count);
	swapcontext(&caller, &threads[current].context);
}
