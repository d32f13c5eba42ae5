/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/tcpstates: every state change of every TCP connection, as a stream.
 *
 * read() returns transitions of TCP connections between the states of RFC 9293,
 * in the order of time. A connection is one object from its SYN to the end of
 * TIME_WAIT, although the kernel keeps it in up to three structures one after
 * the other (request socket, full socket, timewait minisock): the socket cookie
 * @conn stays the same throughout.
 *
 * Two formats carry the same content: lines of text, the default, and &struct
 * tcpstates_record, after TCPSTATES_IOC_SET_FORMAT.
 *
 * Promise to programs. Within TCPSTATES_ABI_VERSION 1:
 *
 *  - Numbers, names and members of this header keep their meaning; new ones are
 *    added at the end.
 *  - A record only grows at its end. @size is its length: a reader advances by
 *    @size and ignores what it does not know. @version changes only if an
 *    existing member changes its meaning.
 *  - Every open file has its own position, format, filter and loss count, and
 *    starts at the moment of open(). Readers do not slow each other down.
 *  - Records come in the order of @boot_ns over all CPUs, those of one
 *    connection in the order in which they happened.
 *  - A record that is overwritten before it was read is counted: one record of
 *    type TCPSTATES_EVENT_LOST takes the place of all that are missing.
 *  - An unknown value is marked as unknown in @known, never filled with a guess.
 *  - All reserved members and unknown bits of a structure given to an ioctl must
 *    be zero (else EINVAL), so that they can get a meaning later.
 *
 * uapi/dev-tcpstates describes each system call and the text format.
 */
#ifndef _UAPI_LINUX_TCPSTATES_H
#define _UAPI_LINUX_TCPSTATES_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The version of the ioctls and of the record; see struct tcpstates_info. */
#define TCPSTATES_ABI_VERSION	1

#define TCPSTATES_DEVICE	"/dev/tcpstates"

/*
 * States. The numbers are those of the kernel's <net/tcp_states.h> and of
 * /proc/net/tcp; the half-open request socket (12 there) is SYN_RECV here.
 */
#define TCPSTATES_UNKNOWN	0	/* printed as "-" */
#define TCPSTATES_ESTABLISHED	1
#define TCPSTATES_SYN_SENT	2
#define TCPSTATES_SYN_RECV	3
#define TCPSTATES_FIN_WAIT1	4
#define TCPSTATES_FIN_WAIT2	5
#define TCPSTATES_TIME_WAIT	6
#define TCPSTATES_CLOSE		7
#define TCPSTATES_CLOSE_WAIT	8
#define TCPSTATES_LAST_ACK	9
#define TCPSTATES_LISTEN	10
#define TCPSTATES_CLOSING	11
#define TCPSTATES_STATE_COUNT	12

/* Member @event: the type of a record. */
#define TCPSTATES_EVENT_TRANSITION	1 /* @old_state to @new_state happened */
#define TCPSTATES_EVENT_LOST		2 /* @count records are missing here */
#define TCPSTATES_EVENT_EXISTING	3 /* a connection existed, in @new_state */
#define TCPSTATES_EVENT_STUCK		4 /* in @new_state for too long */
#define TCPSTATES_EVENT_COUNT		5

/* Member @family. */
#define TCPSTATES_FAMILY_INET	4
#define TCPSTATES_FAMILY_INET6	6

