/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A parsed filter: conditions, joined by "and" and "or". There is no "not": it is pushed
 * down into the conditions, so that each handles unknown values by itself. A node
 * comes after the nodes that it joins.
 */
#ifndef _FILTER_TREE_H
#define _FILTER_TREE_H

#include <assert.h>

#include "filter/language.h"
#include "filter/words.h"

/**
 * struct host - an address, a network, ports, or both
 * @family: TCPSTATES_FAMILY_* of @address; 0 for any
 * @prefix: number of significant bits of @address
 * @address: as in a record; insignificant bits are 0
 * @port_min: first port
 * @port_max: last port; less than @port_min if no port matches
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
	NODE_SET,	/* the field's bit is in a set */
	NODE_RANGE,	/* the field's number is in a range */
	NODE_HOST,
	NODE_PATTERN,
};

/* Sets are bits of a __u64. */
static_assert(TCPSTATES_CAUSE_COUNT <= 64, "causes fit into a set");

/**
 * struct node - a node of the tree
 * @kind: which members are valid
 * @field: the field of a condition
 * @negated: whether the condition is negated
 * @left: index of the first node that is joined
 * @right: index of the second one
 * @set: bits of values
 * @min: first value of a range
 * @max: last value; less than @min if the range is empty
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
 * @count: number of nodes; the last one is the root; without nodes everything matches
 * @room: number of nodes that fit into @nodes
 * @nodes: the nodes
 */
struct filter {
	unsigned int count;
	size_t room;
	struct node *nodes;
};

#endif /* _FILTER_TREE_H */
