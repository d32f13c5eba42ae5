/* SPDX-License-Identifier: GPL-2.0 */
/* Names of hosts and ports, with a cache. */
#ifndef _TEXT_LOOKUP_H
#define _TEXT_LOOKUP_H

#include "text/cell.h"

bool lookup_host(unsigned int family, const __u8 address[16],
		 char text[CELL_NAME_SIZE]);
bool lookup_port(__u16 port, char text[CELL_PORT_SIZE]);

#endif /* _TEXT_LOOKUP_H */
