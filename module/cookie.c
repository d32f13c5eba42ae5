// SPDX-License-Identifier: GPL-2.0
#include "cookie.h"

#include <linux/sock_diag.h>

/**
 * tcps_cookie_make() - give a structure an identity
 * @sk: any of the three structures
 *
 * sock_gen_cookie() is not exported; sock_diag_save_cookie() does the same.
 *
 * Context: any.
 * Return: the cookie.
 */
u64 tcps_cookie_make(const struct sock *sk)
{
	u32 half[2];

	sock_diag_save_cookie((struct sock *)sk, half);
	return half[0] | (u64)half[1] << 32;
}
