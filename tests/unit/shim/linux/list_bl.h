/* SPDX-License-Identifier: GPL-2.0 */
/* The lowest bit of the head's pointer is the lock, as in the kernel. */
#ifndef _SHIM_LINUX_LIST_BL_H
#define _SHIM_LINUX_LIST_BL_H

#include <sched.h>
#include <stddef.h>
#include <stdint.h>

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct hlist_bl_head {
	struct hlist_bl_node *first;
};

static inline void hlist_bl_lock(struct hlist_bl_head *head)
{
	while (__atomic_fetch_or((uintptr_t *)&head->first, 1,
				 __ATOMIC_ACQUIRE) & 1)
		sched_yield();
}

static inline void hlist_bl_unlock(struct hlist_bl_head *head)
{
	__atomic_fetch_and((uintptr_t *)&head->first, ~(uintptr_t)1,
			   __ATOMIC_RELEASE);
}

static inline struct hlist_bl_node *hlist_bl_first(struct hlist_bl_head *head)
{
	uintptr_t first = __atomic_load_n((uintptr_t *)&head->first,
					  __ATOMIC_RELAXED);

	return (struct hlist_bl_node *)(first & ~(uintptr_t)1);
}

/* The head's pointer keeps its lock, which is held. */
static inline void hlist_bl_set(struct hlist_bl_node **place,
				struct hlist_bl_node *node)
{
	uintptr_t lock = __atomic_load_n((uintptr_t *)place,
					 __ATOMIC_RELAXED) & 1;

	__atomic_store_n((uintptr_t *)place, (uintptr_t)node | lock,
			 __ATOMIC_RELAXED);
}

static inline void hlist_bl_add_head(struct hlist_bl_node *node,
				     struct hlist_bl_head *head)
{
	node->next = hlist_bl_first(head);
	if (node->next)
		node->next->pprev = &node->next;
	node->pprev = &head->first;
	hlist_bl_set(&head->first, node);
}

static inline void hlist_bl_del(struct hlist_bl_node *node)
{
	if (node->next)
		node->next->pprev = node->pprev;
	hlist_bl_set(node->pprev, node->next);
}

static inline bool hlist_bl_empty(const struct hlist_bl_head *head)
{
	return !((unsigned long)READ_ONCE(head->first) & ~1UL);
}

#define hlist_bl_entry(node, type, member) \
	((type *)((char *)(node) - offsetof(type, member)))

#define hlist_bl_for_each_entry(entry, node, head, member) \
	for (node = hlist_bl_first(head); \
	     node && (entry = hlist_bl_entry(node, typeof(*entry), member), 1); \
	     node = node->next)

#define hlist_bl_for_each_entry_safe(entry, node, following, head, member) \
	for (node = hlist_bl_first(head); \
	     node && (entry = hlist_bl_entry(node, typeof(*entry), member), \
		      following = node->next, 1); \
	     node = following)

#endif /* _SHIM_LINUX_LIST_BL_H */
