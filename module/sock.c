// SPDX-License-Identifier: GPL-2.0
/*
 * All three structures begin with struct sock_common, which holds addresses,
 * family, namespace and cookie; the ports stand in places of their own.
 */
#include "sock.h"

#include <linux/cgroup.h>
#include <linux/compiler.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <net/inet_sock.h>
#include <net/inet_timewait_sock.h>
#include <net/ipv6.h>
#include <net/mptcp.h>
#include <net/net_namespace.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#include "conn.h"
#include "look.h"
#include "uapi/tcpstates.h"

/* The numbers of the ABI are the kernel's; a record stores them unchanged. */
static_assert(TCPSTATES_ESTABLISHED == TCP_ESTABLISHED);
static_assert(TCPSTATES_SYN_SENT == TCP_SYN_SENT);
static_assert(TCPSTATES_SYN_RECV == TCP_SYN_RECV);
static_assert(TCPSTATES_FIN_WAIT1 == TCP_FIN_WAIT1);
static_assert(TCPSTATES_FIN_WAIT2 == TCP_FIN_WAIT2);
static_assert(TCPSTATES_TIME_WAIT == TCP_TIME_WAIT);
static_assert(TCPSTATES_CLOSE == TCP_CLOSE);
static_assert(TCPSTATES_CLOSE_WAIT == TCP_CLOSE_WAIT);
static_assert(TCPSTATES_LAST_ACK == TCP_LAST_ACK);
static_assert(TCPSTATES_LISTEN == TCP_LISTEN);
static_assert(TCPSTATES_CLOSING == TCP_CLOSING);
static_assert(TCPSTATES_COMM_LEN == TASK_COMM_LEN);

static void put_ipv4(struct tcps_tuple *tuple, __be32 local,
		     __be32 remote)
{
	tuple->family = TCPSTATES_FAMILY_INET;
	memcpy(tuple->laddr, &local, sizeof(local));
	memcpy(tuple->raddr, &remote, sizeof(remote));
}

#if IS_ENABLED(CONFIG_IPV6)
/*
 * IPv4 over an AF_INET6 socket: the peer's address tells, or the own one if
 * there is no peer; what the socket keeps of an earlier peer does not count.
 */
static bool is_v4mapped(const struct sock *sk, bool has_peer)
{
	return ipv6_addr_v4mapped(has_peer ? &sk->sk_v6_daddr :
				  &sk->sk_v6_rcv_saddr);
}

static void put_ipv6(struct tcps_tuple *tuple, const struct sock *sk,
		     bool has_peer)
{
	if (is_v4mapped(sk, has_peer)) {
		put_ipv4(tuple, sk->sk_v6_rcv_saddr.s6_addr32[3],
			 sk->sk_v6_daddr.s6_addr32[3]);
		tuple->flags |= TCPSTATES_FLAG_V4MAPPED;
		return;
	}
	tuple->family = TCPSTATES_FAMILY_INET6;
	memcpy(tuple->laddr, &sk->sk_v6_rcv_saddr, sizeof(tuple->laddr));
	memcpy(tuple->raddr, &sk->sk_v6_daddr, sizeof(tuple->raddr));
}
#else
static void put_ipv6(struct tcps_tuple *tuple, const struct sock *sk,
		     bool has_peer)
{
}
#endif

/* @sk: any of the three structures; only its sock_common is read. */
static void fill(struct tcps_tuple *tuple, const struct sock *sk,
		 u16 lport, u16 rport)
{
	memset(tuple, 0, sizeof(*tuple));
	if (sk->sk_family == AF_INET6)
		put_ipv6(tuple, sk, rport);
	else
		put_ipv4(tuple, sk->sk_rcv_saddr, sk->sk_daddr);

	tuple->known = TCPSTATES_KNOW_LADDR;
	tuple->lport = lport;
	if (lport)
		tuple->known |= TCPSTATES_KNOW_LPORT;
	tuple->rport = rport;
	if (rport)
		tuple->known |= TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT;
	else
		memset(tuple->raddr, 0, sizeof(tuple->raddr));
	tuple->netns = sock_net(sk)->ns.inum;
}

/**
 * tcps_sock_tuple() - between whom a full socket is
 * @tuple: where to
 * @sk: the socket
 * @closing: it is on its way to CLOSE
 *
 * inet_num is the local port while there is one. At CLOSE it is gone already
 * (inet_put_port()), but inet_sport still holds it; at other times that may be
 * left from an earlier life of the socket.
 *
 * Context: any.
 */
