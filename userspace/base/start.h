/* SPDX-License-Identifier: GPL-2.0 */
/* The start of every program. */
#ifndef _BASE_START_H
#define _BASE_START_H

#include <stdbool.h>

int start_program(bool prints);

#endif /* _BASE_START_H */