/* Member @known: which members hold a value. */
#define TCPSTATES_KNOW_LADDR	0x00000001U
#define TCPSTATES_KNOW_LPORT	0x00000002U
#define TCPSTATES_KNOW_RADDR	0x00000004U
#define TCPSTATES_KNOW_RPORT	0x00000008U
#define TCPSTATES_KNOW_DURATION	0x00000010U /* @dur_ns */
#define TCPSTATES_KNOW_OWNER	0x00000020U /* @pid and @comm */
#define TCPSTATES_KNOW_UID	0x00000040U /* @uid */
#define TCPSTATES_KNOW_INODE	0x00000080U /* @inode */
#define TCPSTATES_KNOW_CGROUP	0x00000100U /* @cgroup */
#define TCPSTATES_KNOW_RTT	0x00000200U /* @rtt_us */
#define TCPSTATES_KNOW_RETRANS	0x00000400U /* @retrans */
#define TCPSTATES_KNOW_QUEUES	0x00000800U /* @rq and @wq */
#define TCPSTATES_KNOW_BYTES	0x00001000U /* @bytes_in and @bytes_out */
#define TCPSTATES_KNOW_HANDSHAKE 0x00002000U /* @handshake_ns */
#define TCPSTATES_KNOW_ACCEPTQ	0x00004000U /* @acceptq and @backlog */

/* Member @flags; the last words, in lower case, are the names in text. */
#define TCPSTATES_FLAG_V4MAPPED	0x00000001U /* IPv4 over an AF_INET6 socket */
#define TCPSTATES_FLAG_UNACCEPTED 0x00000002U /* owner is the listener's */
#define TCPSTATES_FLAG_ORPHAN	0x00000004U /* no process has it open any more */
#define TCPSTATES_FLAG_ATLEAST	0x00000008U /* @dur_ns is a lower bound */
#define TCPSTATES_FLAG_SYNCOOKIE 0x00000010U /* made from a SYN cookie */
#define TCPSTATES_FLAG_TFO	0x00000020U /* TCP Fast Open: data in the SYN */
#define TCPSTATES_FLAG_MPTCP	0x00000040U /* a subflow of MPTCP */

/*
 * Member @cause: why the transition happened. The last words, in lower case and
 * with "-" for "_", are the names in text. uapi/dev-tcpstates-causes has the
 * meaning of each, and the path of the kernel behind it.
 */
#define TCPSTATES_CAUSE_UNKNOWN		0 /* printed as "-" */
#define TCPSTATES_CAUSE_CONNECT		1
#define TCPSTATES_CAUSE_LISTEN		2
#define TCPSTATES_CAUSE_SYN		3
#define TCPSTATES_CAUSE_SYNACK		4
#define TCPSTATES_CAUSE_ACK		5
#define TCPSTATES_CAUSE_FIN		6
#define TCPSTATES_CAUSE_FIN_ACKED	7
#define TCPSTATES_CAUSE_CLOSE		8
#define TCPSTATES_CAUSE_SHUTDOWN	9
#define TCPSTATES_CAUSE_RST_RECEIVED	10
#define TCPSTATES_CAUSE_RST_SENT	11
#define TCPSTATES_CAUSE_ABORT		12
#define TCPSTATES_CAUSE_UNREAD		13
#define TCPSTATES_CAUSE_DISCONNECT	14
#define TCPSTATES_CAUSE_TIMEOUT		15
#define TCPSTATES_CAUSE_REFUSED		16
#define TCPSTATES_CAUSE_UNREACHABLE	17
#define TCPSTATES_CAUSE_SYNACK_TIMEOUT	18
#define TCPSTATES_CAUSE_OVERFLOW	19
#define TCPSTATES_CAUSE_LISTENER_CLOSED	20
#define TCPSTATES_CAUSE_DUPLICATE	21
#define TCPSTATES_CAUSE_TW_EXPIRED	22
#define TCPSTATES_CAUSE_TW_REUSED	23
#define TCPSTATES_CAUSE_TW_RESET	24
#define TCPSTATES_CAUSE_TW_OVERFLOW	25
#define TCPSTATES_CAUSE_NETNS_EXIT	26
#define TCPSTATES_CAUSE_KILLED		27
#define TCPSTATES_CAUSE_NO_MEMORY	28
#define TCPSTATES_CAUSE_CONNECT_FAILED	29
#define TCPSTATES_CAUSE_LISTEN_FAILED	30
#define TCPSTATES_CAUSE_REPAIR		31
#define TCPSTATES_CAUSE_UNSEEN		32
#define TCPSTATES_CAUSE_COUNT		33

