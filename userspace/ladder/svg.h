/* SPDX-License-Identifier: GPL-2.0 */
/* Connections as one SVG 1.1 drawing. */
#ifndef _LADDER_SVG_H
#define _LADDER_SVG_H

#include <stdio.h>

#include "ladder/flow.h"

/**
 * struct svg - a drawing
 * @body: stream to which is drawn, in memory
 * @text: what was drawn, once @body is closed
 * @length: length of @text
 * @height: height so far, in pixels
 */
struct svg {
	FILE *body;
	char *text;
	size_t length;
	unsigned int height;
};

int svg_init(struct svg *svg);
void svg_add(struct svg *svg, const struct flow *flow);
int svg_write(struct svg *svg, FILE *file, const char *title);
void svg_free(struct svg *svg);

#endif /* _LADDER_SVG_H */
