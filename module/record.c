// SPDX-License-Identifier: GPL-2.0
/*
 * All three structures begin with struct sock_common, which holds addresses,
 * family, namespace and cookie; the ports stand in places of their own.
 */
#include "record.h"

#include <linux/cgroup.h>
#include <linux/compiler.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sock_diag.h>
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

/*
 * The cookie, made now if nobody asked for it before. sock_gen_cookie() is not
 * exported; this call does the same, for any structure with a sock_common.
 */
static u64 cookie_of(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	u32 half[2];

	if (likely(cookie))
		return cookie;
	sock_diag_save_cookie(sk, half);
	return half[0] | (u64)half[1] << 32;
}

/**
 * tcps_record_sock_cookie() - identity of a full socket
 * @sk: the socket; only its cookie may be written
 *
 * Must not be called on a child before inet_csk_clone_lock() has given it the
 * request's cookie.
 *
 * Return: the cookie.
 */
u64 tcps_record_sock_cookie(const struct sock *sk)
{
	return cookie_of((struct sock *)sk);
}

/**
 * tcps_record_request_cookie() - identity of a request socket
 * @req: the request; only its cookie may be written
 *
 * The kernel copies it to the child (inet_csk_clone_lock()) and to a request
 * that migrates (inet_reqsk_clone()).
 *
 * Return: the cookie.
 */
u64 tcps_record_request_cookie(const struct request_sock *req)
{
	return cookie_of(req_to_sk((struct request_sock *)req));
}

/**
 * tcps_record_timewait_cookie() - identity of a timewait minisock
 * @tw: the minisock; only its cookie may be written
 *
 * Return: the cookie.
 */
u64 tcps_record_timewait_cookie(const struct inet_timewait_sock *tw)
{
	return cookie_of((struct sock *)tw);
}

