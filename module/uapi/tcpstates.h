/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/tcpstates: the life of every TCP connection, as a stream.
 *
 * Each read() of the device yields transitions of TCP connections between
 * the states of RFC 9293, in the order of time. A connection is one thing
 * here, from the SYN to the end of TIME_WAIT, although the kernel keeps it in
 * up to three structures one after the other (request socket, full socket,
 * timewait minisock): the socket cookie @conn stays the same throughout.
 *
 * Two formats carry the same content. A reader gets text lines after open(),
 * and asks for &struct tcpstates_record with TCPSTATES_IOC_SET_FORMAT.
 *
 * Rules that a program may rely on:
 *
 *  - Every open file has its own position, format, filter and loss count. It
 *    starts at the moment of open(). Nobody who reads slows anybody else.
 *  - Records come in the order of @boot_ns over all CPUs. The records of one
 *    connection come in the order in which they happened.
 *  - A record overwritten before it was read is counted; in the place of the
 *    missing records stands one of type TCPSTATES_EVENT_LOST with their number.
 *  - What is not known is marked so (@known), never filled with a guess.
 *  - A record only ever grows at its end. @size says how long it is; a reader
 *    steps by @size and ignores what it does not know. @version changes only
 *    if an existing member changes its meaning.
 *  - A structure given to an ioctl must have zero in all reserved members and
 *    unknown bits (else EINVAL), so that they can get a meaning later.
 *
 * The semantics of each system call, and the text format, are described in
 * uapi/dev-tcpstates.
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

/* What a record tells: member @event. */
#define TCPSTATES_EVENT_TRANSITION	1 /* @old_state to @new_state happened */
#define TCPSTATES_EVENT_LOST		2 /* @count records are missing here */
#define TCPSTATES_EVENT_EXISTING	3 /* a connection in @new_state was there */
#define TCPSTATES_EVENT_STUCK		4 /* it is in @new_state for too long */
#define TCPSTATES_EVENT_COUNT		5

/* Member @family. */
#define TCPSTATES_FAMILY_INET	4
#define TCPSTATES_FAMILY_INET6	6

/* Member @known: which of the members below hold a value. */
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

/* Member @flags; the names in text are the last words, in lower case. */
#define TCPSTATES_FLAG_V4MAPPED	0x00000001U /* IPv4 over an AF_INET6 socket */
#define TCPSTATES_FLAG_UNACCEPTED 0x00000002U /* owner is the listener's */
#define TCPSTATES_FLAG_ORPHAN	0x00000004U /* no process has it open any more */
#define TCPSTATES_FLAG_ATLEAST	0x00000008U /* @dur_ns is a lower bound */
#define TCPSTATES_FLAG_SYNCOOKIE 0x00000010U /* made from a SYN cookie */
#define TCPSTATES_FLAG_TFO	0x00000020U /* TCP Fast Open: data in the SYN */
#define TCPSTATES_FLAG_MPTCP	0x00000040U /* a subflow of MPTCP */

