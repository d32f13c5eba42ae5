/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stands for the installed header while building from this tree: there, as
 * here, it is in the folder linux/ beside libtcpstates.h.
 */
#include "../../../module/uapi/tcpstates.h"
