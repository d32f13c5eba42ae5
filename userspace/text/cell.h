/* SPDX-License-Identifier: GPL-2.0 */
/* Values of records in tables for people. */
#ifndef _TEXT_CELL_H
#define _TEXT_CELL_H

#include <stdbool.h>

#include "libtcpstates.h"

#define CELL_TIME_SIZE		16
#define CELL_AGE_SIZE		24
#define CELL_OWNER_SIZE		32
#define CELL_OWNER_WIDTH	16
#define CELL_ENDPOINT_SIZE	64
#define CELL_COUNT_SIZE		12
#define CELL_NAME_SIZE		TCPSTATES_ADDRESS_SIZE
#define CELL_PORT_SIZE		16

#define CELL_BOLD		"\033[1m"
#define CELL_RED		"\033[31m"
#define CELL_GREEN		"\033[32m"
#define CELL_YELLOW		"\033[33m"
#define CELL_MAGENTA		"\033[35m"
#define CELL_CYAN		"\033[36m"
#define CELL_RESET		"\033[0m"

/* @of writes the name and returns true, or returns false if there is none. */
void cell_name_hosts(bool (*of)(unsigned int family, const __u8 address[16],
				char text[CELL_NAME_SIZE]));
void cell_name_ports(bool (*of)(__u16 port, char text[CELL_PORT_SIZE]));
bool cell_wants_colour(void);
const char *cell_state_colour(unsigned int state);

void cell_tame(char *text);

void cell_time(__u64 real_ns, char text[CELL_TIME_SIZE]);
void cell_duration(__u64 ns, char text[CELL_AGE_SIZE]);
void cell_age(const struct tcpstates_record *record, char text[CELL_AGE_SIZE]);
void cell_owner(const struct tcpstates_record *record,
		char text[CELL_OWNER_SIZE]);
void cell_count(__u32 count, char text[CELL_COUNT_SIZE]);
void cell_local(const struct tcpstates_record *record,
		char text[CELL_ENDPOINT_SIZE]);
void cell_remote(const struct tcpstates_record *record,
		 char text[CELL_ENDPOINT_SIZE]);

#endif /* _TEXT_CELL_H */