#define TCPSTATES_COMM_LEN	16

/*
 * Members that the module also handles as one structure, as __struct_group() of the
 * kernel allows. Programs see them as members like all others.
 */
#ifndef __tcpstates_group
#define __tcpstates_group(tag, name, members)	members
#endif

/**
 * struct tcpstates_record - an item of the stream
 * @size: bytes of this record, a multiple of 8
 * @version: TCPSTATES_ABI_VERSION of the module that wrote it
 * @event: TCPSTATES_EVENT_*
 * @old_state: state before, TCPSTATES_ESTABLISHED etc.
 * @new_state: state after
 * @family: TCPSTATES_FAMILY_*; INET for a v4-mapped connection
 * @cause: TCPSTATES_CAUSE_*
 * @boot_ns: CLOCK_BOOTTIME of the transition; the order of the stream
 * @real_ns: CLOCK_REALTIME of the transition, as that clock was set then
 * @seq: running number of @cpu, from 0, without gaps; none in an EXISTING
 * @conn: socket cookie, the identity of the connection
 * @dur_ns: nanoseconds spent in @old_state (in @new_state so far, in an
 *	EXISTING or STUCK), if TCPSTATES_KNOW_DURATION
 * @count: number of missing records, in a TCPSTATES_EVENT_LOST
 * @netns: inode number of the network namespace
 * @cpu: the CPU that wrote the record; @cpu and @seq identify it
 * @laddr: local address in network byte order; IPv4 in the first four bytes
 * @raddr: remote address, in the same form
 * @lport: local port in host byte order
 * @rport: remote port in host byte order
 * @known: TCPSTATES_KNOW_* of the members that hold a value; others are zero
 * @pid: owner's process (thread group), in the initial pid namespace
 * @uid: owner's user, in the initial user namespace
 * @comm: owner's name, any bytes but NUL, padded with NUL
 * @flags: TCPSTATES_FLAG_*
 * @rtt_us: smoothed round-trip time in microseconds
 * @inode: inode of the socket's file, as in "socket:[...]" in /proc/PID/fd;
 *	kept after the file is closed
 * @cgroup: id of the socket's cgroup (version 2); "ss --cgroup" prints its name
 * @bytes_in: payload received in order
 * @bytes_out: payload sent, each byte once
 * @handshake_ns: from the SYN to ESTABLISHED; set from ESTABLISHED on
 * @retrans: retransmitted segments; retransmitted SYN-ACKs while half open
 * @rq: received and not read, as Recv-Q in ss: a FIN counts as one byte
 * @wq: written and not acknowledged, as Send-Q in ss: SYN and FIN count as one
 *	byte each
 * @acceptq: of a listener: connections that wait for accept()
 * @backlog: of a listener: how many may wait
 * @reserved: zero
 *
 * The values from @rtt_us on are taken at the transition, after the state
 * changed, and include the segment that caused it; in an EXISTING they are taken
 * when the table is read, in a STUCK at @boot_ns.
 *
 * In a TCPSTATES_EVENT_STUCK @old_state and @new_state are the same.
 *
 * In a TCPSTATES_EVENT_LOST only @size, @version, @event, @boot_ns, @real_ns
 * (of the first record that survived) and @count hold values.
 */
