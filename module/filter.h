/* SPDX-License-Identifier: GPL-2.0 */
/* Filters of readers. Matching is a pure function of filter and record. */
#ifndef _TCPS_FILTER_H
#define _TCPS_FILTER_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

int tcps_filter_check(const struct tcpstates_filter *filter);
bool tcps_filter_is_empty(const struct tcpstates_filter *filter);
bool tcps_filter_match(const struct tcpstates_filter *filter,
		       const struct tcpstates_record *record);

#endif /* _TCPS_FILTER_H */
