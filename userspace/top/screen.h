/* SPDX-License-Identifier: GPL-2.0 */
/* The terminal, from 80 columns and 24 lines on. */
#ifndef _TOP_SCREEN_H
#define _TOP_SCREEN_H

#include <stdbool.h>

struct view;

bool screen_open(void);
void screen_draw(struct view *view);
void screen_close(void);

#endif /* _TOP_SCREEN_H */
