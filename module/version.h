/* SPDX-License-Identifier: GPL-2.0 */
/* The module's version; nowhere else but in dkms.conf, which cannot include. */
#ifndef _TCPS_VERSION_H
#define _TCPS_VERSION_H

#define TCPS_VERSION "0.1.0"

#endif /* _TCPS_VERSION_H */
