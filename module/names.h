/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words for the numbers of a record: states, events, causes, flags. Pure
 * tables; the module and the library have them from this one file.
 */
#ifndef _TCPS_NAMES_H
#define _TCPS_NAMES_H

#include <linux/types.h>

/**
 * struct tcps_name - a word
 * @text: padded with NUL, of which there is one at least
 * @length: without these
 *
 * The size is fixed so that a word is copied whole, with three moves.
 */
struct tcps_name {
	char text[23];
	__u8 length;
};

/* For a number that has no name: "-". Context: any. */
const struct tcps_name *tcps_name_state(__u8 state);
const struct tcps_name *tcps_name_event(__u8 event);
const struct tcps_name *tcps_name_cause(__u8 cause);
const struct tcps_name *tcps_name_family(__u8 family);

/* By bit number; NULL for a bit that has no name. */
const struct tcps_name *tcps_name_flag(unsigned int bit);

#endif /* _TCPS_NAMES_H */
