/* SPDX-License-Identifier: GPL-2.0 */
/* Cgroups that killed runs have left behind. */
#ifndef _PROCESS_LEFTOVER_H
#define _PROCESS_LEFTOVER_H

#include <stdbool.h>
#include <stddef.h>

#define LEFTOVER_NAME_SIZE	64

/**
 * struct leftovers - what leftover_sweep() did
 * @removed: number of empty cgroups that were removed
 * @stay: number of those that remain, with processes or of other users
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
