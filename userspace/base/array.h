/* SPDX-License-Identifier: GPL-2.0 */
/* Arrays that grow. */
#ifndef _BASE_ARRAY_H
#define _BASE_ARRAY_H

#include <stddef.h>

void *array_reserve(void *array, size_t *room, size_t count, size_t size);

#endif /* _BASE_ARRAY_H */
