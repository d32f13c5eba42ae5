// SPDX-License-Identifier: GPL-2.0
/* Records from standard input; for each its line and its object. */
#include <linux/types.h>

#include <stdio.h>

#include "format.h"

int main(void)
{
	struct tcps_text_cache format = { };
	struct tcpstates_record record;
	size_t length;
	char line[TCPS_LINE_MAX], json[TCPS_JSON_MAX];

	while (fread(&record, sizeof(record), 1, stdin) == 1) {
		length = tcps_format_line(&format, &record, line);
		fwrite(line, 1, length, stdout);
		length = tcps_format_json(&format, &record, json);
		fwrite(json, 1, length, stdout);
	}
	return 0;
}
