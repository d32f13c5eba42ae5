# SPDX-License-Identifier: GPL-2.0
"""io_uring, as far as reading a file needs it."""

import ctypes
import mmap
import os
import struct

from lib import kernel

SYS_SETUP = 425
SYS_ENTER = 426
ENTER_GETEVENTS = 1
OFF_SQ_RING, OFF_CQ_RING, OFF_SQES = 0, 0x8000000, 0x10000000
OP_READ = 22

# struct io_uring_params: eight numbers, then the offsets of the two rings.
PARAMS = struct.Struct('=10I' + 2 * '8IQ')
SQE = struct.Struct('=BBHiQQIIQ24x')
CQE = struct.Struct('=QiI')
ENTRIES = 8


class Uring:
    """One read at a time."""

    def __init__(self):
        params = ctypes.create_string_buffer(PARAMS.size)
        self.fd = kernel.call('syscall', SYS_SETUP, ENTRIES, params)
        values = PARAMS.unpack(params.raw)
        self.entries = values[0], values[1]
        self.sq = dict(zip('head tail mask entries flags dropped array'.split(),
                           values[10:17]))
        self.cq = dict(zip('head tail mask entries overflow cqes'.split(),
                           values[19:25]))
        self.sq_ring = self._map(self.sq['array'] + 4 * values[0], OFF_SQ_RING)
        self.cq_ring = self._map(self.cq['cqes'] + CQE.size * values[1],
                                 OFF_CQ_RING)
        self.sqes = self._map(SQE.size * values[0], OFF_SQES)
        self.buffer = None

    def _map(self, size, offset):
        return mmap.mmap(self.fd, size, mmap.MAP_SHARED,
                         mmap.PROT_READ | mmap.PROT_WRITE, offset=offset)

    def close(self):
        for memory in (self.sq_ring, self.cq_ring, self.sqes):
            memory.close()
        os.close(self.fd)

    @staticmethod
    def _word(ring, place):
        return struct.unpack_from('=I', ring, place)[0]

    def read(self, fd, size):
        """Begins a read; wait() returns its result."""
        self.buffer = ctypes.create_string_buffer(size)
        tail = self._word(self.sq_ring, self.sq['tail'])
        slot = tail & (self.entries[0] - 1)
        SQE.pack_into(self.sqes, slot * SQE.size, OP_READ, 0, 0, fd, 2**64 - 1,
                      ctypes.addressof(self.buffer), size, 0, 0)
        struct.pack_into('=I', self.sq_ring, self.sq['array'] + 4 * slot, slot)
        struct.pack_into('=I', self.sq_ring, self.sq['tail'], tail + 1)
        assert kernel.call('syscall', SYS_ENTER, self.fd, 1, 0, 0, None, 0) == 1

    def is_done(self):
        return (self._word(self.cq_ring, self.cq['head']) !=
                self._word(self.cq_ring, self.cq['tail']))

    def wait(self):
        """The bytes that were read."""
        if not self.is_done():
            kernel.call('syscall', SYS_ENTER, self.fd, 0, 1, ENTER_GETEVENTS,
                        None, 0)
        head = self._word(self.cq_ring, self.cq['head'])
        place = self.cq['cqes'] + (head & (self.entries[1] - 1)) * CQE.size
        result = CQE.unpack_from(self.cq_ring, place)[1]
        struct.pack_into('=I', self.cq_ring, self.cq['head'], head + 1)
        if result < 0:
            raise OSError(-result, os.strerror(-result))
        return self.buffer.raw[:result]
