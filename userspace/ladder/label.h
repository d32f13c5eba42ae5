/* SPDX-License-Identifier: GPL-2.0 */
/* The labels of a picture, as text or SVG. */
#ifndef _LADDER_LABEL_H
#define _LADDER_LABEL_H

#include "ladder/flow.h"
#include "ladder/rungs.h"
#include "text/cell.h"

#define LABEL_SIZE	64

void label_rung(const struct rung *rung, char text[LABEL_SIZE]);
bool label_delay(const struct rung *rung, char text[LABEL_SIZE]);
void label_owner(const struct flow *flow, int which,
		 char text[CELL_ENDPOINT_SIZE]);
void label_endpoint(const struct flow *flow, int which,
		    char text[CELL_ENDPOINT_SIZE]);
void label_who(const struct flow *flow, int which,
	       char text[CELL_ENDPOINT_SIZE]);

#endif /* _LADDER_LABEL_H */
