// SPDX-License-Identifier: GPL-2.0
/*
 * The independent witness: records every event of sock:inet_sock_set_state,
 * as the kernel's own tracepoint tells it, into a map. It shares no code with
 * the module. What it needs of libbpf's headers is a few lines, written out
 * here so that clang alone can build it.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#define SEC(name)		__attribute__((section(name), used))
#define MAX_EVENTS		16384

static long (*map_update)(void *map, const void *key, const void *value,
			  __u64 flags) = (void *)BPF_FUNC_map_update_elem;
static void *(*map_lookup)(void *map, const void *key) =
	(void *)BPF_FUNC_map_lookup_elem;
static __u64 (*boot_ns)(void) = (void *)BPF_FUNC_ktime_get_boot_ns;
static __u32 (*this_cpu)(void) = (void *)BPF_FUNC_get_smp_processor_id;

/* Arguments of the tracepoint; test_witness.py compares with its format. */
struct set_state {
	__u64 common;
	__u64 skaddr;
	__s32 oldstate;
	__s32 newstate;
	__u16 sport;
	__u16 dport;
	__u16 family;
	__u16 protocol;
	__u8 saddr[4];
	__u8 daddr[4];
	__u8 saddr_v6[16];
	__u8 daddr_v6[16];
};

/* The same in words that bpftool prints without padding between them. */
struct event {
	__u64 boot_ns;
	__u64 sk;	/* stays in the test's own map */
	__u32 oldstate;
	__u32 newstate;
	__u32 sport;
	__u32 dport;
	__u32 family;
	__u32 protocol;
	__u64 saddr[2];
	__u64 daddr[2];
};

/*
 * Unique: a CPU sees no two events at once. A running number would be simpler,
 * but an addition that returns its result takes a kernel of 5.12.
 */
struct moment {
	__u64 boot_ns;
	__u64 cpu;
};

struct {
	int (*type)[BPF_MAP_TYPE_HASH];
	int (*max_entries)[MAX_EVENTS];
	struct moment *key;
	struct event *value;
} witness_events SEC(".maps");

struct {
	int (*type)[BPF_MAP_TYPE_ARRAY];
	int (*max_entries)[1];
	__u32 *key;
	__u64 *value;
} witness_count SEC(".maps");

SEC("tp/sock/inet_sock_set_state")
int witness(const struct set_state *args)
{
	struct event event = { };
	struct moment moment = { };
	__u64 *count;
	__u32 zero = 0;

	count = map_lookup(&witness_count, &zero);
	if (!count)
		return 0;
	__sync_fetch_and_add(count, 1);
	moment.boot_ns = boot_ns();
	moment.cpu = this_cpu();
	event.boot_ns = moment.boot_ns;
	event.sk = args->skaddr;
	event.oldstate = args->oldstate;
	event.newstate = args->newstate;
	event.sport = args->sport;
	event.dport = args->dport;
	event.family = args->family;
	event.protocol = args->protocol;
	__builtin_memcpy(event.saddr, args->saddr_v6, 16);
	__builtin_memcpy(event.daddr, args->daddr_v6, 16);
	map_update(&witness_events, &moment, &event, BPF_NOEXIST);
	return 0;
}

char gpl[] SEC("license") = "GPL";
