// SPDX-License-Identifier: GPL-2.0
/* Arrays that grow. */
#include "base/array.h"

#include <stdlib.h>

#define FIRST_ROOM	16

/**
 * array_reserve() - make room in an array
 * @array: the array, from malloc(), or NULL
 * @room: number of members that fit into it; updated
 * @count: number of members that must fit, at least 1
 * @size: of a member, in bytes
 *
 * Room at least doubles, so that adding members one by one takes linear time.
 *
 * Return: the array, which may have moved; NULL and errno without memory, and then
 * @array is as it was.
 */
void *array_reserve(void *array, size_t *room, size_t count, size_t size)
{
	size_t wanted = *room ? 2 * *room : FIRST_ROOM;
	void *grown;

	if (count <= *room)
		return array;
	if (wanted < count)
		wanted = count;
	grown = reallocarray(array, wanted, size);
	if (grown)
		*room = wanted;
	return grown;
}
