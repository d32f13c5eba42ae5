/* SPDX-License-Identifier: GPL-2.0 */
/* Writes into a record what is known of its connection. */
#ifndef _TCPS_TELL_H
#define _TCPS_TELL_H

struct tcps_conn;
struct tcpstates_record;

void tcps_tell(struct tcpstates_record *record, const struct tcps_conn *conn);

#endif /* _TCPS_TELL_H */
