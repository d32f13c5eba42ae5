// SPDX-License-Identifier: GPL-2.0
/* Who has to go of those who are connected to the exporter. */
#define _GNU_SOURCE
#include "unit.h"

#include <endian.h>
#include <netinet/in.h>
#include <unistd.h>

#include "../../userspace/export/clients.c"

static struct clients clients;
static int sockets[2];

static int setup(void **state)
{
	(void)state;
	memset(&clients, 0, sizeof(clients));
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(sockets[0]);
	close(sockets[1]);
	return 0;
}

/* One of the address 10.0.0.@host. */
static struct client *add(u8 host, long long now_ms)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x0a000000 | host),
	};

	return clients_add(&clients, sockets[0], (struct sockaddr *)&in, now_ms);
}

static struct client *add_ipv6(u64 network, u64 host)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memcpy(&in6.sin6_addr, &network, 8);
	memcpy(in6.sin6_addr.s6_addr + 8, &host, 8);
	return clients_add(&clients, sockets[0], (struct sockaddr *)&in6, 0);
}

static void test_the_oldest_goes(void **state)
{
	struct client *first[3];
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++)
		first[i] = add(1, i);
	clients_answered(&clients, first[0], 3);
	for (; i < CLIENTS_MAX; i++)
		add(1, i);
	assert_false(first[1]->ended);
	add(1, i);
	assert_true(first[1]->ended);
	add(1, i);
	assert_true(first[2]->ended);
	/* It had an answer in between. */
	assert_false(first[0]->ended);
	assert_int_equal(count_of(&clients, NULL), CLIENTS_MAX);
}

static void test_of_the_address_that_has_most(void **state)
{
	struct client *alone = add(1, 0), *pair[2], *many;
	unsigned int i;

	(void)state;
	pair[0] = add(2, 0);
	pair[1] = add(2, 0);
	many = add(3, 0);
	for (i = 4; i < CLIENTS_MAX; i++)
		add(3, 0);
	for (i = 0; i < CLIENTS_MAX / 2; i++)
		assert_non_null(add(3, 0));
	assert_true(many->ended);
	assert_false(alone->ended || pair[0]->ended || pair[1]->ended);
}

/* A network of IPv6 is one, an IPv4 address in IPv6 that address. */
static void test_addresses(void **state)
{
	(void)state;
	assert_memory_equal(add_ipv6(7, 1)->source, add_ipv6(7, 2)->source, 16);
	assert_memory_not_equal(add_ipv6(7, 1)->source, add_ipv6(8, 1)->source, 16);
	assert_memory_equal(add(9, 0)->source,
			    add_ipv6(0, htobe64(0xffff0a000009))->source, 16);
	assert_memory_not_equal(add(9, 0)->source, add(8, 0)->source, 16);
}

static void test_time_is_over(void **state)
{
	struct client *client = add(1, 100), *other = add(1, 200);

	(void)state;
	assert_true(clients_expire(&clients, 150) == CLIENTS_FIRST_MS - 50);
	clients_answered(&clients, other, 300);
	assert_true(clients_expire(&clients, 100 + CLIENTS_FIRST_MS) ==
		    200 + CLIENTS_NEXT_MS - CLIENTS_FIRST_MS);
	assert_true(client->ended);
	assert_false(other->ended);
	assert_true(clients_expire(&clients, 300 + CLIENTS_NEXT_MS) == -1);
	assert_true(other->ended);
}

/* Those that are about to go have a place until they have gone. */
static void test_no_place(void **state)
{
	struct client *client = add(1, 0);
	unsigned int i;

	(void)state;
	for (i = 1; i < CLIENTS_SLOTS; i++)
		assert_non_null(add(1, 0));
	assert_null(add(1, 0));
	clients_remove(client);
	assert_ptr_equal(add(1, 0), client);
	while (clients_end_one(&clients))
		;
	assert_int_equal(count_of(&clients, NULL), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_oldest_goes),
		TEST(test_of_the_address_that_has_most),
		TEST(test_addresses),
		TEST(test_time_is_over),
		TEST(test_no_place),
	};

	return cmocka_run_group_tests_name("clients", tests, NULL, NULL);
}
