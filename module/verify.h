/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Compares the table of connections with the kernel's sockets: makes entries for
 * sockets that have none, and drops entries whose structure is gone.
 *
 * A walk over the kernel's sockets calls tcps_verify_learn() or
 * tcps_verify_found() for each. Context of these two: process, bottom halves off,
 * the lock of the structure's hash bucket held; one walk at a time.
 */
#ifndef _TCPS_VERIFY_H
#define _TCPS_VERIFY_H

#include <linux/types.h>

struct tcps_step;

/*
 * An entry is dropped when so many audits in a row, the one that begins included,
 * have not found its structure; the second number holds if its network namespace
 * is gone.
 */
#define TCPS_NOT_FOUND_MOST		3
#define TCPS_NOT_FOUND_MOST_GONE	20

bool tcps_verify_learn(const struct tcps_step *step);
void tcps_verify_found(u64 cookie, const void *holder);

/* Context: process; one call of these at a time. */
void tcps_verify_learn_begin(void);
void tcps_verify_learn_confirm(void);
void tcps_verify_learn_end(void);
void tcps_verify_audit(unsigned long chain, bool (*is_alive)(u32 netns));

#endif /* _TCPS_VERIFY_H */
