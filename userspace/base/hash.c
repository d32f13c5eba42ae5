// SPDX-License-Identifier: GPL-2.0
/*
 * SipHash-2-4: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. The
 * libraries that have it are large for 50 lines.
 */
#include "base/hash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* Written by hash_init() before there is a table, and constant from then on. */
static __u64 secret_key[2];

/**
 * hash_init() - draw the secret key of this program's tables
 *
 * Context: before the first table has an element.
 *
 * Return: 0, or -1 and errno, as of getrandom().
 */
int hash_init(void)
{
	ssize_t got;

	/* The kernel never returns a part of so few bytes. */
	do {
		got = getrandom(secret_key, sizeof(secret_key), 0);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -1 : 0;
}

static __u64 rotate_left(__u64 value, unsigned int bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_rounds(__u64 v[4], unsigned int count)
{
	while (count--) {
		v[0] += v[1];
		v[1] = rotate_left(v[1], 13) ^ v[0];
		v[0] = rotate_left(v[0], 32);
		v[2] += v[3];
		v[3] = rotate_left(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate_left(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate_left(v[1], 17) ^ v[2];
		v[2] = rotate_left(v[2], 32);
	}
}

static void sip_add(__u64 v[4], __u64 word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

/**
 * hash_with_key() - SipHash-2-4
 * @secret: the key
 * @data: what to hash
 * @length: its length in bytes
 *
 * Return: the hash.
 */
__u64 hash_with_key(const __u64 secret[2], const void *data, size_t length)
{
	__u64 v[4] = {
		secret[0] ^ 0x736f6d6570736575ULL,
		secret[1] ^ 0x646f72616e646f6dULL,
		secret[0] ^ 0x6c7967656e657261ULL,
		secret[1] ^ 0x7465646279746573ULL,
	};
	const unsigned char *bytes = data;
	size_t left = length;
	__u64 word;

	for (; left >= sizeof(word); left -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sip_add(v, le64toh(word));
		bytes += sizeof(word);
	}
	word = (__u64)length << 56;
	while (left--)
		word |= (__u64)bytes[left] << (8 * left);
	sip_add(v, word);
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/**
 * hash_bytes() - the hash of an element of a table
 * @data: its key
 * @length: of that, in bytes
 *
 * Return: the hash, which differs from one run of a program to the next.
 */
unsigned int hash_bytes(const void *data, size_t length)
{
	return hash_with_key(secret_key, data, length);
}
