# SPDX-License-Identifier: GPL-2.0
"""
The rings in user space: what may be mapped, and that it holds what read() gives.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import select
import struct
import subprocess

from device.sight import open_with_less_rights
from lib import kernel, tcp, uapi
from lib.device import V4, DeviceTest, lines_of

PAGE = mmap.PAGESIZE
COUNTERS = struct.Struct('=4Q')


def map_rings(fd, size, offset=0, protection=mmap.PROT_READ,
              flags=mmap.MAP_SHARED):
    return mmap.mmap(fd, size, flags, protection, offset=offset)


class Mapping(DeviceTest):
    def setUp(self):
        super().setUp()
        self.fd = self.open()
        self.info = uapi.get_info(self.fd)
        self.size = self.info.map_ring * self.info.cpus

    def records(self, rings, since):
        """Of all CPUs from these numbers on, in the order of time."""
        found = []
        for cpu in range(self.info.cpus):
            begin = cpu * self.info.map_ring
            _, reserved, head, slots = COUNTERS.unpack_from(rings, begin)
            self.assertEqual(reserved, head)
            self.assertIn(slots, (0, self.info.ring_records))
            for number in range(since[cpu], head):
                at = begin + self.info.map_slots + \
                    number % slots * uapi.RECORD.size
                found.append(uapi.Record(*uapi.RECORD.unpack_from(rings, at)))
                self.assertEqual(found[-1].seq, number)
        return sorted(found, key=lambda record: (record.boot_ns, record.cpu))

    def heads(self, rings):
        return [COUNTERS.unpack_from(rings, cpu * self.info.map_ring)[2]
                for cpu in range(self.info.cpus)]

    def test_mapping_is_what_read_gives(self):
        binary = self.stream(binary=True)
        with map_rings(self.fd, self.size) as rings:
            since = self.heads(rings)
            tcp.exchange(V4, 20)
            read = binary.collect(lambda got: len(got) >= lines_of(20))
            self.assertEqual(
                [(record.cpu, record.seq, record.conn, record.boot_ns)
                 for record in self.records(rings, since)],
                [(event.cpu, event.seq, event.conn, event.boot_ns)
                 for event in read])

    def test_mapping_outlives_its_descriptor(self):
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        rings = map_rings(fd, self.size)
        os.close(fd)
        since = self.heads(rings)
        tcp.exchange(V4)
        self.assertEqual(len(self.records(rings, since)), lines_of(1))
        self.assertNotEqual(subprocess.run(
            ['rmmod', 'tcpstates'], check=False,
            capture_output=True).returncode, 0)
        rings.close()

    def test_mapping_of_a_part(self):
        last = (self.info.cpus - 1) * self.info.map_ring
        with map_rings(self.fd, PAGE, last) as page:
            self.assertEqual(len(page), PAGE)
        for size, offset in ((self.size + PAGE, 0), (PAGE, self.size),
                             (2 * PAGE, self.size - PAGE),
                             (self.size, PAGE), (PAGE, 1 << 60)):
            self.assertErrno(errno.EINVAL, map_rings, self.fd, size, offset)

    def test_mapping_cannot_be_written_to(self):
        both = self.open(os.O_RDWR | os.O_NONBLOCK)
        self.assertErrno(errno.EPERM, map_rings, both, PAGE, 0,
                         mmap.PROT_READ | mmap.PROT_WRITE)
        self.assertErrno(errno.EINVAL, map_rings, self.fd, PAGE, 0,
                         mmap.PROT_READ, mmap.MAP_PRIVATE)
        with map_rings(both, PAGE) as page:
            libc = ctypes.CDLL(None, use_errno=True)
            pages = [line.split('-')[0] for line
                     in kernel.read_file('/proc/self/maps').split('\n')
                     if uapi.DEVICE in line]
            self.assertEqual(len(pages), 1)
            self.assertEqual(libc.mprotect(
                ctypes.c_void_p(int(pages[0], 16)), ctypes.c_size_t(PAGE),
                mmap.PROT_READ | mmap.PROT_WRITE), -1)
            self.assertEqual(ctypes.get_errno(), errno.EACCES)
            self.assertEqual(len(page), PAGE)

    def test_mapping_needs_sight_of_all(self):
        restricted = open_with_less_rights(
            lambda: os.open(uapi.DEVICE, os.O_RDONLY))
        self.addCleanup(os.close, restricted)
        info = uapi.get_info(restricted)
        self.assertEqual((info.map_ring, info.map_slots), (0, 0))
        self.assertErrno(errno.EPERM, map_rings, restricted, PAGE)

    def test_mapping_is_no_memory_of_the_reader(self):
        """Its pages are the module's, whoever looks at them."""
        def resident():
            return int(kernel.read_file('/proc/self/statm').split()[1])

        with map_rings(self.fd, self.size) as rings:
            before = resident()
            total = sum(rings[at] for at in range(0, self.info.map_ring, PAGE))
            self.assertGreaterEqual(total, 0)
            self.assertLess(resident() - before,
                            self.info.map_ring // PAGE // 2 + 64)


class Now(DeviceTest):
    def test_now_passes_over(self):
        fd = self.open()
        self.traffic(3)
        fcntl.ioctl(fd, uapi.NOW)
        self.assertErrno(errno.EAGAIN, os.read, fd, 4096)
        expected = self.traffic()
        self.assertEqual(os.read(fd, 1 << 20), expected)
        self.assertEqual(uapi.get_stats(fd).reader_lost, 0)

    def test_now_within_a_line(self):
        """The line that was begun is finished first."""
        fd = self.open()
        expected = self.traffic(2)
        part = os.read(fd, 10)
        fcntl.ioctl(fd, uapi.NOW)
        rest = os.read(fd, 1 << 20)
        self.assertEqual(part + rest, expected[:expected.index(b'\n') + 1])
        expected = self.traffic()
        self.assertEqual(os.read(fd, 1 << 20), expected)

    def test_now_ends_a_snapshot(self):
        stream = self.stream()
        listener = V4.listener()
        self.addCleanup(listener.close)
        fcntl.ioctl(stream.fd, uapi.SNAPSHOT)
        fcntl.ioctl(stream.fd, uapi.NOW)
        self.assertEqual(stream.fetch(), [])

    def test_poll_after_now(self):
        fd = self.open()
        self.traffic()
        fcntl.ioctl(fd, uapi.NOW)
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        self.assertEqual(poll.poll(0), [])
        tcp.exchange(V4)
        self.assertEqual(poll.poll(10000), [(fd, select.POLLIN)])

    def test_poll_after_now_filters(self):
        filtered = self.open()
        uapi.set_filter(filtered, lport_min=1, lport_max=1)
        fcntl.ioctl(filtered, uapi.NOW)
        poll = select.poll()
        poll.register(filtered, select.POLLIN)
        self.traffic(5)
        self.assertEqual(poll.poll(0), [])
