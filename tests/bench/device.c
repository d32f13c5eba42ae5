// SPDX-License-Identifier: GPL-2.0

#include "device.h"

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tcpstates.h"

int open_device(void)
{
	int device = open(TCPSTATES_DEVICE, O_RDONLY | O_CLOEXEC);

	if (device < 0)
		err(1, TCPSTATES_DEVICE);
	return device;
}

bool set_format(int device, const char *name)
{
	struct tcpstates_format format = {
		.format = strcmp(name, "binary") ? TCPSTATES_FORMAT_TEXT :
						   TCPSTATES_FORMAT_BINARY,
	};

	if (ioctl(device, TCPSTATES_IOC_SET_FORMAT, &format))
		err(1, "TCPSTATES_IOC_SET_FORMAT");
	return format.format == TCPSTATES_FORMAT_BINARY;
}