struct tcpstates_record {
	__u16 size;
	__u8 version;
	__u8 event;
	__u8 old_state;
	__u8 new_state;
	__u8 family;
	__u8 cause;
	__u64 boot_ns;
	__u64 real_ns;
	__u64 seq;
	__u64 conn;
	union {
		__u64 dur_ns;
		__u64 count;
	};
	__tcpstates_group(tcpstates_ident, ident,
		__u32 netns;
		__u32 cpu;
		__u8 laddr[16];
		__u8 raddr[16];
		__u16 lport;
		__u16 rport;
		__u32 known;
		__u32 pid;
		__u32 uid;
		char comm[TCPSTATES_COMM_LEN];
		__u32 flags;
		__u32 rtt_us;
		__u64 inode;
		__u64 cgroup);
	__u64 bytes_in;
	__u64 bytes_out;
	__u64 handshake_ns;
	__u32 retrans;
	__u32 rq;
	__u32 wq;
	__u32 acceptq;
	__u32 backlog;
	__u32 reserved;
};

/**
 * struct tcpstates_ring - the counters of one CPU's ring, in a mapping
 * @entered: odd while the CPU may be about to write a record
 * @reserved: number of records begun; record n is in slot n modulo @records
 * @head: number of complete records
 * @records: number of slots. While it is 0, the slots have no memory and must
 *	not be accessed. It changes once, before the first record
 *
 * uapi/dev-tcpstates describes how to read it without a lock.
 */
struct tcpstates_ring {
	__u64 entered;
	__u64 reserved;
	__u64 head;
	__u64 records;
};

/* Values of struct tcpstates_format. */
#define TCPSTATES_FORMAT_TEXT	0
#define TCPSTATES_FORMAT_BINARY	1

/**
 * struct tcpstates_format - argument of TCPSTATES_IOC_SET_FORMAT
 * @format: TCPSTATES_FORMAT_*
 * @reserved: zero
 */
struct tcpstates_format {
	__u32 format;
	__u32 reserved;
};

/**
 * struct tcpstates_filter - argument of TCPSTATES_IOC_SET_FILTER
 * @old_states: bit 1 << state for each wanted @old_state; 0 for all
 * @new_states: bit 1 << state for each wanted @new_state; 0 for all
 * @families: bit 1 << TCPSTATES_FAMILY_*; 0 for all
 * @netns: wanted namespace; 0 for all
 * @conn: wanted connection; 0 for all
 * @lport_min: smallest wanted local port
 * @lport_max: largest wanted local port; 0 with @lport_min 0 for all
 * @rport_min: smallest wanted remote port
 * @rport_max: largest wanted remote port; 0 with @rport_min 0 for all
 * @laddr: wanted local network, in the form of the record
 * @raddr: wanted remote network, in the form of the record
 * @laddr_family: TCPSTATES_FAMILY_* of @laddr; 0 for all
 * @raddr_family: TCPSTATES_FAMILY_* of @raddr; 0 for all
 * @laddr_prefix: leading bits of @laddr that must match
 * @raddr_prefix: leading bits of @raddr that must match
 * @events: bit 1 << TCPSTATES_EVENT_* for each wanted event; 0 for all
 *
 * A record passes if it matches every member; all zero passes everything. An
 * unknown value of a record matches no restriction. A TCPSTATES_EVENT_LOST always
 * passes, and counts all records that were lost, filtered or not.
 */
struct tcpstates_filter {
	__u32 old_states;
	__u32 new_states;
	__u32 families;
	__u32 netns;
	__u64 conn;
	__u16 lport_min;
	__u16 lport_max;
	__u16 rport_min;
	__u16 rport_max;
	__u8 laddr[16];
	__u8 raddr[16];
	__u8 laddr_family;
	__u8 raddr_family;
	__u8 laddr_prefix;
	__u8 raddr_prefix;
	__u32 events;
};

/*
 * Hooks into the kernel. A bit in tcpstates_info.hooks is set if the hook is
 * attached, or if this kernel has nothing to hook there. The comment says what is
 * not visible if the bit is clear.
 */
