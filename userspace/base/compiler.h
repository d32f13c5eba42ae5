/* SPDX-License-Identifier: GPL-2.0 */
/* What the compiler is told, in the kernel's words. */
#ifndef _BASE_COMPILER_H
#define _BASE_COMPILER_H

#define __printf(format, arguments) \
	__attribute__((__format__(__printf__, format, arguments)))

#endif /* _BASE_COMPILER_H */
