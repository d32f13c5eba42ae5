/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A filter once parsed: conditions, tied by "and" and "or". There is no "not": it
 * has been drawn into the conditions, so that each can tell by itself what it does
 * with what is unknown. Every node comes after those that it ties.
 */
#ifndef _FILTER_TREE_H
#define _FILTER_TREE_H

#include <assert.h>

#include "filter/language.h"
#include "filter/words.h"

/**
 * struct host - an address, a network, ports, or both
 * @family: TCPSTATES_FAMILY_* of @address; 0 if it can be any
 * @prefix: bits of @address that count
 * @address: as in a record; the other bits are 0
 * @port_min: the first of the ports
 * @port_max: the last; less than @port_min if none will do
 */
struct host {
	__u8 family;
	__u8 prefix;
	__u8 address[16];
	__u64 port_min;
	__u64 port_max;
};

enum node_kind {
	NODE_AND,
	NODE_OR,
	NODE_SET,	/* the field's bit is among some */
	NODE_RANGE,	/* the field's number is in a range */
	NODE_HOST,
	NODE_PATTERN,
};

/* A set of values is the bits of a word. */
static_assert(TCPSTATES_CAUSE_COUNT <= 64, "causes fit into a set");

/**
 * struct node - one of a tree
 * @kind: which of the members below hold
 * @field: what it is about
 * @negated: whether the contrary is asked for
 * @left: first of the two nodes that are tied
 * @right: second of them
 * @set: bits of values
 * @min: the first of a range
 * @max: the last, less than @min if there is none in it
 * @host: for NODE_HOST
 * @pattern: as for fnmatch(3)
 */
struct node {
	enum node_kind kind;
	enum field field;
	bool negated;
	union {
		struct {
			unsigned int left;
			unsigned int right;
		};
		__u64 set;
		struct {
			__u64 min;
			__u64 max;
		};
		struct host host;
		char pattern[64];
	};
};

/**
 * struct filter - a tree
 * @count: nodes of it; the last one is its root; none lets everything pass
 * @room: for how many there is memory
 * @nodes: these
 */
struct filter {
	unsigned int count;
	size_t room;
	struct node *nodes;
};

#endif /* _FILTER_TREE_H */
