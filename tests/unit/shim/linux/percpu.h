/* SPDX-License-Identifier: GPL-2.0 */
/* One CPU, whose numbers several threads may change at once. */
#ifndef _SHIM_LINUX_PERCPU_H
#define _SHIM_LINUX_PERCPU_H

#define DECLARE_PER_CPU(type, name) \
	extern DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU(type, name) \
	__typeof__(type) name
#define per_cpu(name, cpu)		(*((void)(cpu), &(name)))
#define __this_cpu_inc(number) \
	((void)__atomic_add_fetch(&(number), 1, __ATOMIC_RELAXED))
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < 1; (cpu)++)

#endif /* _SHIM_LINUX_PERCPU_H */