/*
 * Member @cause: why the transition happened. The names in text are the last
 * words, in lower case, with "-" for "_". uapi/dev-tcpstates says what each
 * means, and by which path of the kernel it is known.
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
 * struct tcpstates_record - one item of the stream
 * @size: bytes of this record, a multiple of 8
 * @version: TCPSTATES_ABI_VERSION of the module that wrote it
 * @event: TCPSTATES_EVENT_*
 * @old_state: state before, TCPSTATES_ESTABLISHED etc.
 * @new_state: state after
 * @family: TCPSTATES_FAMILY_*; INET for a v4-mapped connection
 * @cause: TCPSTATES_CAUSE_*
 * @boot_ns: when it happened, CLOCK_BOOTTIME; the order of the stream
 * @real_ns: when it happened, CLOCK_REALTIME as that clock stood then
 * @seq: running number of @cpu, from 0, without a gap; an EXISTING has none
 * @conn: socket cookie, the identity of the connection
 * @dur_ns: nanoseconds spent in @old_state (in @new_state so far, in an
 *	EXISTING or STUCK), if TCPSTATES_KNOW_DURATION
 * @count: how many records are missing, in a TCPSTATES_EVENT_LOST
 * @netns: inode number of the network namespace
 * @cpu: the CPU that recorded it; with @seq a unique name of the record
 * @laddr: local address in network byte order; IPv4 in the first four bytes
 * @raddr: remote address, likewise
 * @lport: local port in host byte order
 * @rport: remote port in host byte order
 * @known: TCPSTATES_KNOW_*; members that it does not name are zero
 * @pid: owner's process (thread group), in the initial pid namespace
 * @uid: owner's user, in the initial user namespace
 * @comm: owner's name, any bytes but NUL, padded with NUL
 * @flags: TCPSTATES_FLAG_*
 * @rtt_us: smoothed round-trip time in microseconds
 * @inode: of the socket's file, what /proc/PID/fd shows in "socket:[...]"; that
 *	of the last one if the connection has none any more
 * @cgroup: id of the socket's cgroup (version 2), as "ss --cgroup" finds it
 * @bytes_in: payload received in order
 * @bytes_out: payload sent, each byte once
 * @handshake_ns: from the SYN to ESTABLISHED, told from then on
 * @retrans: segments sent again; SYN-ACKs while half open
 * @rq: received and not read yet, as Recv-Q in ss: a FIN counts one
 * @wq: written and not acknowledged yet, as Send-Q in ss: SYN and FIN count one
 * @acceptq: connections that wait for accept(), of a listener
 * @backlog: how many may wait
 * @reserved: zero
 *
 * From @rtt_us on the values are those at the transition, with the state
 * changed and the segment that caused it counted; in an EXISTING those at the
 * time when the table was read, in a STUCK those at @boot_ns.
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
 * @reserved: records that were begun; record n stands in slot n modulo the
 *	number of slots
 * @head: records that are complete
 * @records: number of slots; 0 while there are none, whose pages must not be
 *	touched then. It changes once, before the first record
 *
 * How to read it without a lock is described in uapi/dev-tcpstates.
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
 * @old_states: bit 1 << state for each wanted @old_state; 0 wants all
 * @new_states: likewise for @new_state
 * @families: bit 1 << TCPSTATES_FAMILY_*; 0 wants all
 * @netns: wanted namespace; 0 wants all
 * @conn: wanted connection; 0 wants all
 * @lport_min: smallest wanted local port
 * @lport_max: largest wanted local port; 0 with @lport_min 0 wants all
 * @rport_min: smallest wanted remote port
 * @rport_max: largest wanted remote port; 0 with @rport_min 0 wants all
 * @laddr: wanted local network, as in the record
 * @raddr: wanted remote network
 * @laddr_family: TCPSTATES_FAMILY_* of @laddr; 0 wants all
 * @raddr_family: TCPSTATES_FAMILY_* of @raddr; 0 wants all
 * @laddr_prefix: leading bits of @laddr that must match
 * @raddr_prefix: leading bits of @raddr that must match
 * @events: bit 1 << TCPSTATES_EVENT_* for each wanted event; 0 wants all
 *
 * A record passes if it matches every member; all zero lets everything pass.
 * What a record does not know matches no restriction. A TCPSTATES_EVENT_LOST
 * always passes, and counts what was lost before any filter.
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
 * Hooks into the kernel. A bit in tcpstates_info.hooks says that the hook is
 * attached, or that this kernel has nothing to be seen there; the comment says
 * what is not seen where it is not.
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
 * @cpus: number of per-CPU rings, the possible CPUs
 * @ring_records: records that each ring holds
 * @hooks: bit 1 << TCPSTATES_HOOK_* for each attached hook
 * @module_version: the module's version, a string ending with NUL
 * @map_ring: bytes from one CPU's ring to the next in what mmap() gives, 0 if
 *	this file cannot be mapped
 * @map_slots: bytes from the &struct tcpstates_ring, with which each begins, to
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
 * @overwritten: of these, how many are no longer in a ring
 * @reader_lost: records that this open file has missed so far
 * @untracked: objects that found no place in a bounded table of the module;
 *	each may have cost one transition, see DESIGN.md
 * @unplaced: children of a listener whose tuple could not be known; their
 *	stream begins at ESTABLISHED
 * @ring_bytes: memory of all rings
 * @conns_missed: connections that got no entry in the module's table, since it or
 *	their chain was full: their durations and owners are unknown
 * @conn_bytes: memory of that table
 * @hits: how often each hook was called, by TCPSTATES_HOOK_*; the others zero
 *
 * Counters only grow, and are read without stopping the writers: they are
 * exact when the host is idle and approximate under load.
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
 * @requests_started: request sockets that an entry stood for
 * @requests_done: of these, replaced by a full socket
 * @requests_ended: of these, gone without one
 * @minisocks_started: timewait minisocks that an entry stood for
 * @minisocks_ended: of these, gone
 * @vanished: entries that an audit has dropped since the kernel has the
 *	connection no more; its end was not seen, and is told with
 *	TCPSTATES_CAUSE_UNSEEN
 * @audits: audits finished since the module was loaded: walks over the kernel's
 *	sockets that verify the table
 * @audit_boot_ns: when the last one finished, CLOCK_BOOTTIME; 0 for none
 * @incomplete_boot_ns: since when there may be connections without an entry,
 *	CLOCK_BOOTTIME; 0 if every connection has one
 * @complete_boot_ns: since when every connection has an entry again,
 *	CLOCK_BOOTTIME; 0 if that was never otherwise, or is otherwise now
 * @files: open files of the device
 * @files_bytes: memory that they take, snapshots included
 * @files_bytes_max: most that all of them may take
 * @files_bytes_user_max: most that those of one user may take who is not
 *	privileged
 * @files_refused: how often memory was refused for one of these bounds: to an
 *	open(), a snapshot, or a row of a snapshot, which is told as lost
 * @wakeups: wake-ups of open files
 * @reserved: zero
 *
 * When nothing changes, @entries is @entries_started - @entries_ended;
 * @requests_started - @requests_done - @requests_ended are half open; and
 * @minisocks_started - @minisocks_ended are in TIME_WAIT or FIN_WAIT2. All of
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