#define TCPSTATES_HOOK_SET_STATE	0 /* (the module does not load) */
#define TCPSTATES_HOOK_TW_START		1 /* TIME_WAIT, FIN_WAIT2 after close() */
#define TCPSTATES_HOOK_TW_END		2 /* the end of those */
#define TCPSTATES_HOOK_TW_REARM		3 /* FIN_WAIT2 to TIME_WAIT after close() */
#define TCPSTATES_HOOK_REQ_START	4 /* SYN_RECV while half open */
#define TCPSTATES_HOOK_REQ_DROP		5 /* the end of a half-open connection */
#define TCPSTATES_HOOK_REQ_DONE		6 /* lost races of two final ACKs */
#define TCPSTATES_HOOK_CHILD		7 /* SYN_RECV of TFO and SYN cookies */
#define TCPSTATES_HOOK_CONNECT		8 /* chosen local port in SYN_SENT */
#define TCPSTATES_HOOK_REQ_FREE		9 /* the end of a SYN that lost a race */
#define TCPSTATES_HOOK_REQ_MIGRATE	10 /* requests that change listener */
#define TCPSTATES_HOOK_LISTEN		11 /* chosen local port in LISTEN */
#define TCPSTATES_HOOK_ACCEPT		12 /* the owner after accept() */
#define TCPSTATES_HOOK_RESET		13 /* cause: RST received, or sent for data */
#define TCPSTATES_HOOK_DISCONNECT	14 /* cause: abort, disconnect */
#define TCPSTATES_HOOK_SHUTDOWN		15 /* cause: shutdown rather than close */
#define TCPSTATES_HOOK_ABORT		16 /* cause: killed */
#define TCPSTATES_HOOK_CHECK_REQ	17 /* cause: RST, overflow, half open */
#define TCPSTATES_HOOK_REQ_ERR		18 /* cause: unreachable, half open */
#define TCPSTATES_HOOK_TW_DESCHEDULE	19 /* cause: TIME_WAIT's end */
#define TCPSTATES_HOOK_COUNT		20

/**
 * struct tcpstates_info - result of TCPSTATES_IOC_GET_INFO
 * @abi_version: TCPSTATES_ABI_VERSION of the module
 * @record_size: sizeof(struct tcpstates_record) in the module
 * @cpus: number of per-CPU rings: of possible CPUs
 * @ring_records: records that each ring holds
 * @hooks: bit 1 << TCPSTATES_HOOK_* for each attached hook
 * @module_version: the module's version, a NUL-terminated string
 * @map_ring: bytes from one CPU's ring to the next in a mapping; 0 if this file
 *	cannot be mapped
 * @map_slots: bytes from the beginning of a ring, its &struct tcpstates_ring, to
 *	its first record
 * @reserved: zero
 */
struct tcpstates_info {
	__u32 abi_version;
	__u32 record_size;
	__u32 cpus;
	__u32 ring_records;
	__u64 hooks;
	char module_version[16];
	__u64 map_ring;
	__u64 map_slots;
	__u64 reserved;
};

/**
 * struct tcpstates_stats - result of TCPSTATES_IOC_GET_STATS
 * @recorded: records written since the module was loaded, over all CPUs
 * @overwritten: of these, records that are no longer in a ring
 * @reader_lost: records that this open file has missed so far
 * @untracked: objects that found no place in a bounded set of the module;
 *	each may have cost one transition, see DESIGN.md
 * @unplaced: children of a listener whose addresses were not known; their
 *	stream begins at ESTABLISHED
 * @ring_bytes: memory of all rings
 * @conns_missed: connections without an entry in the module's table, because it
 *	or their hash chain was full, or their socket had eight entries in it:
 *	their durations and owners are unknown
 * @conn_bytes: memory of that table
 * @hits: number of calls of each hook, by TCPSTATES_HOOK_*; others are zero
 *
 * Counters only grow. They are read without stopping the writers: exact on an
 * idle host, approximate under load.
 */
struct tcpstates_stats {
	__u64 recorded;
	__u64 overwritten;
	__u64 reader_lost;
	__u64 untracked;
	__u64 unplaced;
	__u64 ring_bytes;
	__u64 conns_missed;
	__u64 conn_bytes;
	__u64 hits[24];
};

