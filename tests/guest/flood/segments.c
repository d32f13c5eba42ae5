// SPDX-License-Identifier: GPL-2.0
/*
 * Sends TCP segments that nobody asked for, as fast as it can.
 *
 * usage: segments SEED COUNT FLAGS FROM BITS FROM_PORTS TO TO_PORTS
 *
 * FROM and TO are addresses of one family. The last BITS (0 to 16) of FROM and
 * one of FROM_PORTS ("32768-65535", or one) differ from segment to segment; no
 * pair comes twice before all have come, if there are 2, 4, 8 ... ports. TO_PORTS
 * are gone through in turn. The sequence numbers are random. FLAGS is the byte of
 * the header: 2 for SYN, 4 for RST.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define AT_ONCE		64

struct ports {
	unsigned int first, last;
};

/* What the checksum covers besides the segment, in either family. */
struct pseudo {
	__u8 from[16], to[16];
	__u32 length, protocol;
};

struct packet {
	union {
		struct iphdr v4;
		struct ip6_hdr v6;
	} ip;
	struct tcphdr tcp;
};

struct flood {
	int family;
	__u8 flags;
	__u8 from[16], to[16];
	unsigned int bits;		/* of the last word of @from */
	struct ports from_ports, to_ports;
	__u64 random;
};

/* xorshift64: Marsaglia, Journal of Statistical Software 8 (2003). */
static __u32 draw(struct flood *flood)
{
	flood->random ^= flood->random << 13;
	flood->random ^= flood->random >> 7;
	flood->random ^= flood->random << 17;
	return flood->random >> 16;
}

static __u32 sum(const void *data, size_t length, __u32 start)
{
	const __u8 *byte = data;
	size_t i;

	for (i = 0; i < length; i += 2)
		start += byte[i] << 8 | byte[i + 1];
	return start;
}

static __u16 checksum(const struct flood *flood, const __u8 *from,
		      const struct tcphdr *tcp)
{
	struct pseudo pseudo = {
		.length = htonl(sizeof(*tcp)),
		.protocol = htonl(IPPROTO_TCP),
	};
	size_t size = flood->family == AF_INET ? 4 : 16;
	__u32 total;

	memcpy(pseudo.from, from, size);
	memcpy(pseudo.to, flood->to, size);
	total = sum(tcp, sizeof(*tcp), sum(&pseudo, sizeof(pseudo), 0));
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons(~total);
}

/* Goes through all numbers of up to 32 bits, far from one to the next. */
static __u32 scatter(__u64 number)
{
	return number * 0x9e3779b1;
}

static void set_source(const struct flood *flood, __u32 bits, __u8 *from)
{
	size_t last = flood->family == AF_INET ? 0 : 12;
	__u32 word, mask = (1U << flood->bits) - 1;

	memcpy(from, flood->from, 16);
	memcpy(&word, from + last, sizeof(word));
	word = (word & ~htonl(mask)) | htonl(bits & mask);
	memcpy(from + last, &word, sizeof(word));
}

/* The headers; the segment stands behind those of the family. */
static size_t make(struct flood *flood, __u64 number, void *to)
{
	unsigned int ports = flood->from_ports.last - flood->from_ports.first;
	__u32 pair = scatter(number);
	struct tcphdr tcp = {
		.source = htons(flood->from_ports.first +
				(pair >> flood->bits) % (ports + 1)),
		.dest = htons(flood->to_ports.first + number %
			      (flood->to_ports.last - flood->to_ports.first +
			       1)),
		.seq = draw(flood),
		.ack_seq = flood->flags & TH_ACK ? draw(flood) : 0,
		.doff = sizeof(tcp) / 4,
		.window = htons(8192),
	};
	size_t header = flood->family == AF_INET ? sizeof(struct iphdr) :
						   sizeof(struct ip6_hdr);
	__u8 from[16];

	set_source(flood, pair, from);
	((__u8 *)&tcp)[13] = flood->flags;
	tcp.check = checksum(flood, from, &tcp);
	if (flood->family == AF_INET) {
		struct iphdr ip = {
			.version = 4, .ihl = 5, .ttl = 64,
			.tot_len = htons(header + sizeof(tcp)),
			.protocol = IPPROTO_TCP,
		};

		memcpy(&ip.saddr, from, 4);
		memcpy(&ip.daddr, flood->to, 4);
		memcpy(to, &ip, header);
	} else {
		struct ip6_hdr ip = { .ip6_flow = htonl(6 << 28) };

		ip.ip6_plen = htons(sizeof(tcp));
		ip.ip6_nxt = IPPROTO_TCP;
		ip.ip6_hlim = 64;
		memcpy(&ip.ip6_src, from, 16);
		memcpy(&ip.ip6_dst, flood->to, 16);
		memcpy(to, &ip, header);
	}
	memcpy((char *)to + header, &tcp, sizeof(tcp));
	return header + sizeof(tcp);
}

