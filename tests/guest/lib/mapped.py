# SPDX-License-Identifier: GPL-2.0
"""The rings, as a program sees them that maps them."""

import mmap

from lib import uapi


class Map:
    """The rings, mapped."""

    def __init__(self, fd):
        self.info = uapi.get_info(fd)
        self.size = self.info.cpus * self.info.map_ring
        self.memory = mmap.mmap(fd, self.size, mmap.MAP_SHARED,
                                mmap.PROT_READ)

    def close(self):
        self.memory.close()

    def ring(self, cpu):
        return uapi.Ring(*uapi.RING.unpack_from(
            self.memory, cpu * self.info.map_ring))

    def record(self, cpu, number):
        """The bytes of a record."""
        place = cpu * self.info.map_ring + self.info.map_slots + \
            number % self.info.ring_records * uapi.RECORD.size
        return self.memory[place:place + uapi.RECORD.size]

    def records(self, begin):
        """Records of all rings from the numbers @begin on, in order of time."""
        found = [self.record(cpu, number)
                 for cpu in range(self.info.cpus)
                 for number in range(begin[cpu], self.ring(cpu).head)]
        return sorted(found, key=lambda raw:
                      uapi.Record(*uapi.RECORD.unpack(raw)).boot_ns)
