/* SPDX-License-Identifier: GPL-2.0 */
/* What every program does first. */
#ifndef _CLI_START_H
#define _CLI_START_H

#include <stdbool.h>

int start_program(bool prints);

#endif /* _CLI_START_H */
