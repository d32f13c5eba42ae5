# SPDX-License-Identifier: GPL-2.0
"""
The witness in the kernel: witness.bpf.o, loaded and read by bpftool. Debian's
bpftool cannot attach a tracepoint's program, so that is done here.
"""

import ctypes
import dataclasses
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess

from lib import kernel, stream, uapi

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OBJECT = os.path.join(HERE, '.build/witness.bpf.o')
PROGRAMS = '/sys/fs/bpf/witness'
MAPS = '/sys/fs/bpf/witness_maps'
EVENT = '/sys/kernel/tracing/events/sock/inet_sock_set_state'

# The layout that witness.bpf.c relies on: field, offset, size.
LAYOUT = [('skaddr', 8, 8), ('oldstate', 16, 4), ('newstate', 20, 4),
          ('sport', 24, 2), ('dport', 26, 2), ('family', 28, 2),
          ('protocol', 30, 2), ('saddr', 32, 4), ('daddr', 36, 4),
          ('saddr_v6', 40, 16), ('daddr_v6', 56, 16)]

SYS_BPF = 321
SYS_PERF_EVENT_OPEN = 298
BPF_OBJ_GET = 7
PERF_TYPE_TRACEPOINT = 2
PERF_ATTR_SIZE_VER0 = 64
PERF_EVENT_IOC_ENABLE = 0x2400
PERF_EVENT_IOC_SET_BPF = 0x40042408


@dataclasses.dataclass(frozen=True)
class Event(stream.Event):
    """An event of the tracepoint. @conn is the address of the socket."""
    protocol: int = None


def check_layout():
    fields = []
    for line in kernel.read_file(f'{EVENT}/format').splitlines():
        parts = [part.strip() for part in line.split(';')]
        if not parts[0].startswith('field:') or 'common_' in parts[0]:
            continue
        name = parts[0].split()[-1].split('[')[0]
        fields.append((name, int(parts[1].split(':')[1]),
                       int(parts[2].split(':')[1])))
    assert fields == LAYOUT, fields


def _pinned(path):
    """A descriptor of a pinned program."""
    name = ctypes.create_string_buffer(path.encode())
    attributes = struct.pack('=QII', ctypes.addressof(name), 0, 0)
    return kernel.call('syscall', SYS_BPF, BPF_OBJ_GET, attributes,
                       len(attributes))


def _tracepoint():
    """A perf event of the tracepoint; its program runs on every CPU."""
    number = int(kernel.read_file(f'{EVENT}/id'))
    attributes = struct.pack('=IIQQ', PERF_TYPE_TRACEPOINT,
                             PERF_ATTR_SIZE_VER0, number, 1)
    attributes = attributes.ljust(PERF_ATTR_SIZE_VER0, b'\0')
    return kernel.call('syscall', SYS_PERF_EVENT_OPEN, attributes, -1, 0, -1,
                       8)


class Witness:
    def __init__(self):
        check_layout()
        self.descriptors = []
        self._bpftool('prog', 'loadall', OBJECT, PROGRAMS, 'pinmaps', MAPS)
        program, = os.listdir(PROGRAMS)
        program = _pinned(f'{PROGRAMS}/{program}')
        event = _tracepoint()
        self.descriptors += [program, event]
        fcntl.ioctl(event, PERF_EVENT_IOC_SET_BPF, program)
        fcntl.ioctl(event, PERF_EVENT_IOC_ENABLE, 0)

    def close(self):
        for descriptor in reversed(self.descriptors):
            os.close(descriptor)
        self.descriptors.clear()
        for path in (PROGRAMS, MAPS):
            shutil.rmtree(path)

    @staticmethod
    def _bpftool(*words):
        result = subprocess.run(['bpftool', '-j', *words], text=True,
                                capture_output=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout) if result.stdout.strip() else None

    def events(self):
        """All that happened since the beginning, in the order of time."""
        count, = self._bpftool('map', 'dump', 'pinned',
                               f'{MAPS}/witness_count')
        dump = self._bpftool('map', 'dump', 'pinned', f'{MAPS}/witness_events')
        total = count['formatted']['value']
        assert len(dump) == total, \
            f'the witness has {len(dump)} of {total} events'
        return sorted((self._event(entry['formatted']['value'])
                       for entry in dump), key=lambda event: event.boot_ns)

    @staticmethod
    def _event(value):
        laddr, raddr = (socket.inet_ntop(socket.AF_INET6,
                                         struct.pack('=2Q', *value[name]))
                        for name in ('saddr', 'daddr'))
        # Other protocols have states of their own: None.
        family = 'inet6'
        if value['family'] == socket.AF_INET:
            family = 'inet'
            laddr, raddr = (address.removeprefix('::ffff:')
                            for address in (laddr, raddr))
        return Event(
            text='', event='transition', real_ns=None,
            boot_ns=value['boot_ns'], conn=value['sk'], family=family,
            laddr=laddr, lport=value['sport'] or None,
            raddr=raddr, rport=value['dport'] or None,
            old=uapi.STATES.get(value['oldstate']),
            new=uapi.STATES.get(value['newstate']), protocol=value['protocol'])
