/* SPDX-License-Identifier: GPL-2.0 */
/* A connection in words: who closed first, and what went wrong. */
#ifndef _LADDER_STORY_H
#define _LADDER_STORY_H

#include "ladder/flow.h"

#define STORY_LINES	8
#define STORY_SIZE	384

size_t story_of_flow(const struct flow *flow,
		     char lines[STORY_LINES][STORY_SIZE]);

#endif /* _LADDER_STORY_H */
