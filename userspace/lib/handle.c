// SPDX-License-Identifier: GPL-2.0
/* Operations on an open stream, described in libtcpstates.h. */
#include "libtcpstates.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "handle.h"
#include "mapped.h"

void tcpstates_close(struct tcpstates *stream)
{
	int error = errno;

	if (!stream)
		return;
	tcps_batch_free(&stream->records);
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream);
	errno = error;
}

int tcpstates_fd(const struct tcpstates *stream)
{
	return stream->fd;
}

int tcpstates_next(struct tcpstates *stream,
		   const struct tcpstates_record **record)
{
	return tcps_batch_next(&stream->records, record);
}

bool tcpstates_buffered(const struct tcpstates *stream)
{
	return tcps_batch_buffered(&stream->records);
}

int tcpstates_set_filter(struct tcpstates *stream,
			 const struct tcpstates_filter *filter)
{
	/* The module checks it: the library's match relies on that. */
	if (ioctl(stream->fd, TCPSTATES_IOC_SET_FILTER, filter) < 0)
		return -1;
	tcps_batch_filter(&stream->records, filter);
	return 0;
}

int tcpstates_rewind(struct tcpstates *stream)
{
	if (ioctl(stream->fd, TCPSTATES_IOC_REWIND) < 0)
		return -1;
	tcps_batch_rewind(&stream->records);
	return 0;
}

/*
 * While the rings are mapped, the file's position in the kernel only follows, and
 * its count of losses is not that of this reader. So keep the difference.
 */
static void leave_map(struct tcpstates *stream)
{
	struct tcpstates_stats stats = {0};

	if (!stream->records.mapped)
		return;
	ioctl(stream->fd, TCPSTATES_IOC_GET_STATS, &stats);
	stream->lost = tcps_mapped_lost(stream->records.mapped) -
		       stats.reader_lost;
	tcps_batch_unmap(&stream->records);
}

int tcpstates_snapshot(struct tcpstates *stream)
{
	if (ioctl(stream->fd, TCPSTATES_IOC_SNAPSHOT) < 0)
		return -1;
	leave_map(stream);
	tcps_batch_drop(&stream->records);
	return 0;
}

int tcpstates_info(struct tcpstates *stream, struct tcpstates_info *info)
{
	if (ioctl(stream->fd, TCPSTATES_IOC_GET_INFO, info) < 0)
		return -1;
	info->module_version[sizeof(info->module_version) - 1] = '\0';
	return 0;
}

int tcpstates_account(struct tcpstates *stream,
		      struct tcpstates_account *account)
{
	return ioctl(stream->fd, TCPSTATES_IOC_GET_ACCOUNT, account);
}

int tcpstates_stats(struct tcpstates *stream, struct tcpstates_stats *stats)
{
	if (ioctl(stream->fd, TCPSTATES_IOC_GET_STATS, stats) < 0)
		return -1;
	if (stream->records.mapped)
		stats->reader_lost = tcps_mapped_lost(stream->records.mapped);
	else
		stats->reader_lost += stream->lost;
	return 0;
}
