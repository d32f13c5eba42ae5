// SPDX-License-Identifier: GPL-2.0
/* What a kernel function that cannot be hooked means for loading. */
#include "unit.h"

#include "hook_ftrace.h"

static void test_property_of_the_kernel(void **state)
{
	static const int errors[] = {
		ENOENT, EINVAL, EOPNOTSUPP, EADDRNOTAVAIL, EILSEQ, EBUSY, EEXIST,
		EPERM, ERANGE,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(errors); i++)
		assert_false(tcps_hook_error_is_fatal(-errors[i]));
}

static void test_not_for_ever(void **state)
{
	static const int errors[] = { ENOMEM, EINTR, EAGAIN, ENODEV };
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(errors); i++)
		assert_true(tcps_hook_error_is_fatal(-errors[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_property_of_the_kernel),
		cmocka_unit_test(test_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
