// SPDX-License-Identifier: GPL-2.0
/* In the place of the module's cause.c: the cause of an end is its old state. */
#include "cause.h"

u8 tcps_cause_of_close(const struct sock *sk, u8 old)
{
	(void)sk;
	return old;
}
