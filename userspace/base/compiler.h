/* SPDX-License-Identifier: GPL-2.0 */
/* Macros of the kernel that the programs use, too. */
#ifndef _BASE_COMPILER_H
#define _BASE_COMPILER_H

#include <stddef.h>

#define __printf(format, arguments) \
	__attribute__((__format__(__printf__, format, arguments)))

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* The structure that holds the member that @pointer points to. */
#define container_of(pointer, type, member)				\
	((type *)((char *)(pointer) - offsetof(type, member)))

#define NSEC_PER_SEC		1000000000ULL

#endif /* _BASE_COMPILER_H */
