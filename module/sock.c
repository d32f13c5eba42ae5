// SPDX-License-Identifier: GPL-2.0
/*
 * All three structures begin with struct sock_common, which holds addresses, family,
 * namespace and cookie. Each has ports in members of its own.
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

#include "cookie.h"
#include "sock_inline.h"
#include "uapi/tcpstates.h"

/* A record stores the kernel's numbers unchanged. */
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

static u8 put_ipv4(struct tcpstates_ident *ident, __be32 local, __be32 remote)
{
	memcpy(ident->laddr, &local, sizeof(local));
	memcpy(ident->raddr, &remote, sizeof(remote));
	return TCPSTATES_FAMILY_INET;
}

#if IS_ENABLED(CONFIG_IPV6)
/*
 * IPv4 over an AF_INET6 socket. The peer's address decides; if there is no peer,
 * the local address, since the socket may still hold the address of an earlier peer.
 */
static bool is_v4mapped(const struct sock *sk, bool has_peer)
{
	return ipv6_addr_v4mapped(has_peer ? &sk->sk_v6_daddr :
				  &sk->sk_v6_rcv_saddr);
}

static u8 put_ipv6(struct tcpstates_ident *ident, const struct sock *sk,
		   bool has_peer)
{
	if (is_v4mapped(sk, has_peer)) {
		ident->flags = TCPSTATES_FLAG_V4MAPPED;
		return put_ipv4(ident, sk->sk_v6_rcv_saddr.s6_addr32[3],
				sk->sk_v6_daddr.s6_addr32[3]);
	}
	memcpy(ident->laddr, &sk->sk_v6_rcv_saddr, sizeof(ident->laddr));
	memcpy(ident->raddr, &sk->sk_v6_daddr, sizeof(ident->raddr));
	return TCPSTATES_FAMILY_INET6;
}
#else
static u8 put_ipv6(struct tcpstates_ident *ident, const struct sock *sk,
		   bool has_peer)
{
	return TCPSTATES_FAMILY_INET6;
}
#endif

/*
 * @sk is any of the three structures; only its sock_common is read. Returns the
 * family.
 */
static u8 fill_ident(struct tcpstates_ident *ident, const struct sock *sk,
		     u16 lport, u16 rport)
{
	u8 family;

	memset(ident, 0, sizeof(*ident));
	if (sk->sk_family == AF_INET6)
		family = put_ipv6(ident, sk, rport);
	else
		family = put_ipv4(ident, sk->sk_rcv_saddr, sk->sk_daddr);

	ident->known = TCPSTATES_KNOW_LADDR;
	ident->lport = lport;
	if (lport)
		ident->known |= TCPSTATES_KNOW_LPORT;
	ident->rport = rport;
	if (rport)
		ident->known |= TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT;
	else
		memset(ident->raddr, 0, sizeof(ident->raddr));
	ident->netns = sock_net(sk)->ns.inum;
	return family;
}

/**
 * tcps_sock_ident() - read addresses, ports and namespace of a full socket
 * @ident: where to; its owner is not known afterwards
 * @sk: the socket
 * @closing: it is about to go to CLOSE
 *
 * inet_num is the local port as long as there is one. On the way to CLOSE it is
 * cleared already (inet_put_port()), but inet_sport still holds the port; at other
 * times inet_sport may be left from an earlier connection of the socket.
 *
 * Context: any.
 * Return: TCPSTATES_FAMILY_*.
 */
u8 tcps_sock_ident(struct tcpstates_ident *ident, const struct sock *sk,
		   bool closing)
{
	const struct inet_sock *inet = inet_sk(sk);

	return fill_ident(ident, sk,
			  closing ? ntohs(inet->inet_sport) : inet->inet_num,
			  ntohs(inet->inet_dport));
}

/**
 * tcps_sock_no_port() - correct the ident of a socket that never got a local port
 * @ident: what tcps_sock_ident() has read; its local port, if any, is that of an
 *	earlier connection
 *
 * Context: any.
 */