void tcps_sock_tuple(struct tcps_tuple *tuple, const struct sock *sk,
		     bool closing)
{
	const struct inet_sock *inet = inet_sk(sk);

	fill(tuple, sk, closing ? ntohs(inet->inet_sport) : inet->inet_num,
	     ntohs(inet->inet_dport));
}

/**
 * tcps_sock_no_port() - a socket that never got a local port
 * @tuple: its tuple, whose local port is an earlier life's, if any
 *
 * Context: any.
 */
void tcps_sock_no_port(struct tcps_tuple *tuple)
{
	tuple->lport = 0;
	tuple->known &= ~TCPSTATES_KNOW_LPORT;
}

/**
 * tcps_sock_request_tuple() - between whom a request is
 * @tuple: where to
 * @req: the request
 *
 * Context: any.
 */
void tcps_sock_request_tuple(struct tcps_tuple *tuple,
			     const struct request_sock *req)
{
	fill(tuple, req_to_sk((struct request_sock *)req),
	     inet_rsk(req)->ir_num, ntohs(inet_rsk(req)->ir_rmt_port));
}

/**
 * tcps_sock_timewait_tuple() - between whom a minisock is
 * @tuple: where to
 * @tw: the minisock
 *
 * Context: any.
 */
void tcps_sock_timewait_tuple(struct tcps_tuple *tuple,
			      const struct inet_timewait_sock *tw)
{
	fill(tuple, (const struct sock *)tw, ntohs(tw->tw_sport),
	     ntohs(tw->tw_dport));
}

/*
 * Requests made from a SYN cookie have no listener of their own. Those that BPF
 * has checked do, and references; only then the bit for it has a value on all
 * kernels (up to 6.1 cookie_v4_check() leaves it as it finds it).
 */
static bool is_cookie(const struct request_sock *req)
{
	return !req->rsk_listener ||
	       (refcount_read(&req->rsk_refcnt) && req->syncookie);
}

/**
 * tcps_sock_request_flags() - what a request says of its connection
 * @req: the request
 *
 * Context: any.
 * Return: TCPSTATES_FLAG_*.
 */
u32 tcps_sock_request_flags(const struct request_sock *req)
{
	u32 flags = 0;

	if (is_cookie(req))
		flags |= TCPSTATES_FLAG_SYNCOOKIE;
	if (rsk_is_mptcp(req))
		flags |= TCPSTATES_FLAG_MPTCP;
	return flags;
}

/* @word up to its first zero byte, and zero behind it. */
static __always_inline u64 until_nul(u64 word)
{
	const u64 ones = ~0ULL / 0xff, tops = ones << 7;
	u64 nuls = (word - ones) & ~word & tops;

	/* Below the first zero byte's top bit all bits become ones. */
	return nuls ? word & ((nuls & -nuls) - 1) >> 7 : word;
}

/*
 * A name that may change meanwhile, in words. On 5.10 old bytes may stand behind
 * the NUL.
 */
static __always_inline void put_comm(char comm[TASK_COMM_LEN], const char *name)
{
	u64 words[2];

	BUILD_BUG_ON(sizeof(words) != TASK_COMM_LEN);
	memcpy(words, name, sizeof(words));
	words[0] = until_nul(words[0]);
	/* The first word's last byte is zero if a NUL is in it. */
	words[1] = words[0] >> 56 ? until_nul(words[1]) : 0;
	memcpy(comm, words, sizeof(words));
}

/**
 * tcps_sock_running() - the running process is the owner
 * @owner: where to; pid, comm, uid and their bits
 *
 * The process, not the thread: what ss and ps show.
 *
 * Context: process; called by the system call that makes it the owner.
 */
void tcps_sock_running(struct tcps_owner *owner)
{
	owner->known |= TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID;
	owner->pid = task_tgid_nr(current);
	/* In the initial user namespace they are the same. */
	owner->uid = __kuid_val(current_uid());
	put_comm(owner->comm, current->group_leader->comm);
}

/**
 * tcps_sock_user() - what a socket itself knows of its owner
 * @owner: where to; uid and its bit
 * @sk: the socket
 *
 * Context: any.
 * Return: true if nobody has accepted it yet.
 */