/**
 * struct tcpstates_account - result of TCPSTATES_IOC_GET_ACCOUNT
 * @entries: connections in the module's table
 * @entries_started: entries made since the module was loaded
 * @entries_ended: entries freed since then
 * @requests_started: request sockets represented by an entry so far
 * @requests_done: of these, request sockets replaced by a full socket
 * @requests_ended: of these, request sockets that ended without one
 * @minisocks_started: timewait minisocks represented by an entry so far
 * @minisocks_ended: of these, minisocks that ended
 * @vanished: entries dropped by an audit, because the kernel had no such
 *	connection any more; their end was not seen, and is reported with
 *	TCPSTATES_CAUSE_UNSEEN
 * @audits: audits finished since the module was loaded: comparisons of the
 *	table with the kernel's sockets
 * @audit_boot_ns: CLOCK_BOOTTIME of the end of the last one; 0 for none
 * @incomplete_boot_ns: CLOCK_BOOTTIME since when there may be connections
 *	without an entry; 0 if every connection has one
 * @complete_boot_ns: CLOCK_BOOTTIME since when every connection has an entry
 *	again; 0 if the table was never incomplete, or is incomplete now
 * @files: open files of the device
 * @files_bytes: memory charged for them, snapshots included
 * @files_bytes_max: bound for all of them
 * @files_bytes_user_max: bound for those of one unprivileged user
 * @files_refused: number of refusals because of these bounds: of an open(), a
 *	snapshot, or a row of a snapshot, which is reported as lost
 * @wakeups: wake-ups of open files
 * @reserved: zero
 *
 * While nothing changes, @entries is @entries_started - @entries_ended,
 * @requests_started - @requests_done - @requests_ended connections are half open,
 * and @minisocks_started - @minisocks_ended are in TIME_WAIT or FIN_WAIT2. All of
 * these are 0 on a host without TCP connections. They are read without stopping
 * the writers, as struct tcpstates_stats is.
 */
struct tcpstates_account {
	__u64 entries;
	__u64 entries_started;
	__u64 entries_ended;
	__u64 requests_started;
	__u64 requests_done;
	__u64 requests_ended;
	__u64 minisocks_started;
	__u64 minisocks_ended;
	__u64 vanished;
	__u64 audits;
	__u64 audit_boot_ns;
	__u64 incomplete_boot_ns;
	__u64 complete_boot_ns;
	__u64 files;
	__u64 files_bytes;
	__u64 files_bytes_max;
	__u64 files_bytes_user_max;
	__u64 files_refused;
	__u64 wakeups;
	__u64 reserved[13];
};

#define TCPSTATES_IOC_MAGIC	0xE6

#define TCPSTATES_IOC_GET_INFO	_IOR(TCPSTATES_IOC_MAGIC, 1, struct tcpstates_info)
#define TCPSTATES_IOC_GET_STATS	_IOR(TCPSTATES_IOC_MAGIC, 2, struct tcpstates_stats)
#define TCPSTATES_IOC_SET_FORMAT _IOW(TCPSTATES_IOC_MAGIC, 3, struct tcpstates_format)
#define TCPSTATES_IOC_SET_FILTER _IOW(TCPSTATES_IOC_MAGIC, 4, struct tcpstates_filter)
#define TCPSTATES_IOC_REWIND	_IO(TCPSTATES_IOC_MAGIC, 5)
#define TCPSTATES_IOC_SNAPSHOT	_IO(TCPSTATES_IOC_MAGIC, 6)
#define TCPSTATES_IOC_NOW	_IO(TCPSTATES_IOC_MAGIC, 7)
#define TCPSTATES_IOC_GET_ACCOUNT _IOR(TCPSTATES_IOC_MAGIC, 8, struct tcpstates_account)

#endif /* _UAPI_LINUX_TCPSTATES_H */
