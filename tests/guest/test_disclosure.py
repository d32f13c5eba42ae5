# SPDX-License-Identifier: GPL-2.0
"""
Neither a kernel address nor a byte that nobody has written reaches a reader.
Whatever the kernel hands out of fresh memory is filled with a pattern here
(tests/vm/run --poison), on kernels/debug-list's kasan the stack as well. All
that can be read is searched for these patterns, and for what looks like an
address.
"""

import fcntl
import mmap
import os
import re
import unittest

from lib import ending, kernel, proctcp, tcp, uapi
from lib.all_states import BOTH, AllStates
from lib.device import read_all
from lib.processes import wait_for

# From include/linux/poison.h: pages (PAGE_POISON), objects that were freed and
# that are new (POISON_FREE, POISON_INUSE); -ftrivial-auto-var-init=pattern.
PATTERN = re.compile(rb'\xaa{4}|\x6b{4}|\x5a{4}|\xfe{4}')
POISON = '/sys/kernel/slab/kmalloc-512/poison'
TRACING = '/sys/kernel/tracing'

ADDRESS_TEXT = re.compile(rb'(?<![0-9a-f])f{4}[89a-f][0-9a-f]{11}(?![0-9a-f])')
EVERYWHERE = 2**64 - 1


def addresses(raw):
    """Aligned words that could be addresses of the kernel."""
    found = []
    place = raw.find(b'\xff\xff')
    while place >= 0:
        if place % 8 == 6 and raw[place - 1] >= 0x80:
            word = int.from_bytes(raw[place - 6:place + 2], 'little')
            if word != EVERYWHERE:
                found.append((place - 6, hex(word)))
        place = raw.find(b'\xff\xff', place + 1)
    return found


def setUpModule():
    assert kernel.read_file(POISON) == '1', 'boot with tests/vm/run --poison'


class Disclosure(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        # So small that records are overwritten, and the loss is told.
        kernel.load('ring_records=128')
        self.addCleanup(kernel.unload)

    def search(self, what, raw):
        self.assertEqual(addresses(raw)[:10], [], what)
        match = PATTERN.search(raw)
        self.assertIsNone(match, match and f'{what}: at {match.start()} of '
                          f'{len(raw)}: {raw[match.start() - 32:][:80]}')

    def open(self, *calls, form=uapi.FORMAT_BINARY):
        fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        uapi.set_format(fd, form)
        for call in calls:
            call(fd)
        return fd

    def search_everything(self, *readers):
        for number, fd in enumerate(readers):
            self.search(f'reader {number}', b''.join(read_all(fd)))
        for name, call in (('rewind', uapi.rewind),
                           ('snapshot', uapi.snapshot)):
            self.search(name, b''.join(read_all(self.open(call))))
            text = b''.join(read_all(self.open(call,
                                               form=uapi.FORMAT_TEXT)))
            self.assertEqual(ADDRESS_TEXT.findall(text), [])
        self.search('small reads', b''.join(read_all(
            self.open(uapi.rewind, uapi.snapshot), uapi.RECORD.size)))

    def search_numbers(self, fd):
        """Searches what an ioctl or a mapping returns."""
        info = uapi.get_info(fd)
        for number, size in ((uapi.GET_INFO, uapi.INFO.size),
                             (uapi.GET_STATS, uapi.STATS.size)):
            self.search(f'ioctl {number:#x}',
                        fcntl.ioctl(fd, number, bytes(size)))
        with mmap.mmap(fd, info.cpus * info.map_ring, mmap.MAP_SHARED,
                       mmap.PROT_READ) as memory:
            for cpu in range(info.cpus):
                self.search(f'ring {cpu}', memory[cpu * info.map_ring:
                                                  (cpu + 1) * info.map_ring])

    def test_fresh(self):
        """Rings in which few records have been written yet."""
        fd = self.open()
        self.search_numbers(fd)
        tcp.exchange(tcp.FAMILIES['v4'])
        self.search_numbers(fd)
        self.search_everything(fd)

    def test_everything(self):
        """Connections in every state, of every family, and a loss."""
        fds = [self.open(), self.open(form=uapi.FORMAT_TEXT)]
        held = AllStates(BOTH)
        self.search_everything()
        self.search_numbers(fds[0])
        for name in ('v4', 'v6', 'mapped'):
            tcp.exchange(tcp.FAMILIES[name], 60)
        self.assertTrue(uapi.get_stats(fds[0]).overwritten)
        self.search_everything(*fds)
        held.close()
        ending.kill_all()
        wait_for(lambda: not proctcp.read(), 'the connections have ended')
        self.search_everything()
        self.search_numbers(fds[0])

    def test_trace_and_log(self):
        log = kernel.Log()
        event = f'{TRACING}/events/tcpstates/transition/enable'
        with kernel.setting(event, 1):
            tcp.exchange(tcp.FAMILIES['v6'], 3)
        with open(f'{TRACING}/trace', 'rb') as file:
            trace = file.read()
        self.assertIn(b'transition: conn=', trace)
        self.assertEqual(ADDRESS_TEXT.findall(trace), [])
        log_text = '\n'.join(log.lines()).encode()
        log.close()
        self.assertEqual(ADDRESS_TEXT.findall(log_text), [])


CASES = [Disclosure]