static void put_ipv4(struct tcpstates_record *record, __be32 local,
		     __be32 remote)
{
	record->family = TCPSTATES_FAMILY_INET;
	memcpy(record->laddr, &local, sizeof(local));
	memcpy(record->raddr, &remote, sizeof(remote));
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

static void put_ipv6(struct tcpstates_record *record, const struct sock *sk,
		     bool has_peer)
{
	if (is_v4mapped(sk, has_peer)) {
		put_ipv4(record, sk->sk_v6_rcv_saddr.s6_addr32[3],
			 sk->sk_v6_daddr.s6_addr32[3]);
		record->flags |= TCPSTATES_FLAG_V4MAPPED;
		return;
	}
	record->family = TCPSTATES_FAMILY_INET6;
	memcpy(record->laddr, &sk->sk_v6_rcv_saddr, sizeof(record->laddr));
	memcpy(record->raddr, &sk->sk_v6_daddr, sizeof(record->raddr));
}
#else
static void put_ipv6(struct tcpstates_record *record, const struct sock *sk,
		     bool has_peer)
{
}
#endif

/* @sk: any of the three structures; only its sock_common is read. */
static void fill(struct tcpstates_record *record, const struct sock *sk,
		 u16 lport, u16 rport)
{
	if (sk->sk_family == AF_INET6)
		put_ipv6(record, sk, rport);
	else
		put_ipv4(record, sk->sk_rcv_saddr, sk->sk_daddr);

	record->known = TCPSTATES_KNOW_LADDR;
	record->lport = lport;
	if (lport)
		record->known |= TCPSTATES_KNOW_LPORT;
	record->rport = rport;
	if (rport)
		record->known |= TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT;
	else
		memset(record->raddr, 0, sizeof(record->raddr));
	record->netns = sock_net(sk)->ns.inum;
}

static void begin(struct tcpstates_record *record, u64 conn, u8 old, u8 new)
{
	memset(record, 0, sizeof(*record));
	record->size = sizeof(*record);
	record->version = TCPSTATES_ABI_VERSION;
	record->event = TCPSTATES_EVENT_TRANSITION;
	record->old_state = old;
	record->new_state = new;
	record->conn = conn;
}

/**
 * tcps_record_sock() - a transition of a full socket
 * @record: where to
 * @sk: the socket
 * @old: state before
 * @new: state after
 *
 * inet_num is the local port while there is one. At CLOSE it is gone already
 * (inet_put_port()), but inet_sport still holds it; at other times that may be
 * left from an earlier life of the socket.
 */
void tcps_record_sock(struct tcpstates_record *record, const struct sock *sk,
		      u8 old, u8 new)
{
	const struct inet_sock *inet = inet_sk(sk);

	begin(record, tcps_record_sock_cookie(sk), old, new);
	fill(record, sk,
	     new == TCP_CLOSE ? ntohs(inet->inet_sport) : inet->inet_num,
	     ntohs(inet->inet_dport));
	if (sock_flag(sk, SOCK_DEAD))
		record->flags |= TCPSTATES_FLAG_ORPHAN;
	if (tcp_sk(sk)->syn_data_acked)
		record->flags |= TCPSTATES_FLAG_TFO;
	if (sk_is_mptcp(sk))
		record->flags |= TCPSTATES_FLAG_MPTCP;
}

/**
 * tcps_record_no_port() - a socket that never got a local port
 * @record: its record, whose local port is an earlier life's, if any
 */
void tcps_record_no_port(struct tcpstates_record *record)
{
	record->lport = 0;
	record->known &= ~TCPSTATES_KNOW_LPORT;
}

/**
 * tcps_record_request() - a transition of a request socket
 * @record: where to
 * @req: the request
 * @old: state before
 * @new: state after
 */
void tcps_record_request(struct tcpstates_record *record,
			 const struct request_sock *req, u8 old, u8 new)
{
	begin(record, tcps_record_request_cookie(req), old, new);
	fill(record, req_to_sk((struct request_sock *)req),
	     inet_rsk(req)->ir_num, ntohs(inet_rsk(req)->ir_rmt_port));
	record->retrans = req->num_retrans;
	record->known |= TCPSTATES_KNOW_RETRANS;
	if (req->syncookie)
		record->flags |= TCPSTATES_FLAG_SYNCOOKIE;
	if (rsk_is_mptcp(req))
		record->flags |= TCPSTATES_FLAG_MPTCP;
}

/**
 * tcps_record_timewait() - a transition of a timewait minisock
 * @record: where to
 * @tw: the minisock
 * @old: state before
 * @new: state after
 */
void tcps_record_timewait(struct tcpstates_record *record,
			  const struct inet_timewait_sock *tw, u8 old, u8 new)
{
	begin(record, tcps_record_timewait_cookie(tw), old, new);
	fill(record, (const struct sock *)tw, ntohs(tw->tw_sport),
	     ntohs(tw->tw_dport));
}

/**
 * tcps_record_owner() - the running process is the owner
 * @record: where to; pid, comm, uid and their bits
 *
 * The process, not the thread: what ss and ps show.
 *
 * Context: process; called by the system call that makes it the owner.
 */
void tcps_record_owner(struct tcpstates_record *record)
{
	record->known |= TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID;
	record->pid = task_tgid_nr(current);
	record->uid = from_kuid(&init_user_ns, current_uid());
	memcpy(record->comm, current->group_leader->comm, sizeof(record->comm));
}

/**
 * tcps_record_user() - what a socket itself knows of its owner
 * @record: where to; uid and its bit, or the flag unaccepted
 * @sk: the socket
 */
void tcps_record_user(struct tcpstates_record *record, const struct sock *sk)
{
	if (READ_ONCE(sk->sk_socket)) {
		record->known |= TCPSTATES_KNOW_UID;
		record->uid = from_kuid(&init_user_ns, sk->sk_uid);
	} else if (!sock_flag(sk, SOCK_DEAD)) {
		record->flags |= TCPSTATES_FLAG_UNACCEPTED;
	}
}

static void put_cgroup(struct tcpstates_record *record, struct sock *sk)
{
#ifdef CONFIG_SOCK_CGROUP_DATA
	struct cgroup *cgroup = sock_cgroup_ptr(&sk->sk_cgrp_data);

	if (!cgroup)
		return;
	record->cgroup = cgroup_id(cgroup);
	record->known |= TCPSTATES_KNOW_CGROUP;
#endif
}

/**
 * tcps_record_file() - where a socket belongs
 * @record: where to; inode, cgroup and their bits
 * @sk: the socket, locked: its file stays until sock_orphan()
 */
void tcps_record_file(struct tcpstates_record *record, const struct sock *sk)
{
	struct socket *socket = READ_ONCE(sk->sk_socket);

	if (socket) {
		record->inode = SOCK_INODE(socket)->i_ino;
		record->known |= TCPSTATES_KNOW_INODE;
	}
	put_cgroup(record, (struct sock *)sk);
}

static void put_acceptq(struct tcpstates_record *record, const struct sock *sk)
{
	record->acceptq = READ_ONCE(sk->sk_ack_backlog);
	record->backlog = READ_ONCE(sk->sk_max_ack_backlog);
	record->known |= TCPSTATES_KNOW_ACCEPTQ;
}

/* As tcp_diag_get_info() has them for ss. */
static void put_queues(struct tcpstates_record *record,
		       const struct tcp_sock *tp)
{
	record->rq = max_t(int, READ_ONCE(tp->rcv_nxt) -
				READ_ONCE(tp->copied_seq), 0);
	record->wq = READ_ONCE(tp->write_seq) - READ_ONCE(tp->snd_una);
	record->known |= TCPSTATES_KNOW_QUEUES;
}

/*
 * bytes_received counts the FIN, which tcp_fin() notes with SOCK_DONE;
 * bytes_sent counts a segment each time.
 */
static void put_bytes(struct tcpstates_record *record,
		      const struct tcp_sock *tp)
{
	u64 in = READ_ONCE(tp->bytes_received);

	if (in && sock_flag((const struct sock *)tp, SOCK_DONE))
		in--;
	record->bytes_in = in;
	record->bytes_out = READ_ONCE(tp->bytes_sent) -
			    READ_ONCE(tp->bytes_retrans);
	record->known |= TCPSTATES_KNOW_BYTES;
}

/* The end of a listener, or the time when it is one. */
static bool is_listener(const struct tcpstates_record *record)
{
	return record->new_state == TCP_LISTEN ||
	       (record->old_state == TCP_LISTEN &&
		record->new_state == TCP_CLOSE);
}

/*
 * Until the SYN is sent (tcp_connect_init()), sequence numbers are those of an
 * earlier life; a child has its listener's at first.
 */
static bool is_unborn(const struct tcpstates_record *record)
{
	return record->new_state == TCP_SYN_SENT ||
	       (record->old_state == TCP_SYN_SENT &&
		record->new_state == TCP_CLOSE) ||
	       record->old_state == TCP_LISTEN;
}

/**
 * tcps_record_health() - how a connection is doing
 * @record: where to, states filled in; the members of the socket's counters
 * @sk: the socket: locked, or kept from its CLOSE by the caller; then each
 *	value is one that it had, not all of them those of one moment
 */
void tcps_record_health(struct tcpstates_record *record, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 rtt_us;

	if (is_listener(record)) {
		put_acceptq(record, sk);
		return;
	}
	if (is_unborn(record))
		return;
	rtt_us = READ_ONCE(tp->srtt_us) >> 3;
	if (rtt_us) {
		record->rtt_us = rtt_us;
		record->known |= TCPSTATES_KNOW_RTT;
	}
	record->retrans = READ_ONCE(tp->total_retrans);
	record->known |= TCPSTATES_KNOW_RETRANS;
	put_queues(record, tp);
	put_bytes(record, tp);
}
