# SPDX-License-Identifier: GPL-2.0
"""read(), and what programs make of it."""

import ctypes
import errno
import mmap
import os

from lib import kernel, uapi
from lib.device import DeviceTest, lines_of, read_all
from lib.harness import expand, over
from lib.processes import Reader

PAGE = mmap.PAGESIZE
LOOP = 'while read -r line; do printf "%s\\n" "$line"; done <' + uapi.DEVICE


def libc_read(fd, address, size):
    return kernel.call('read', fd, ctypes.c_void_p(address), size)


@expand
class Programs(DeviceTest):
    """Programs that read the device get all lines, as they come."""

    def check(self, *command, connections=20):
        with Reader(*command) as reader:
            expected = self.traffic(connections)
            self.assertEqual(reader.lines(lines_of(connections)), expected)

    @over('bash', 'dash')
    def test_loop_in(self, shell):
        """A loop in a shell, which reads byte by byte."""
        self.check(shell, '-c', LOOP)

    def test_cat(self):
        self.check('cat', uapi.DEVICE)

    def test_dd(self):
        """Blocks of an odd size."""
        self.check('dd', f'if={uapi.DEVICE}', 'bs=7', 'status=none')

    @over('lines', 'bytes')
    def test_tail(self, unit):
        """
        On a terminal, and with +1, as for any file without an end: else tail
        waits for the end, to count back from it.
        """
        with Reader('tail', '-f', f'--{unit}=+1', uapi.DEVICE,
                    terminal=True) as reader:
            expected = self.traffic(3)
            self.assertEqual(reader.lines(lines_of(3)), expected)
            expected += self.traffic(3)
            self.assertEqual(reader.lines(2 * lines_of(3)), expected)

    def test_grep(self):
        """Lines come through a pipeline one by one, while it runs."""
        with Reader('grep', '--line-buffered', 'new=SYN_RECV',
                    uapi.DEVICE) as reader:
            for number in range(1, 4):
                wanted = [line for line in self.traffic().splitlines(True)
                          if b' new=SYN_RECV ' in line]
                self.assertEqual(len(wanted), 1)
                output = reader.lines(number)
                self.assertEqual(output.splitlines(True)[number - 1:], wanted)

    def test_head(self):
        with Reader('head', '-n', '1', uapi.DEVICE) as reader:
            expected = self.traffic().splitlines(True)
            self.assertEqual(reader.rest(), expected[0])
            self.assertEqual(reader.process.returncode, 0)

    def test_timeout(self):
        with Reader('timeout', '2', 'cat', uapi.DEVICE) as reader:
            expected = self.traffic()
            self.assertEqual(reader.rest(), expected)
            self.assertEqual(reader.process.returncode, 124)

    def test_two_readers(self):
        """Each gets all lines, at its own pace."""
        with Reader('cat', uapi.DEVICE) as fast, \
                Reader('dd', f'if={uapi.DEVICE}', 'bs=1',
                       'status=none') as slow:
            expected = self.traffic(20)
            self.assertEqual(fast.lines(lines_of(20)), expected)
            self.assertEqual(slow.lines(lines_of(20)), expected)


