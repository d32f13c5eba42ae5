/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/tcpstates. */
#ifndef _TCPS_DEVICE_H
#define _TCPS_DEVICE_H

int tcps_device_register(void);
void tcps_device_unregister(void);

#endif /* _TCPS_DEVICE_H */