static int open_socket(const struct flood *flood)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	int sock = socket(flood->family, SOCK_RAW, IPPROTO_RAW);
	int ret;

	if (sock < 0)
		err(2, "socket");
	memcpy(&v4.sin_addr, flood->to, 4);
	memcpy(&v6.sin6_addr, flood->to, 16);
	if (flood->family == AF_INET)
		ret = connect(sock, (struct sockaddr *)&v4, sizeof(v4));
	else
		ret = connect(sock, (struct sockaddr *)&v6, sizeof(v6));
	if (ret)
		err(2, "connect");
	return sock;
}

/* How many have gone out; what the queue has no place for is sent anew. */
static void send_all(struct flood *flood, __u64 count)
{
	static struct packet packets[AT_ONCE];
	struct mmsghdr messages[AT_ONCE] = { };
	struct iovec vectors[AT_ONCE];
	int sock = open_socket(flood), ret;
	__u64 number = 0;
	unsigned int i, most;

	while (number < count) {
		most = count - number < AT_ONCE ? count - number : AT_ONCE;
		for (i = 0; i < most; i++) {
			vectors[i].iov_base = &packets[i];
			vectors[i].iov_len = make(flood, number + i,
						  &packets[i]);
			messages[i].msg_hdr.msg_iov = &vectors[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		ret = sendmmsg(sock, messages, most, 0);
		if (ret < 0 && errno != ENOBUFS && errno != EPERM)
			err(1, "sendmmsg");
		if (ret > 0)
			number += ret;
	}
}

static struct ports parse_ports(const char *text)
{
	struct ports ports;
	char *end;

	ports.first = strtoul(text, &end, 10);
	ports.last = *end == '-' ? strtoul(end + 1, &end, 10) : ports.first;
	if (*end || ports.last < ports.first || ports.last > 65535)
		errx(2, "%s: not ports", text);
	return ports;
}

static void parse_address(const char *text, int family, void *to)
{
	if (inet_pton(family, text, to) != 1)
		errx(2, "%s: not an address of this family", text);
}

int main(int argc, char **argv)
{
	struct flood flood = { };
	struct timespec begin, end;
	__u64 count;

	if (argc != 9)
		errx(2, "usage: segments SEED COUNT FLAGS FROM BITS FROM_PORTS TO TO_PORTS");
	flood.random = strtoull(argv[1], NULL, 0) * 2 + 1;
	count = strtoull(argv[2], NULL, 0);
	flood.flags = strtoul(argv[3], NULL, 0);
	flood.family = strchr(argv[4], ':') ? AF_INET6 : AF_INET;
	parse_address(argv[4], flood.family, flood.from);
	flood.bits = strtoul(argv[5], NULL, 0);
	if (flood.bits > 16)
		errx(2, "%s: not 0 to 16", argv[5]);
	flood.from_ports = parse_ports(argv[6]);
	parse_address(argv[7], flood.family, flood.to);
	flood.to_ports = parse_ports(argv[8]);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	send_all(&flood, count);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%llu segments in %.2f s\n", (unsigned long long)count,
	       end.tv_sec - begin.tv_sec +
	       (end.tv_nsec - begin.tv_nsec) / 1e9);
	return 0;
}
