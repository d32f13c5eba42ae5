/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the table of connections is compared with the kernel's sockets, and how
 * fast. Context: process.
 */
#ifndef _TCPS_AUDIT_H
#define _TCPS_AUDIT_H

struct tcpstates_account;

int tcps_audit_init(void);
void tcps_audit_exit(void);
void tcps_audit_account(struct tcpstates_account *account);

#endif /* _TCPS_AUDIT_H */
