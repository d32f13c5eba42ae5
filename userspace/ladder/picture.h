/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection as text of 79 columns: the states of each end below each other, with
 * the end that opened it on the left, and the segments between them.
 *
 *	#1         812/curl                                     790/nginx
 *	           127.0.0.1:54698                              127.0.0.1:80
 *	           CLOSE                                        LISTEN
 *	      0 us SYN_SENT    --- SYN, connect ---- 31 us ---> SYN_RECV
 *	     31 us             <-- 14 us ---------- SYN-ACK ---                  +31 us
 */
#ifndef _LADDER_PICTURE_H
#define _LADDER_PICTURE_H

#include <stdio.h>

#include "ladder/flow.h"

/**
 * struct picture - where pictures are drawn
 * @out: output
 * @colour: whether to use colours
 */
struct picture {
	FILE *out;
	bool colour;
};

void picture_flow(const struct picture *picture, const struct flow *flow);
void picture_head(const struct picture *picture, const struct flow *flow);
void picture_change(const struct picture *picture, const struct flow *flow,
		    __u64 conn);
void picture_story(const struct picture *picture, const struct flow *flow);

#endif /* _LADDER_PICTURE_H */
