# SPDX-License-Identifier: GPL-2.0
"""
The kernel's own tables: /proc/net/tcp and /proc/net/tcp6.

A half-open request is printed there as 03 (SYN_RECV), a timewait minisock as
its substate; a v4-mapped connection stands in tcp6 with ::ffff: addresses.
"""

import collections
import os
import socket
import struct

from lib import uapi

# tcp or tcp6, and the tuple as Python's socket functions spell it.
Entry = collections.namedtuple(
    'Entry', 'table laddr lport raddr rport state')

NOWHERE = {'tcp': '0.0.0.0', 'tcp6': '::'}


def _end(table, text):
    address, port = text.split(':')
    raw = bytes.fromhex(address)
    words = struct.unpack(f'<{len(raw) // 4}I', raw)
    raw = struct.pack(f'>{len(words)}I', *words)
    family = socket.AF_INET if table == 'tcp' else socket.AF_INET6
    return socket.inet_ntop(family, raw), int(port, 16)


def parse(table, text):
    entries = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        state = uapi.STATES[int(fields[3], 16)]
        peer = _end(table, fields[2])
        if state == 'LISTEN' and peer[1] == 0:
            # The kernel leaves the last peer's address in a socket that was
            # connected before it listens.
            peer = NOWHERE[table], 0
        entries.append(Entry(table, *_end(table, fields[1]), *peer, state))
    return entries


def read(pid='self'):
    """All entries of the network namespace of a process."""
    entries = []
    for table in ('tcp', 'tcp6'):
        with open(f'/proc/{pid}/net/{table}', encoding='ascii') as file:
            entries += parse(table, file.read())
    return entries


def netns(pid='self'):
    return os.stat(f'/proc/{pid}/ns/net').st_ino
