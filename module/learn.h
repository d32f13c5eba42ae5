/* SPDX-License-Identifier: GPL-2.0 */
/* Entries for connections that have none. Context: process. */
#ifndef _TCPS_LEARN_H
#define _TCPS_LEARN_H

#include <linux/types.h>

int tcps_learn_existing(void);
bool tcps_learn_walk(bool (*rest)(void));

#endif /* _TCPS_LEARN_H */
