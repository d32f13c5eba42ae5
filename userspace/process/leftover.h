/* SPDX-License-Identifier: GPL-2.0 */
/* Cgroups of "run", by whom they were made, and what is left of those who are gone. */
#ifndef _PROCESS_LEFTOVER_H
#define _PROCESS_LEFTOVER_H

#include <stdbool.h>
#include <stddef.h>

#define LEFTOVER_NAME_SIZE	64

/**
 * struct leftovers - what was found of runs that have not ended by themselves
 * @removed: empty ones, which are no more
 * @stay: those that could not be removed, or have processes
 */
struct leftovers {
	size_t removed;
	size_t stay;
};

void leftover_name(char name[LEFTOVER_NAME_SIZE]);
bool leftover_lock(const char *path, int *fd);
int leftover_remove_tree(const char *path, const char *to);
void leftover_sweep(const char *folder, bool deep, struct leftovers *found);

#endif /* _PROCESS_LEFTOVER_H */
