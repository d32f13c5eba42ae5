/* SPDX-License-Identifier: GPL-2.0 */
/* What the exporter may do once it has opened all that it needs. */
#ifndef _EXPORT_SANDBOX_H
#define _EXPORT_SANDBOX_H

int sandbox_enter(void);

#endif /* _EXPORT_SANDBOX_H */
