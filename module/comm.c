// SPDX-License-Identifier: GPL-2.0
/*
 * A process name may hold any byte, and nothing in it may break a line, leave
 * its quotes, or make a terminal do or show something else. Hence the quote,
 * the backslash, control characters (C0, DEL, C1), line and paragraph
 * separators, marks that reorder text, and what is not UTF-8 are escaped:
 *
 *   line  byte by byte as \xHH
 *   JSON  as JSON does it, \" and \uHHHH. But JSON has no way to write a byte
 *         that is not part of a character, so the decoded string says \xHH in
 *         its place, and \x5c for a backslash: a backslash in the decoded
 *         string always begins such an escape, and nothing is lost.
 */
#include "comm.h"

#include <linux/compiler.h>

#include "text.h"
#include "uapi/tcpstates.h"

/*
 * Takes the character at @bytes apart, of which @left follow.
 * Returns its length, or 0 if it is none: cut off, overlong, a surrogate, too
 * large, or not the beginning of one.
 */
static unsigned int decode_utf8(const __u8 *bytes, unsigned int left,
				__u32 *character)
{
	static const __u32 smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int length, i;
	__u32 value;

	if (bytes[0] < 0x80) {
		*character = bytes[0];
		return 1;
	} else if (bytes[0] < 0xc2) {
		return 0;
	} else if (bytes[0] < 0xe0) {
		length = 2;
	} else if (bytes[0] < 0xf0) {
		length = 3;
	} else if (bytes[0] < 0xf5) {
		length = 4;
	} else {
		return 0;
	}
	if (length > left)
		return 0;

	value = bytes[0] & (0x7f >> length);
	for (i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return length;
}

/* What a terminal or a splitter of lines takes for more than a character. */
static bool is_control(__u32 character)
{
	return character < 0x20 ||
	       (character >= 0x7f && character <= 0x9f) ||
	       character == 0x061c || /* reordering, like the ranges below */
	       character == 0x200e || character == 0x200f ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

#define EACH_BYTE(byte)	((byte) * 0x0101010101010101ULL)

/* Eight bytes, the first the lowest. */
static __u64 load_word(const char *bytes)
{
	__u64 word;

	memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/*
 * How many bytes of @word are, before the first other, ASCII that stands for
 * itself everywhere: from 0x20 to 0x7e, no quote, no backslash. The top bit of
 * a byte becomes set where it is below 0x20 or above 0xa0, where it is 0x7f to
 * 0xfe, and where it is one of those two; what a byte borrows from or carries
 * to the bytes after it changes nothing at the first that gets one.
 */
static __always_inline unsigned int count_plain(__u64 word)
{
	__u64 others = (word - EACH_BYTE(0x20)) | (word + EACH_BYTE(1)) |
		       ((word ^ EACH_BYTE('"')) - EACH_BYTE(1)) |
		       ((word ^ EACH_BYTE('\\')) - EACH_BYTE(1));

	others &= EACH_BYTE(0x80);
	return others ? __builtin_ctzll(others) / 8 : 8;
}

/* Appends a name up to the first byte that is not plain; says which that is. */
static __always_inline unsigned int put_plain(char *p, const char *comm)
{
	unsigned int count = count_plain(load_word(comm));

	memcpy(p, comm, TCPSTATES_COMM_LEN);
	return count < 8 ? count : 8 + count_plain(load_word(comm + 8));
}

/* At most @most: a name of full length has no NUL. */
static unsigned int comm_length(const __u8 *comm, unsigned int most)
{
	unsigned int length = 0;

	while (length < most && comm[length])
		length++;
	return length;
}

static char *put_bytes(char *p, const __u8 *bytes, unsigned int length)
{
	while (length--)
		*p++ = *bytes++;
	return p;
}

/* What follows the plain beginning of a name, on a line. */
static noinline char *put_special(char *p, const __u8 *bytes, unsigned int left)
{
	unsigned int length;
	__u32 character;

	for (left = comm_length(bytes, left); left; left -= length) {
		length = decode_utf8(bytes, left, &character);
		if (length && !is_control(character) &&
		    character != '"' && character != '\\') {
			p = put_bytes(p, bytes, length);
			bytes += length;
			continue;
		}
		/* The rest of a character is not the beginning of one. */
		length = 1;
		p = tcps_put_word(p, "\\x");
		p = tcps_put_hex_pair(p, *bytes++);
	}
	*p++ = '"';
	return p;
}

/**
 * tcps_put_comm() - append a process name in quotes, escaped for a line
 * @p: where to
 * @comm: TCPSTATES_COMM_LEN bytes, ended by a NUL if shorter
 *
 * Context: any.
 * Return: the position after it.
 */
char *tcps_put_comm(char *p, const char *comm)
{
	unsigned int plain;

	*p++ = '"';
	plain = put_plain(p, comm);
	p += plain;
	if (plain < TCPSTATES_COMM_LEN && comm[plain])
		return put_special(p, (const __u8 *)comm + plain,
				   TCPSTATES_COMM_LEN - plain);
	*p++ = '"';
	return p;
}

/* The same in JSON. */
static noinline char *put_json_special(char *p, const __u8 *bytes,
				       unsigned int left)
{
	unsigned int length;
	__u32 character;

	left = comm_length(bytes, left);
	for (; left; left -= length, bytes += length) {
		length = decode_utf8(bytes, left, &character);
		if (!length || character == '\\') {
			length = 1;
			p = tcps_put_word(p, "\\\\x");
			p = tcps_put_hex_pair(p, *bytes);
		} else if (character == '"') {
			p = tcps_put_word(p, "\\\"");
		} else if (is_control(character)) {
			p = tcps_put_word(p, "\\u");
			p = tcps_put_hex_pair(p, character >> 8);
			p = tcps_put_hex_pair(p, character & 0xff);
		} else {
			p = put_bytes(p, bytes, length);
		}
	}
	*p++ = '"';
	return p;
}

/**
 * tcps_put_json_comm() - append a process name as a string of JSON
 * @p: where to
 * @comm: as for tcps_put_comm()
 *
 * Context: any.
 * Return: the position after it.
 */
char *tcps_put_json_comm(char *p, const char *comm)
{
	unsigned int plain;

	*p++ = '"';
	plain = put_plain(p, comm);
	p += plain;
	if (plain < TCPSTATES_COMM_LEN && comm[plain])
		return put_json_special(p, (const __u8 *)comm + plain,
					TCPSTATES_COMM_LEN - plain);
	*p++ = '"';
	return p;
}