bool tcps_sock_user(struct tcps_owner *owner, const struct sock *sk)
{
	if (!READ_ONCE(sk->sk_socket))
		return !sock_flag(sk, SOCK_DEAD);
	owner->known |= TCPSTATES_KNOW_UID;
	owner->uid = __kuid_val(sk->sk_uid);
	return false;
}

static void put_cgroup(struct tcps_owner *owner, struct sock *sk)
{
#ifdef CONFIG_SOCK_CGROUP_DATA
	struct cgroup *cgroup = sock_cgroup_ptr(&sk->sk_cgrp_data);

	if (!cgroup)
		return;
	owner->cgroup = cgroup_id(cgroup);
	owner->known |= TCPSTATES_KNOW_CGROUP;
#endif
}

/**
 * tcps_sock_file() - where a socket belongs
 * @owner: where to; inode, cgroup and their bits
 * @sk: the socket, locked: its file stays until sock_orphan()
 */
void tcps_sock_file(struct tcps_owner *owner, const struct sock *sk)
{
	struct socket *socket = READ_ONCE(sk->sk_socket);

	if (socket) {
		owner->inode = SOCK_INODE(socket)->i_ino;
		owner->known |= TCPSTATES_KNOW_INODE;
	}
	put_cgroup(owner, (struct sock *)sk);
}

static u32 put_acceptq(struct tcpstates_record *record, const struct sock *sk)
{
	record->acceptq = READ_ONCE(sk->sk_ack_backlog);
	record->backlog = READ_ONCE(sk->sk_max_ack_backlog);
	return TCPSTATES_KNOW_ACCEPTQ;
}

/**
 * tcps_sock_request_health() - how a half-open connection is doing
 * @record: where to; @retrans
 * @req: the request
 *
 * Context: any.
 * Return: TCPSTATES_KNOW_* of it.
 */
u32 tcps_sock_request_health(struct tcpstates_record *record,
			     const struct request_sock *req)
{
	record->retrans = req->num_retrans;
	return TCPSTATES_KNOW_RETRANS;
}

/* The end of a listener, or the time when it is one. */
static bool is_listener(const struct tcpstates_record *record)
{
	return record->new_state == TCP_LISTEN ||
	       (record->old_state == TCP_LISTEN &&
		record->new_state == TCP_CLOSE);
}

/* A child has its listener's counters at first, connect() those of before. */
static bool is_unborn(const struct tcpstates_record *record)
{
	return record->old_state == TCP_LISTEN ||
	       (record->old_state == TCP_CLOSE &&
		record->new_state == TCP_SYN_SENT);
}

/*
 * Until the SYN is sent (tcp_connect_init()), and when it is not any more
 * (tcp_write_queue_purge()), sequence numbers are those of an earlier life.
 */
static bool has_queues(const struct tcpstates_record *record,
		       const struct tcp_sock *tp)
{
	return (record->new_state != TCP_SYN_SENT &&
		(record->old_state != TCP_SYN_SENT ||
		 record->new_state != TCP_CLOSE)) ||
	       READ_ONCE(tp->packets_out);
}

/**
 * tcps_sock_some_health() - of sockets that have not all, or something else
 * @record: as for tcps_sock_health()
 * @sk: likewise
 *
 * Context: as tcps_sock_health().
 * Return: likewise.
 */
u32 tcps_sock_some_health(struct tcpstates_record *record,
			  const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 known;

	tcps_sock_no_health(record);
	if (is_listener(record))
		return put_acceptq(record, sk);
	if (is_unborn(record))
		return 0;
	known = tcps_put_rtt(record, tp) | tcps_put_bytes(record, tp);
	if (has_queues(record, tp))
		known |= tcps_put_queues(record, tp);
	return known;
}

/**
 * tcps_sock_health() - how a connection is doing
 * @record: where to, states filled in; all members of a socket's counters
 * @sk: the socket: locked, or kept from its CLOSE by the caller; then each
 *	value is one that it had, not all of them those of one moment
 *
 * Return: TCPSTATES_KNOW_* of these members.
 */
u32 tcps_sock_health(struct tcpstates_record *record, const struct sock *sk)
{
	if (!tcps_has_health(record->old_state, record->new_state))
		return tcps_sock_some_health(record, sk);
	return tcps_look_health(record, sk);
}