class Bytes(DeviceTest):
    """What read() returns, byte by byte."""

    def test_begins_now(self):
        """Records from before open() are not read."""
        self.traffic()
        late = self.open()
        self.assertEqual(read_all(late), [])
        expected = self.traffic()
        self.assertEqual(b''.join(read_all(late)), expected)

    def test_every_size(self):
        """Reads of 1 to 300 bytes put together are the lines."""
        fd = self.open()
        expected = b''
        chunks = []
        for size in range(1, 301):
            if len(expected) - sum(map(len, chunks)) < 2 * 300:
                expected += self.traffic()
            chunk = os.read(fd, size)
            self.assertLessEqual(len(chunk), size)
            chunks.append(chunk)
        chunks += read_all(fd)
        self.assertEqual(b''.join(chunks), expected)

    def test_whole_lines(self):
        """A buffer that a line fits into never ends within a line."""
        expected = self.traffic(20)
        for size in (512, 513, 1000, 4096, 65536):
            fd = self.open()
            uapi.rewind(fd)
            chunks = read_all(fd, size)
            self.assertTrue(b''.join(chunks).endswith(expected))
            torn = [chunk for chunk in chunks if not chunk.endswith(b'\n')]
            self.assertEqual(len(torn), 0,
                             f'reads of {size} bytes that end within a line')

    def test_nothing_to_read(self):
        fd = self.open()
        self.assertErrno(errno.EAGAIN, os.read, fd, 4096)
        self.traffic()
        self.assertTrue(read_all(fd))
        self.assertErrno(errno.EAGAIN, os.read, fd, 4096)
        self.assertErrno(errno.EAGAIN, os.read, fd, 1)

    def test_no_bytes_asked(self):
        fd = self.open()
        self.assertEqual(os.read(fd, 0), b'')
        expected = self.traffic()
        self.assertEqual(os.read(fd, 0), b'')
        self.assertEqual(b''.join(read_all(fd)), expected)

    def test_readv(self):
        fd = self.open()
        expected = self.traffic()
        buffers = [bytearray(size) for size in (1, 10, 5000, 65536)]
        count = os.readv(fd, buffers)
        self.assertEqual(b''.join(buffers)[:count], expected[:count])
        self.assertEqual(b''.join(read_all(fd)), expected[count:])

    def test_no_seeking(self):
        fd = self.open()
        for whence in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            self.assertErrno(errno.ESPIPE, os.lseek, fd, 0, whence)
        self.assertErrno(errno.ESPIPE, os.pread, fd, 10, 0)

    def test_no_writing(self):
        self.assertErrno(errno.EBADF, os.write, self.open(), b'x')
        both = self.open(os.O_RDWR | os.O_NONBLOCK)
        self.assertErrno(errno.EINVAL, os.write, both, b'x')
        expected = self.traffic()
        self.assertEqual(b''.join(read_all(both)), expected)
        write_only = self.open(os.O_WRONLY)
        self.assertErrno(errno.EINVAL, os.write, write_only, b'x')
        self.assertErrno(errno.EBADF, os.read, write_only, 10)

    def test_no_splicing(self):
        """splice() and sendfile() do not work."""
        fd = self.open()
        expected = self.traffic()
        ends = os.pipe()
        self.assertErrno(errno.EINVAL, os.splice, fd, ends[1], 4096)
        self.assertErrno(errno.EINVAL, os.sendfile, ends[1], fd, None, 4096)
        for end in ends:
            os.close(end)
        self.assertEqual(b''.join(read_all(fd)), expected)

    def test_bad_address(self):
        """A failed read() consumes nothing."""
        fd = self.open()
        expected = self.traffic()
        for address in (0, 8, 2**47 - PAGE):
            self.assertErrno(errno.EFAULT, libc_read, fd, address, 4096)
        self.assertEqual(b''.join(read_all(fd)), expected)

    def test_bad_address_binary(self):
        fd = self.open()
        uapi.set_format(fd, uapi.FORMAT_BINARY)
        whole = self.stream(binary=True)
        self.traffic()
        for address in (0, 8, 2**47 - PAGE, 2**63, 2**64 - PAGE):
            self.assertErrno(errno.EFAULT, libc_read, fd, address, 4096)
        self.assertEqual(b''.join(read_all(fd)), b''.join(read_all(whole.fd)))

    def half_mapped(self):
        """The address of the end of writable memory."""
        memory = mmap.mmap(-1, 2 * PAGE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        kernel.call('mprotect', ctypes.c_void_p(address + PAGE), PAGE, 0)
        self.addCleanup(kernel.call, 'mprotect',
                        ctypes.c_void_p(address + PAGE), PAGE,
                        mmap.PROT_READ | mmap.PROT_WRITE)
        self.memory = memory    # must live as long as its address is used
        return address + PAGE

    def test_half_bad_address(self):
        """The part that fits is copied, and the rest comes next."""
        edge = self.half_mapped()
        for room in (1, 100, 300, 1000):
            fd = self.open()
            expected = self.traffic()
            count = libc_read(fd, edge - room, 4096)
            self.assertGreater(count, 0)
            self.assertLessEqual(count, room)
            got = ctypes.string_at(edge - room, count)
            self.assertErrno(errno.EFAULT, libc_read, fd, edge, 4096)
            self.assertEqual(got + b''.join(read_all(fd)), expected)

    def test_half_bad_address_binary(self):
        edge = self.half_mapped()
        fd = self.open()
        uapi.set_format(fd, uapi.FORMAT_BINARY)
        size = uapi.RECORD.size
        whole = self.stream(binary=True)
        self.traffic()
        expected = b''.join(read_all(whole.fd))
        self.assertErrno(errno.EFAULT, libc_read, fd, edge - 100, 4096)
        count = libc_read(fd, edge - 100 - 2 * size, 4096)
        self.assertEqual(count, 2 * size)
        got = ctypes.string_at(edge - 100 - 2 * size, count)
        self.assertEqual(got + b''.join(read_all(fd)), expected)


    def test_every_edge_binary(self):
        """A record straddles the edge at each of its words, and between."""
        edge = self.half_mapped()
        size = uapi.RECORD.size
        self.traffic(20)
        whole = self.open()
        uapi.set_format(whole, uapi.FORMAT_BINARY)
        uapi.rewind(whole)
        expected = b''.join(read_all(whole))
        for inside in (*range(0, size, 8), 1, 4, 7, size - 1):
            fd = self.open()
            uapi.set_format(fd, uapi.FORMAT_BINARY)
            uapi.rewind(fd)
            count = libc_read(fd, edge - 3 * size - inside, 65536)
            self.assertEqual(count, 3 * size)
            got = ctypes.string_at(edge - 3 * size - inside, count)
            self.assertErrno(errno.EFAULT, libc_read, fd, edge - inside, 4096)
            self.assertEqual(got + b''.join(read_all(fd)), expected, inside)

    def test_readv_binary(self):
        """Buffers of any size, with records across them."""
        fd = self.open()
        uapi.set_format(fd, uapi.FORMAT_BINARY)
        whole = self.stream(binary=True)
        self.traffic(5)
        buffers = [bytearray(size) for size in (1, 100, 300, 777, 65536)]
        count = os.readv(fd, buffers)
        self.assertEqual(count % uapi.RECORD.size, 0)
        self.assertEqual(b''.join(buffers)[:count] + b''.join(read_all(fd)),
                         b''.join(read_all(whole.fd)))

    def after_failed_copy(self, then):
        """
        Three lines and a part of the fourth could be copied; then(fd) is done,
        and the rest of the line comes before what that makes of it. Returns
        the lines, and what is read after the fourth.
        """
        edge = self.half_mapped()
        fd = self.open()
        lines = self.traffic(3).splitlines(True)
        room = len(b''.join(lines[:3])) + 50
        count = libc_read(fd, edge - room, 65536)
        self.assertEqual(count, room)
        self.assertEqual(ctypes.string_at(edge - room, count),
                         b''.join(lines)[:room])
        self.assertErrno(errno.EBUSY, uapi.set_format, fd, uapi.FORMAT_BINARY)
        then(fd)
        rest = b''.join(read_all(fd))
        end = lines[3][50:]
        self.assertEqual(rest[:len(end)], end)
        return lines, rest[len(end):]

    def test_half_bad_address_and_filter(self):
        """A filter holds for lines that were formatted but not read."""
        lines, rest = self.after_failed_copy(lambda fd: uapi.set_filter(
            fd, new_states=uapi.states('CLOSE')))
        self.assertEqual(rest, b''.join(
            line for line in lines[4:] if b' new=CLOSE ' in line))

    def test_half_bad_address_and_now(self):
        _, rest = self.after_failed_copy(uapi.now)
        self.assertEqual(rest, b'')

    def test_half_bad_address_and_rewind(self):
        _, rest = self.after_failed_copy(uapi.rewind)
        other = self.open()
        uapi.rewind(other)
        self.assertEqual(rest, b''.join(read_all(other)))

    def test_failed_copy_between_lines(self):
        """Between lines the format may change."""
        edge = self.half_mapped()
        fd = self.open()
        whole = self.stream(binary=True)
        lines = self.traffic(3).splitlines(True)
        room = len(b''.join(lines[:3]))
        self.assertEqual(libc_read(fd, edge - room, 65536), room)
        uapi.set_format(fd, uapi.FORMAT_BINARY)
        rest = b''.join(read_all(fd))
        self.assertEqual(rest, b''.join(
            read_all(whole.fd))[3 * uapi.RECORD.size:])
