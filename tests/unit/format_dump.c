// SPDX-License-Identifier: GPL-2.0
/* Records from standard input; for each its line and its object. */
#include <linux/types.h>

#include <stdio.h>

#include "format.h"

int main(void)
{
	struct tcpstates_record record;
	char line[TCPS_LINE_MAX], json[TCPS_JSON_MAX];

	while (fread(&record, sizeof(record), 1, stdin) == 1) {
		fwrite(line, 1, tcps_format_line(&record, line), stdout);
		fwrite(json, 1, tcps_format_json(&record, json), stdout);
	}
	return 0;
}
