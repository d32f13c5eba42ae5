# SPDX-License-Identifier: GPL-2.0
"""read() that waits, poll(), select(), epoll and io_uring."""

import contextlib
import ctypes
import errno
import os
import select
import signal
import time

from device.reading import libc_read
from lib import kernel, tcp, uapi
from lib.device import V4, DeviceTest, lines_of, read_all
from lib.processes import Child, Reader
from lib.uring import Uring


def threads():
    """Names of the threads of this process, io_uring's workers among them."""
    for task in os.listdir('/proc/self/task'):
        with contextlib.suppress(OSError):
            yield kernel.read_file(f'/proc/self/task/{task}/comm')


class Waiting(DeviceTest):
    """Waiting in read(), and readiness."""

    def test_wakes_up(self):
        """A reader that waits gets a line when it happens."""
        fd = self.open(os.O_RDONLY)
        child = Child(lambda: os.read(fd, 65536))
        child.await_read()
        expected = self.traffic()
        got = child.join()
        self.assertTrue(got)
        self.assertTrue(expected.startswith(got), got)

    def test_wakes_up_every_time(self):
        """No wake-up is lost between two lines and the next wait."""
        fd = self.open(os.O_RDONLY)

        def child():
            count = 0
            while count < 100 * lines_of(1):
                count += os.read(fd, 65536).count(b'\n')
        reader = Child(child)
        for _ in range(100):
            tcp.exchange(V4)
        reader.join()

    def test_wakes_up_all(self):
        """All of several waiting readers are woken."""
        fds = [self.open(os.O_RDONLY) for _ in range(4)]
        children = [Child(lambda fd=fd: os.read(fd, 100)) for fd in fds]
        for child in children:
            child.await_read()
        expected = self.traffic()
        for child in children:
            self.assertEqual(child.join(), expected[:100])

    def test_signal(self):
        """A signal ends the wait; nothing is lost by it."""
        fd = self.open(os.O_RDONLY)

        def child():
            signal.signal(signal.SIGUSR1, lambda *_: None)
            signal.siginterrupt(signal.SIGUSR1, True)
            os.write(ready[1], b'.')
            buffer = ctypes.create_string_buffer(4096)
            self.assertErrno(errno.EINTR, libc_read, fd,
                             ctypes.addressof(buffer), 4096)
        ready = os.pipe()
        reader = Child(child)
        self.assertEqual(os.read(ready[0], 1), b'.')
        reader.await_read()
        os.kill(reader.pid, signal.SIGUSR1)
        reader.join()
        for end in ready:
            os.close(end)
        expected = self.traffic()
        self.assertEqual(os.read(fd, 65536), expected)

    def read_nowait(self, fd, size=65536):
        """preadv2() with RWF_NOWAIT."""
        buffer = bytearray(size)
        return bytes(buffer[:os.preadv(fd, [buffer], -1, os.RWF_NOWAIT)])

    def test_nowait(self):
        """A call that does not wait, on a blocking file."""
        fd = self.open(os.O_RDONLY)
        self.assertErrno(errno.EAGAIN, self.read_nowait, fd)
        expected = self.traffic()
        self.assertEqual(self.read_nowait(fd), expected)
        self.assertErrno(errno.EAGAIN, self.read_nowait, fd)
        uapi.set_format(fd, uapi.FORMAT_BINARY)
        self.assertErrno(errno.EINVAL, self.read_nowait, fd,
                         uapi.RECORD.size - 1)
        self.assertErrno(errno.EAGAIN, self.read_nowait, fd)

    def test_nowait_gives_rows(self):
        """It returns rows of a snapshot."""
        fd = self.open(os.O_RDONLY)
        with V4.listener():
            self.reference.collect(lambda events: events)
            uapi.snapshot(fd)
            self.assertEqual(select.select([fd], [], [], 0)[0], [fd])
            self.assertIn(b' event=existing ', self.read_nowait(fd))
        self.reference.collect(lambda events: events)

    def test_uring(self):
        """
        A read by io_uring ends when there is something. No worker waits for it
        in place of the caller (before 5.12 they are not the caller's threads).
        """
        uring = Uring()
        self.addCleanup(uring.close)
        fd = self.open(os.O_RDONLY)
        for _ in range(5):
            uring.read(fd, 65536)
            self.assertFalse(uring.is_done())
            self.assertFalse([name for name in threads()
                              if name.startswith('iou-wrk')])
            got, expected = b'', self.traffic()
            while len(got) < len(expected):
                if got:
                    uring.read(fd, 65536)
                got += uring.wait()
            self.assertEqual(got, expected)

    def test_killed(self):
        """A reader that waits can be killed, and the file is closed."""
        with Reader('cat', uapi.DEVICE) as reader:
            reader.process.kill()
            self.assertEqual(reader.process.wait(), -signal.SIGKILL)

    def readiness(self, fd):
        """Readiness by select(), poll() and epoll, without waiting."""
        poll = select.poll()
        poll.register(fd, select.POLLIN | select.POLLOUT | select.POLLPRI)
        with select.epoll() as epoll:
            epoll.register(fd, select.EPOLLIN)
            return (bool(select.select([fd], [], [], 0)[0]),
                    [bits for _, bits in poll.poll(0)],
                    [bits for _, bits in epoll.poll(0)])

    NOT_READY = (False, [], [])
    READY = (True, [select.POLLIN], [select.EPOLLIN])

    def test_readiness(self):
        fd = self.open()
        self.assertEqual(self.readiness(fd), self.NOT_READY)
        expected = self.traffic()
        self.assertEqual(self.readiness(fd), self.READY)
        self.assertEqual(self.readiness(fd), self.READY)
        # Whole lines, then the last one without its end.
        left = len(expected) - 1
        while left:
            left -= len(os.read(fd, left))
        self.assertEqual(self.readiness(fd), self.READY)
        os.read(fd, 1)
        self.assertEqual(self.readiness(fd), self.NOT_READY)

    def test_readiness_with_filter(self):
        """Not ready for records that the filter rejects."""
        fd = self.open()
        uapi.set_filter(fd, new_states=uapi.states('LAST_ACK'))
        self.traffic()
        self.assertEqual(self.readiness(fd), self.NOT_READY)
        self.assertErrno(errno.EAGAIN, os.read, fd, 4096)

    def test_readiness_keeps_the_line(self):
        """Polling consumes nothing and changes no order."""
        fd = self.open()
        expected = b''
        for _ in range(5):
            expected += self.traffic()
            self.assertEqual(self.readiness(fd), self.READY)
        self.assertEqual(b''.join(read_all(fd)), expected)

    def waits(self, wait):
        """A process that waits for readiness is woken."""
        fd = self.open()
        start = time.monotonic()
        child = Child(lambda: tcp.exchange(V4) and None)
        self.assertTrue(wait(fd))
        self.assertLess(time.monotonic() - start, 10)
        child.join()

    def test_poll_wakes_up(self):
        poll = select.poll()

        def wait(fd):
            poll.register(fd, select.POLLIN)
            return poll.poll(15000)
        self.waits(wait)

    def test_select_wakes_up(self):
        self.waits(lambda fd: select.select([fd], [], [], 15)[0])

    def test_epoll_wakes_up(self):
        """Edge triggered: once for each time that something new comes."""
        with select.epoll() as epoll:
            def wait(fd):
                epoll.register(fd, select.EPOLLIN | select.EPOLLET)
                return epoll.poll(15)
            self.waits(wait)
            self.waits(wait)
