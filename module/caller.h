/* SPDX-License-Identifier: GPL-2.0 */
/* Tells by its return address who called a hooked function. */
#ifndef _TCPS_CALLER_H
#define _TCPS_CALLER_H

#include "cause.h"

enum tcps_caller tcps_caller(unsigned long return_address);

#endif /* _TCPS_CALLER_H */
