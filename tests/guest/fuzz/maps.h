/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mappings of the device: made anywhere in it, looked at, split, moved, and
 * tried to be made writable in every way. Shared by all threads.
 */
#ifndef FUZZ_MAPS_H
#define FUZZ_MAPS_H

#include "random.h"

void maps_make(int file, struct random *random);
void maps_touch(struct random *random);
void maps_change(struct random *random);

#endif /* FUZZ_MAPS_H */
