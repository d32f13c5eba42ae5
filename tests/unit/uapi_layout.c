// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of the ABI, which must be the same for every compiler, language
 * and word size. To compile this file is the test; see uapi_test.
 */
#include <stddef.h>

#include "uapi/tcpstates.h"

#if defined(__cplusplus)
#define ASSERT(condition) static_assert(condition, #condition)
#elif __STDC_VERSION__ >= 201112L
#define ASSERT(condition) _Static_assert(condition, #condition)
#else /* C90 and C99: a negative size stops the compiler */
#define JOIN(a, b) a##b
#define NAME(line) JOIN(asserted_in_line_, line)
#define ASSERT(condition) extern char NAME(__LINE__)[(condition) ? 1 : -1]
#endif

#define AT(type, member, offset, size) \
	ASSERT(offsetof(struct tcpstates_##type, member) == (offset) && \
	       sizeof(((struct tcpstates_##type *)0)->member) == (size))
#define SIZE(type, size) \
	ASSERT(sizeof(struct tcpstates_##type) == (size))
#define IOC(name, dir, number, size) \
	ASSERT(TCPSTATES_IOC_##name == \
	       ((dir) << 30 | (size) << 16 | 0xE6 << 8 | (number)))

AT(record, size, 0, 2);
AT(record, version, 2, 1);
AT(record, event, 3, 1);
AT(record, old_state, 4, 1);
AT(record, new_state, 5, 1);
AT(record, family, 6, 1);
AT(record, cause, 7, 1);
AT(record, boot_ns, 8, 8);
AT(record, real_ns, 16, 8);
AT(record, seq, 24, 8);
AT(record, conn, 32, 8);
AT(record, dur_ns, 40, 8);
AT(record, count, 40, 8);
AT(record, netns, 48, 4);
AT(record, cpu, 52, 4);
AT(record, laddr, 56, 16);
AT(record, raddr, 72, 16);
AT(record, lport, 88, 2);
AT(record, rport, 90, 2);
AT(record, known, 92, 4);
AT(record, pid, 96, 4);
AT(record, uid, 100, 4);
AT(record, comm, 104, 16);
AT(record, flags, 120, 4);
AT(record, rtt_us, 124, 4);
AT(record, inode, 128, 8);
AT(record, cgroup, 136, 8);
AT(record, bytes_in, 144, 8);
AT(record, bytes_out, 152, 8);
AT(record, handshake_ns, 160, 8);
AT(record, retrans, 168, 4);
AT(record, rq, 172, 4);
AT(record, wq, 176, 4);
AT(record, acceptq, 180, 4);
AT(record, backlog, 184, 4);
AT(record, reserved, 188, 4);
SIZE(record, 192);

AT(format, format, 0, 4);
AT(format, reserved, 4, 4);
SIZE(format, 8);

AT(filter, old_states, 0, 4);
AT(filter, new_states, 4, 4);
AT(filter, families, 8, 4);
AT(filter, netns, 12, 4);
AT(filter, conn, 16, 8);
AT(filter, lport_min, 24, 2);
AT(filter, lport_max, 26, 2);
AT(filter, rport_min, 28, 2);
AT(filter, rport_max, 30, 2);
AT(filter, laddr, 32, 16);
AT(filter, raddr, 48, 16);
AT(filter, laddr_family, 64, 1);
AT(filter, raddr_family, 65, 1);
AT(filter, laddr_prefix, 66, 1);
AT(filter, raddr_prefix, 67, 1);
AT(filter, events, 68, 4);
SIZE(filter, 72);

AT(ring, entered, 0, 8);
AT(ring, reserved, 8, 8);
AT(ring, head, 16, 8);
AT(ring, records, 24, 8);
SIZE(ring, 32);

AT(info, abi_version, 0, 4);
AT(info, record_size, 4, 4);
AT(info, cpus, 8, 4);
AT(info, ring_records, 12, 4);
AT(info, hooks, 16, 8);
AT(info, module_version, 24, 16);
AT(info, map_ring, 40, 8);
AT(info, map_slots, 48, 8);
AT(info, reserved, 56, 8);
SIZE(info, 64);

AT(stats, recorded, 0, 8);
AT(stats, overwritten, 8, 8);
AT(stats, reader_lost, 16, 8);
AT(stats, untracked, 24, 8);
AT(stats, unplaced, 32, 8);
AT(stats, ring_bytes, 40, 8);
AT(stats, conns_missed, 48, 8);
AT(stats, conn_bytes, 56, 8);
AT(stats, hits, 64, 192);
SIZE(stats, 256);

AT(account, entries, 0, 8);
AT(account, entries_started, 8, 8);
AT(account, entries_ended, 16, 8);
AT(account, requests_started, 24, 8);
AT(account, requests_done, 32, 8);
AT(account, requests_ended, 40, 8);
AT(account, minisocks_started, 48, 8);
AT(account, minisocks_ended, 56, 8);
AT(account, vanished, 64, 8);
AT(account, audits, 72, 8);
AT(account, audit_boot_ns, 80, 8);
AT(account, incomplete_boot_ns, 88, 8);
AT(account, complete_boot_ns, 96, 8);
AT(account, files, 104, 8);
AT(account, files_bytes, 112, 8);
AT(account, files_bytes_max, 120, 8);
AT(account, files_bytes_user_max, 128, 8);
AT(account, files_refused, 136, 8);
AT(account, wakeups, 144, 8);
AT(account, reserved, 152, 104);
SIZE(account, 256);

#if !defined(__powerpc__) && !defined(__mips__) && !defined(__sparc__)
IOC(GET_INFO, 2U, 1U, 64U);
IOC(GET_STATS, 2U, 2U, 256U);
IOC(SET_FORMAT, 1U, 3U, 8U);
IOC(SET_FILTER, 1U, 4U, 72U);
IOC(REWIND, 0U, 5U, 0U);
IOC(SNAPSHOT, 0U, 6U, 0U);
IOC(NOW, 0U, 7U, 0U);
IOC(GET_ACCOUNT, 2U, 8U, 256U);
#endif

/* The numbers are those of the kernel, and of /proc/net/tcp. */
ASSERT(TCPSTATES_ESTABLISHED == 1);
ASSERT(TCPSTATES_SYN_SENT == 2);
ASSERT(TCPSTATES_SYN_RECV == 3);
ASSERT(TCPSTATES_FIN_WAIT1 == 4);
ASSERT(TCPSTATES_FIN_WAIT2 == 5);
ASSERT(TCPSTATES_TIME_WAIT == 6);
ASSERT(TCPSTATES_CLOSE == 7);
ASSERT(TCPSTATES_CLOSE_WAIT == 8);
ASSERT(TCPSTATES_LAST_ACK == 9);
ASSERT(TCPSTATES_LISTEN == 10);
ASSERT(TCPSTATES_CLOSING == 11);
ASSERT(TCPSTATES_STATE_COUNT == 12);
ASSERT(TCPSTATES_ABI_VERSION == 1);
ASSERT(TCPSTATES_HOOK_COUNT <= 24); /* tcpstates_stats.hits */
