/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TCPS_SHIM_ASM_PROCESSOR_H
#define _TCPS_SHIM_ASM_PROCESSOR_H

#define cpu_relax()	__builtin_ia32_pause()

#endif /* _TCPS_SHIM_ASM_PROCESSOR_H */