void tcps_sock_no_port(struct tcpstates_ident *ident)
{
	ident->lport = 0;
	ident->known &= ~TCPSTATES_KNOW_LPORT;
}

/**
 * tcps_sock_request_ident() - read addresses, ports and namespace of a request
 * @ident: where to; its owner is not known afterwards
 * @req: the request
 *
 * Context: any.
 * Return: TCPSTATES_FAMILY_*.
 */
u8 tcps_sock_request_ident(struct tcpstates_ident *ident,
			   const struct request_sock *req)
{
	return fill_ident(ident, req_to_sk((struct request_sock *)req),
			  inet_rsk(req)->ir_num,
			  ntohs(inet_rsk(req)->ir_rmt_port));
}

/**
 * tcps_sock_timewait_ident() - read addresses, ports and namespace of a minisock
 * @ident: where to; its owner is not known afterwards
 * @tw: the minisock
 *
 * Context: any.
 * Return: TCPSTATES_FAMILY_*.
 */
u8 tcps_sock_timewait_ident(struct tcpstates_ident *ident,
			    const struct inet_timewait_sock *tw)
{
	return fill_ident(ident, tcps_timewait_sk(tw), ntohs(tw->tw_sport),
			  ntohs(tw->tw_dport));
}

/*
 * A request made from a SYN cookie has no listener, unless BPF has checked the cookie.
 * Then it has a listener, references, and the bit. Without references the bit may be
 * uninitialized: cookie_v4_check() does not set it up to 6.1.
 */
static bool is_cookie(const struct request_sock *req)
{
	return !req->rsk_listener ||
	       (refcount_read(&req->rsk_refcnt) && req->syncookie);
}

/**
 * tcps_sock_request_flags() - read the flags of a request
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

/* @word with all bytes behind its first zero byte cleared. */
static __always_inline u64 until_nul(u64 word)
{
	const u64 ones = ~0ULL / 0xff, tops = ones << 7;
	u64 nuls = (word - ones) & ~word & tops;

	/* Below the first zero byte's top bit all bits become ones. */
	return nuls ? word & ((nuls & -nuls) - 1) >> 7 : word;
}

/*
 * Copies in words, since the name may change meanwhile. On 5.10 old bytes may follow
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
 * tcps_sock_running() - make the running process the owner
 * @ident: where to: pid, comm, uid and their bits
 *
 * The process, not the thread, as ss and ps show it.
 *
 * Context: process; in the system call that makes it the owner.
 */
void tcps_sock_running(struct tcpstates_ident *ident)
{
	ident->known |= TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID;
	ident->pid = task_tgid_nr(current);
	/* In the initial user namespace they are the same. */
	ident->uid = __kuid_val(current_uid());
	put_comm(ident->comm, current->group_leader->comm);
}

/**
 * tcps_sock_user() - read the user of a socket
 * @ident: where to: uid and its bit
 * @sk: the socket
 *
 * Context: any.
 * Return: true if it has not been accepted yet, and has no user.
 */
bool tcps_sock_user(struct tcpstates_ident *ident, const struct sock *sk)
{
	if (!READ_ONCE(sk->sk_socket))
		return !sock_flag(sk, SOCK_DEAD);
	ident->known |= TCPSTATES_KNOW_UID;
	ident->uid = __kuid_val(sk->sk_uid);
	return false;
}

static void put_cgroup(struct tcpstates_ident *ident, const struct sock *sk)
{
#ifdef CONFIG_SOCK_CGROUP_DATA
	/* It is not const on all kernels. */
	struct cgroup *cgroup =
		sock_cgroup_ptr((struct sock_cgroup_data *)&sk->sk_cgrp_data);

	if (!cgroup)
		return;
	ident->cgroup = cgroup_id(cgroup);
	ident->known |= TCPSTATES_KNOW_CGROUP;
#endif
}

