/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The name of a process as text, in quotes and escaped. Room is needed as for the
 * functions of text.h.
 */
#ifndef _TCPS_COMM_H
#define _TCPS_COMM_H

char *tcps_put_comm(char *p, const char *comm);
char *tcps_put_json_comm(char *p, const char *comm);

#endif /* _TCPS_COMM_H */
