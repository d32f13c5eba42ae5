/* SPDX-License-Identifier: GPL-2.0 */
/* What every program does first. */
#ifndef _BASE_START_H
#define _BASE_START_H

#include <stdbool.h>

int start_program(bool prints);

#endif /* _BASE_START_H */
