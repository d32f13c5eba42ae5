// SPDX-License-Identifier: GPL-2.0
#include "stuck_fixture.h"

#include <linux/bitops.h>

unsigned int limits[TCPSTATES_STATE_COUNT];
struct tcpstates_record told[256];

int stuck_setup(void **state)
{
	int ret = life_setup(state);

	now = 1000 * SECOND;
	memset(limits, 0, sizeof(limits));
	limits[TCPSTATES_CLOSE_WAIT] = 60;
	tcps_stuck_watch(limits);
	return ret;
}

void change_limit(u8 state, unsigned int seconds)
{
	limits[state] = seconds;
	tcps_stuck_watch(limits);
}

void be_in(u64 cookie, u8 state)
{
	begin_owned(cookie, state, 812, "java");
}

u64 pass_now(void)
{
	u64 due_ns = 0;

	assert_true(tcps_stuck_pass(1000, &due_ns));
	return due_ns;
}

unsigned int pass(u64 next_ns)
{
	u64 due_ns = 0;

	assert_true(tcps_stuck_pass(1000, &due_ns));
	assert_int_equal(due_ns, next_ns == NEVER ? NEVER : now + next_ns);
	return stream_take_all(told, TCPSTATES_EVENT_STUCK);
}

bool is_marked(u64 cookie)
{
	return test_bit(tcps_conn_chain(cookie), tcps_conn_watched);
}

unsigned int times_told(unsigned int count, u64 cookie)
{
	unsigned int i, times = 0;

	for (i = 0; i < count; i++)
		times += told[i].conn == cookie;
	return times;
}
