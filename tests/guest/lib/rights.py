# SPDX-License-Identifier: GPL-2.0
"""Users, groups and capabilities of the process that calls."""

import ctypes
import os
import struct

from lib import kernel

CAP_NET_ADMIN = 12
CAP_SYS_RESOURCE = 24
CAPABILITY_VERSION = 0x20080522
PR_SET_KEEPCAPS = 8


def set_effective(capability, effective):
    """Drops a capability from the effective set, or raises it again."""
    header = struct.pack('=Ii', CAPABILITY_VERSION, 0)
    data = ctypes.create_string_buffer(24)
    kernel.call('capget', header, data)
    words = list(struct.unpack('=6I', data.raw))
    words[0] &= ~(1 << capability)
    words[0] |= effective << capability
    kernel.call('capset', header, struct.pack('=6I', *words))


def set_net_admin(effective):
    set_effective(CAP_NET_ADMIN, effective)


def open_with_less_rights(open_stream):
    """Opens without the capability, and raises it again."""
    set_net_admin(False)
    stream = open_stream()
    set_net_admin(True)
    return stream


def become(uid, *groups):
    """Becomes a user without any capability, for good."""
    os.setgroups(groups)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def become_net_admin(uid, *groups):
    """The same, but for CAP_NET_ADMIN, as AmbientCapabilities= of systemd."""
    kernel.call('prctl', PR_SET_KEEPCAPS, 1)
    become(uid, *groups)
    header = struct.pack('=Ii', CAPABILITY_VERSION, 0)
    bit = 1 << CAP_NET_ADMIN
    kernel.call('capset', header, struct.pack('=6I', bit, bit, 0, 0, 0, 0))
