/* SPDX-License-Identifier: GPL-2.0 */
/* The connections that are there when the module is loaded. */
#ifndef _TCPS_LEARN_H
#define _TCPS_LEARN_H

void tcps_learn_existing(void);

#endif /* _TCPS_LEARN_H */