/**
 * tcps_sock_file() - read the inode and the cgroup of a socket
 * @ident: where to: inode, cgroup and their bits
 * @sk: the socket
 *
 * Context: any; @sk is locked: its file stays until sock_orphan().
 */
void tcps_sock_file(struct tcpstates_ident *ident, const struct sock *sk)
{
	struct socket *socket = READ_ONCE(sk->sk_socket);

	if (socket) {
		ident->inode = SOCK_INODE(socket)->i_ino;
		ident->known |= TCPSTATES_KNOW_INODE;
	}
	put_cgroup(ident, sk);
}

static u32 put_acceptq(struct tcpstates_record *record, const struct sock *sk)
{
	record->acceptq = READ_ONCE(sk->sk_ack_backlog);
	record->backlog = READ_ONCE(sk->sk_max_ack_backlog);
	return TCPSTATES_KNOW_ACCEPTQ;
}

/**
 * tcps_sock_request_counters() - read the counters of a request
 * @record: where to: @retrans
 * @req: the request
 *
 * Context: any.
 * Return: TCPSTATES_KNOW_* of the counters.
 */
u32 tcps_sock_request_counters(struct tcpstates_record *record,
			       const struct request_sock *req)
{
	record->retrans = req->num_retrans;
	return TCPSTATES_KNOW_RETRANS;
}

/* The socket is a listener, or ends as one. */
static bool is_listener(const struct tcpstates_record *record)
{
	return record->new_state == TCP_LISTEN ||
	       (record->old_state == TCP_LISTEN &&
		record->new_state == TCP_CLOSE);
}

/*
 * The counters are not reset yet: a new child has those of its listener, a socket in
 * connect() those of its earlier connection.
 */
static bool has_old_counters(const struct tcpstates_record *record)
{
	return record->old_state == TCP_LISTEN ||
	       (record->old_state == TCP_CLOSE &&
		record->new_state == TCP_SYN_SENT);
}

/*
 * Before the SYN is sent (tcp_connect_init()) and after it was purged
 * (tcp_write_queue_purge()), sequence numbers are those of an earlier connection.
 */
static bool has_queues(const struct tcpstates_record *record,
		       const struct sock *sk)
{
	return (record->new_state != TCP_SYN_SENT &&
		(record->old_state != TCP_SYN_SENT ||
		 record->new_state != TCP_CLOSE)) ||
	       READ_ONCE(tcp_sk(sk)->packets_out);
}

/**
 * tcps_sock_some_counters() - read the counters of a socket that does not have all
 * @record: where to, states filled in: all counters; those without a value become 0
 * @sk: the socket
 *
 * Context: as tcps_sock_counters().
 * Return: TCPSTATES_KNOW_* of the counters.
 */
u32 tcps_sock_some_counters(struct tcpstates_record *record,
			    const struct sock *sk)
{
	u32 known;

	tcps_sock_no_counters(record);
	if (is_listener(record))
		return put_acceptq(record, sk);
	if (has_old_counters(record))
		return 0;
	known = tcps_put_rtt(record, sk) | tcps_put_bytes(record, sk);
	if (has_queues(record, sk))
		known |= tcps_put_queues(record, sk);
	return known;
}

/**
 * tcps_sock_counters() - read the counters of a full socket
 * @record: where to, states filled in: all counters; those without a value become 0
 * @sk: the socket
 *
 * Context: any; @sk is locked, or the caller prevents its CLOSE. In the second case
 * the values may be of different moments.
 * Return: TCPSTATES_KNOW_* of the counters.
 */
u32 tcps_sock_counters(struct tcpstates_record *record, const struct sock *sk)
{
	if (!tcps_has_all_counters(record->old_state, record->new_state))
		return tcps_sock_some_counters(record, sk);
	return tcps_sock_all_counters(record, sk);
}
