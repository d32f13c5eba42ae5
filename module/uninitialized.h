/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TCPS_UNINITIALIZED_H
#define _TCPS_UNINITIALIZED_H

/*
 * For a local variable that is written before it is read, and so large that
 * CONFIG_INIT_STACK_ALL_ZERO would cost a measurable time by clearing it first.
 */
#if defined(__has_attribute) && !defined(__CHECKER__)
#if __has_attribute(__uninitialized__)
#define tcps_uninitialized __attribute__((__uninitialized__))
#endif
#endif
#ifndef tcps_uninitialized
#define tcps_uninitialized
#endif

#endif /* _TCPS_UNINITIALIZED_H */
