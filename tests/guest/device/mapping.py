# SPDX-License-Identifier: GPL-2.0
"""mmap() of the rings: rights, content, and waiting."""

import contextlib
import ctypes
import errno
import mmap
import os
import select
import signal

from lib import kernel, tcp, uapi
from lib.device import V4, DeviceTest, lines_of, read_all
from lib.mapped import Map
from lib.processes import Child, Reader
from lib.rights import open_with_less_rights, set_net_admin
from lib.stream import Stream

PAGE = mmap.PAGESIZE
COMMAND = 'tcpstates'


class Mapping(DeviceTest):
    def map(self, fd):
        mapped = Map(fd)
        self.addCleanup(mapped.close)
        return mapped

    def refused(self, number, size, offset=0, flags=mmap.MAP_SHARED,
                protection=mmap.PROT_READ, fd=None):
        if fd is None:
            fd = self.open()
        self.assertErrno(number, lambda: mmap.mmap(
            fd, size, flags, protection, offset=offset))

    def test_map_layout(self):
        info = uapi.get_info(self.open())
        size = info.ring_records * uapi.RECORD.size
        self.assertEqual(info.map_ring % PAGE, 0)
        self.assertGreaterEqual(info.map_slots, uapi.RING.size)
        self.assertGreaterEqual(info.map_ring, info.map_slots + size)

    def test_map_holds_what_is_read(self):
        fd = self.open()
        uapi.set_format(fd, uapi.FORMAT_BINARY)
        mapped = self.map(fd)
        begin = [mapped.ring(cpu).head for cpu in range(mapped.info.cpus)]
        for family in (V4, V4):
            tcp.exchange(family, 20)
        got = b''.join(read_all(fd))
        self.assertEqual(len(got), 2 * lines_of(20) * uapi.RECORD.size)
        self.assertEqual(b''.join(mapped.records(begin)), got)

    def test_map_counters(self):
        self.traffic(10)
        fd = self.open()
        mapped = self.map(fd)
        rings = [mapped.ring(cpu) for cpu in range(mapped.info.cpus)]
        for ring in rings:
            self.assertEqual(ring.entered % 2, 0)
            self.assertEqual(ring.reserved, ring.head)
            self.assertEqual(ring.records, mapped.info.ring_records)
        self.assertEqual(sum(ring.head for ring in rings),
                         uapi.get_stats(fd).recorded)

    def test_map_shows_nothing_else(self):
        """Beside counters and records everything is zero."""
        fd = self.open()
        mapped = self.map(fd)
        for cpu in range(mapped.info.cpus):
            begin = cpu * mapped.info.map_ring
            end = begin + mapped.info.map_ring
            counters = mapped.memory[begin + uapi.RING.size:
                                     begin + mapped.info.map_slots]
            self.assertEqual(counters.strip(b'\0'), b'')
            head = mapped.ring(cpu).head
            if head >= mapped.info.ring_records:
                continue
            free = begin + mapped.info.map_slots + head * uapi.RECORD.size
            self.assertEqual(mapped.memory[free:end].strip(b'\0'), b'')

    def test_map_parts(self):
        """Any range of pages can be mapped."""
        fd = self.open()
        self.traffic(3)
        mapped = self.map(fd)
        step = max(PAGE, mapped.info.map_ring // 8 // PAGE * PAGE)
        for offset in range(0, mapped.size, step):
            for size in (PAGE, 3 * PAGE, 1, PAGE + 1):
                if offset + size > mapped.size:
                    continue
                with mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ,
                               offset=offset) as part:
                    self.assertEqual(part[:],
                                     mapped.memory[offset:offset + size])

    def test_map_beyond(self):
        info = uapi.get_info(self.open())
        size = info.cpus * info.map_ring
        for length, offset in ((size + 1, 0), (size, PAGE), (PAGE, size),
                               (2 * PAGE, size - PAGE),
                               (PAGE, 2**62), (2**46, 0)):
            with self.subTest(length=length, offset=offset), \
                    self.assertRaises(OSError) as caught:
                mmap.mmap(self.open(), length, mmap.MAP_SHARED,
                          mmap.PROT_READ, offset=offset)
            self.assertIn(caught.exception.errno,
                          (errno.EINVAL, errno.EOVERFLOW, errno.ENOMEM))

    def test_map_cannot_be_written(self):
        both = mmap.PROT_READ | mmap.PROT_WRITE
        self.refused(errno.EACCES, PAGE, protection=both)
        self.refused(errno.EPERM, PAGE, protection=both,
                     fd=self.open(os.O_RDWR | os.O_NONBLOCK))
        self.refused(errno.EINVAL, PAGE, flags=mmap.MAP_PRIVATE)
        self.refused(errno.EPERM, PAGE, flags=mmap.MAP_PRIVATE,
                     protection=both)

    def test_map_cannot_be_executed(self):
        for protection in (mmap.PROT_EXEC, mmap.PROT_READ | mmap.PROT_EXEC):
            self.refused(errno.EPERM, PAGE, protection=protection)
            self.refused(errno.EPERM, PAGE, protection=protection,
                         fd=self.open(os.O_RDWR | os.O_NONBLOCK))

    def raw_map(self, fd, size):
        """The address of a mapping outside of Python's mmap module."""
        kernel.libc.mmap.restype = ctypes.c_void_p
        address = kernel.libc.mmap(None, size, mmap.PROT_READ,
                                   mmap.MAP_SHARED, fd, 0)
        self.assertNotEqual(address, 2**64 - 1)
        self.addCleanup(kernel.call, 'munmap', ctypes.c_void_p(address), size)
        return address

    def test_map_stays_read_only(self):
        fd = self.open(os.O_RDWR | os.O_NONBLOCK)
        address = self.raw_map(fd, 2 * PAGE)
        for protection in (mmap.PROT_WRITE, mmap.PROT_READ | mmap.PROT_WRITE,
                           mmap.PROT_EXEC):
            self.assertErrno(errno.EACCES, kernel.call, 'mprotect',
                             ctypes.c_void_p(address), 2 * PAGE, protection)

        def child():
            ctypes.memset(address, 1, 1)
        process = os.fork()
        if process == 0:
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            child()
            os._exit(0)
        _, status = os.waitpid(process, 0)
        self.assertEqual(os.WTERMSIG(status), signal.SIGSEGV)

    def test_map_is_not_there_for_others(self):
        """The pages cannot be read through another process's memory."""
        fd = self.open()
        address = self.raw_map(fd, PAGE)
        with open('/proc/self/mem', 'rb', buffering=0) as memory:
            memory.seek(address)
            self.assertErrno(errno.EIO, memory.read, 8)
        with open('/proc/self/mem', 'r+b', buffering=0) as memory:
            memory.seek(address)
            self.assertErrno(errno.EIO, memory.write, b'x')

    def test_map_needs_the_right(self):
        """A restricted reader gets EPERM."""
        def child():
            kernel.enter_new_netns()
            with open_with_less_rights(Stream) as stream:
                info = uapi.get_info(stream.fd)
                assert (info.map_ring, info.map_slots) == (0, 0), info
                self.refused(errno.EPERM, PAGE, fd=stream.fd)
                set_net_admin(True)
                self.refused(errno.EPERM, PAGE, fd=stream.fd)
        Child(child).join()

    def test_map_outlives_its_file(self):
        """A mapping keeps the module loaded until it is unmapped."""
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        mapped = Map(fd)
        os.close(fd)
        before = mapped.ring(0).head + mapped.ring(mapped.info.cpus - 1).head
        self.reference.close()
        result = kernel.rmmod()
        self.assertIn('in use', result.stderr)
        self.reference = self.enterContext(Stream())
        self.traffic(10)
        heads = [mapped.ring(cpu).head for cpu in range(mapped.info.cpus)]
        self.assertGreater(sum(heads), before)
        mapped.close()

    def test_map_in_a_child(self):
        """A child inherits the mapping."""
        fd = self.open()
        mapped = self.map(fd)
        begin = [mapped.ring(cpu).head for cpu in range(mapped.info.cpus)]
        tcp.exchange(V4, 3)

        def child():
            assert len(mapped.records(begin)) == lines_of(3)
        Child(child).join()

    def test_sleep_with_a_map(self):
        """
        Now, a last look, poll(): it wakes up for what comes after the ioctl and
        passes the filter, for nothing else.
        """
        fd = self.open()
        uapi.set_filter(fd, new_states=uapi.states('LAST_ACK'))
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        self.traffic(3)
        self.assertTrue(poll.poll(0) == [])
        tcp.exchange(V4)
        uapi.set_filter(fd, new_states=uapi.states('CLOSE'))
        self.assertTrue(poll.poll(0))
        uapi.now(fd)
        self.assertEqual(poll.poll(0), [])
        child = Child(lambda: tcp.exchange(V4) and None)
        self.assertTrue(poll.poll(15000))
        child.join()


class Mapped(DeviceTest):
    """The command, whose library maps the rings, compared with read()."""

    def test_command_maps(self):
        with Reader(COMMAND) as reader:
            maps = kernel.read_file(f'/proc/{reader.process.pid}/maps')
            self.assertIn(uapi.DEVICE, maps)
            with open(f'/proc/{reader.process.pid}/status') as file:
                resident = next(line for line in file
                                if line.startswith('VmRSS'))
            expected = self.traffic(20)
            self.assertEqual(reader.lines(lines_of(20)), expected)
        print('#', resident.strip())

    def test_command_under_load(self):
        """On all CPUs at once: the lines of a reader by read(), in order."""
        fd = self.open()
        with Reader(COMMAND) as reader:
            listeners = [self.enterContext(V4.listener()) for _ in range(3)]
            children = [Child(tcp.load, V4, 300, listener)
                        for listener in listeners]
            total = 3 + 3 * tcp.LINES * 300
            output = reader.lines(total)
            for child in children:
                child.join()
        text = b''
        with contextlib.suppress(BlockingIOError):
            while True:
                text += os.read(fd, 65536)
        self.assertEqual(output, text)
