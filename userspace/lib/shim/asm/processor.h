/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TCPS_SHIM_ASM_PROCESSOR_H
#define _TCPS_SHIM_ASM_PROCESSOR_H

#ifdef __x86_64__
#define cpu_relax()	__builtin_ia32_pause()
#else
#define cpu_relax()	((void)0)
#endif

#endif /* _TCPS_SHIM_ASM_PROCESSOR_H */
