# SPDX-License-Identifier: GPL-2.0
"""
What open files make the module take: bounded for each user and in all, whatever
they do, and gone when they are.
"""

import contextlib
import errno
import os
import re
import resource
import unittest

from lib import kernel, openers, rights, tcp, uapi
from lib.harness import expand, limit, over
from lib.proc_check import sweep
from lib.processes import Child

V4 = tcp.FAMILIES['v4']
MIB = 1 << 20

# Of the bounds, in quarters of files_mib.
USERS, SHARES = 3, 4

# More files than any of the bounds of these tests lets anybody have.
MOST_FILES = 16384

A, B, C, D = 4301, 4302, 4303, 4304

PR_SET_DUMPABLE = 4

# More than the module charges for a snapshot beside 16 bytes a row.
FIXED = 64 << 10
ROW = 16


def meminfo(name):
    """A value of /proc/meminfo in bytes."""
    return int(re.search(rf'{name}: *(\d+) kB',
                         kernel.read_file('/proc/meminfo')).group(1)) << 10


class MemoryTest(unittest.TestCase):
    def load(self, *parameters):
        kernel.load(*parameters)
        self.addCleanup(kernel.unload)
        os.chown(uapi.DEVICE, 0, openers.GROUP)
        os.chmod(uapi.DEVICE, openers.MODE_GROUP)
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES))
        self.fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, self.fd)
        self.before = self.account()
        # Who holds files, or the connections: ends before the module does.
        self.held = contextlib.ExitStack()
        self.addCleanup(self.held.close)

    def account(self):
        return uapi.get_account(self.fd)

    def assertAsBefore(self):
        now = self.account()
        self.assertEqual((now.files, now.files_bytes),
                         (self.before.files, self.before.files_bytes))


def open_all(with_snapshots=True):
    """Opens the device until that fails with ENOMEM; returns the descriptors."""
    fds = []
    try:
        while len(fds) < MOST_FILES - 100:
            fds.append(os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK))
            if with_snapshots:
                uapi.snapshot(fds[-1])
    except OSError as error:
        assert error.errno == errno.ENOMEM, error
        return fds
    raise AssertionError(f'{len(fds)} files, and no end')


class Taker:
    """A process that takes as much as it is allowed, and keeps it."""

    def __init__(self, become, *arguments):
        """@become: called first, to change the user."""
        told, tell = os.pipe()
        end, self.to_end = os.pipe()
        self.child = Child(self._run, tell, end, become, arguments,
                           keep=[tell, end])
        os.close(tell)
        os.close(end)
        count = os.read(told, 16)
        os.close(told)
        if not count:
            self.close()
        self.files = int(count)

    @staticmethod
    def _run(tell, end, become, arguments):
        become(*arguments)
        fds = open_all()
        os.write(tell, str(len(fds)).encode())
        os.read(end, 1)

    def close(self):
        os.close(self.to_end)
        self.child.join()


def become_member(uid):
    rights.become(uid, openers.GROUP)


class Bounds(MemoryTest):
    def take(self, become, *arguments):
        """The number of files that a user gets and keeps open in the test."""
        taker = Taker(become, *arguments)
        self.held.callback(taker.close)
        return taker.files

    def test_default(self):
        """The default suits the memory, and a user's snapshot of a full table."""
        self.load()
        memory = meminfo('MemTotal')
        most = max(min(memory // 32, 64 * MIB), 16 * MIB)
        got = self.before.files_bytes_max
        # The kernel counts a little less in all than it had at boot.
        self.assertLess(abs(got - most), most // 16)
        self.assertEqual(self.before.files_bytes_user_max, got // SHARES)
        self.assertEqual(got >> 20, int(kernel.read_file(
            '/sys/module/tcpstates/parameters/files_mib')))

    def test_by_the_table(self):
        self.load('conn_mib=256')
        self.assertEqual(self.before.files_bytes_max, 128 * MIB)

    def test_each_his_share(self):
        """
        Users take what they get. Each has the same; one too many has the crumbs, and
        root still gets his.
        """
        self.load('files_mib=4')
        self.assertEqual(self.before.files_bytes_max, 4 * MIB)
        files = [self.take(become_member, uid) for uid in (A, B, C, D)]
        account = self.account()
        print(f'# files with a snapshot: {files}; {account.files_bytes} bytes')
        self.assertGreater(files[0], 20)
        self.assertEqual(files[0], files[1])
        # Root's one file is nobody's share.
        self.assertEqual(files[2], files[0])
        # But for what is too little for another file in each of the others.
        self.assertLess(files[3], USERS)
        self.assertEqual(account.files, sum(files) + 1)
        self.assertLessEqual(account.files_bytes, USERS * MIB +
                             self.before.files_bytes)
        self.assertEqual(account.files_refused - self.before.files_refused, 4)

        mine = open_all()
        self.assertGreater(len(mine), files[0] // 2)
        self.assertLessEqual(self.account().files_bytes, 4 * MIB)
        for fd in mine:
            os.close(fd)
        self.held.close()
        self.assertAsBefore()
        self.assertEqual(self.take(become_member, D), files[0])
        self.held.close()
        self.assertAsBefore()

    def test_refusal_changes_nothing(self):
        """A file to which a snapshot is refused works as before."""
        self.load('files_mib=1')

        def child():
            become_member(A)
            fds = open_all(with_snapshots=False)
            tcp.exchange(V4)
            expected = os.read(fds[0], 65536)
            # Too little for a file may be enough for snapshots.
            with contextlib.suppress(OSError):
                for fd in fds[2:]:
                    uapi.snapshot(fd)
            self.assertErrno(errno.ENOMEM, uapi.snapshot, fds[1])
            assert os.read(fds[1], 65536) == expected
            os.close(fds[0])
            uapi.snapshot(fds[1])
        Child(child).join()
        self.assertAsBefore()

    def assertErrno(self, number, function, *arguments):
        with self.assertRaises(OSError) as caught:
            function(*arguments)
        self.assertEqual(caught.exception.errno, number)

    def test_user_namespaces(self):
        """
        Who makes a user namespace answers for all in it, whatever numbers they
        have there, and for namespaces in it.
        """
        self.load('files_mib=4')
        everything = self.take(become_member, A)

        def inside(ready, mapped):
            become_member(A)
            # Its files in /proc are root's else.
            kernel.call('prctl', PR_SET_DUMPABLE, 1)
            kernel.call('unshare', kernel.CLONE_NEWUSER)
            os.write(ready, b'.')
            assert os.read(mapped, 1)
            os.setresuid(1, 1, 1)
            assert not open_all(), 'another number, another share'
            kernel.call('unshare', kernel.CLONE_NEWUSER)
            assert not open_all(), 'another namespace, another share'
        is_ready, ready = os.pipe()
        mapped, tell = os.pipe()
        child = Child(inside, ready, mapped)
        self.assertTrue(os.read(is_ready, 1))
        for file in ('uid_map', 'gid_map'):
            kernel.write_file(f'/proc/{child.pid}/{file}',
                              f'0 {A} 1\n1 {B} 1\n')
        os.write(tell, b'.')
        child.join()
        for end in (is_ready, ready, mapped, tell):
            os.close(end)
        # Outside, that number has a share of its own.
        self.assertEqual(self.take(become_member, B), everything)
        self.held.close()
        self.assertAsBefore()

    @limit(120)
    def test_privilege(self):
        """Root without both capabilities that count has the share of a user."""
        def give_up():
            rights.set_effective(rights.CAP_SYS_RESOURCE, False)
            rights.set_net_admin(False)
        self.load('files_mib=4')

        got = self.take(give_up)
        self.assertEqual(self.take(become_member, A), got)
        self.assertGreater(self.take(lambda: None), got * 3 // 2)
        self.held.close()
        self.assertAsBefore()

    @limit(120)
    def test_service(self):
        """
        A program that watches the whole host, with CAP_NET_ADMIN and nothing
        else, is not kept out by users who take all that they may have.
        """
        self.load('files_mib=4')
        for uid in (A, B, C, D):
            self.take(become_member, uid)
        got = self.take(rights.become_net_admin, 4305, openers.GROUP)
        self.assertGreater(got, 10)
        self.held.close()
        self.assertAsBefore()

    @limit(120)
    def test_races(self):
        """
        Processes of one user open, take snapshots, read them and close, all at
        once. The bound holds at any time, and nothing stays charged.
        """
        self.load('files_mib=1')
        share = self.before.files_bytes_user_max

        def come_and_go():
            become_member(A)
            for _ in range(20):
                fds = open_all()
                for fd in fds[::2]:
                    with contextlib.suppress(BlockingIOError):
                        os.read(fd, 65536)
                for fd in fds:
                    os.close(fd)
        children = [Child(come_and_go) for _ in range(4)]
        looks = 0
        while not all(child.has_ended() for child in children):
            self.assertLessEqual(self.account().files_bytes,
                                 share + self.before.files_bytes)
            looks += 1
        for child in children:
            child.join()
        print(f'# {looks} looks, '
              f'{self.account().files_refused} refused')
        self.assertAsBefore()

    @limit(120)
    def test_innocent(self):
        """
        A user who opens what he can leaves the machine its memory: another
        process, the largest of all, lives on.
        """
        self.load()
        innocent = Innocent()
        self.held.callback(innocent.close)
        before = meminfo('MemAvailable')
        files = self.take(become_member, A)
        taken = before - meminfo('MemAvailable')
        print(f'# {files} files; the machine has {taken} bytes less, by account '
              f'{self.account().files_bytes}')
        # As much again for what the kernel itself keeps of an open file, and
        # what it puts around each object when it checks itself.
        if not kernel.DEBUGGING:
            self.assertLess(taken,
                            2 * self.before.files_bytes_user_max + 8 * MIB)
        self.held.close()
        self.assertAsBefore()


class Innocent:
    """A process with much memory, which must not be killed."""

    def __init__(self):
        told, tell = os.pipe()
        end, self.to_end = os.pipe()
        self.child = Child(self._run, tell, end, keep=[tell, end])
        os.close(tell)
        os.close(end)
        assert os.read(told, 1), 'no memory to begin with'
        os.close(told)

    @staticmethod
    def _run(tell, end):
        memory = bytearray(100 * MIB)
        memory[::4096] = b'1' * len(memory[::4096])
        os.write(tell, b'.')
        os.read(end, 1)

    def close(self):
        os.close(self.to_end)
        self.child.join()


@expand
class Snapshots(MemoryTest):
    """What a snapshot costs, and for how long."""

    CONNECTIONS = 1500

    def connect(self, count):
        """Makes connections that stay: two rows each, and the listener's."""
        listener = self.held.enter_context(V4.listener(backlog=512))
        for _ in range(count):
            client = self.held.enter_context(V4.open())
            client.connect(listener.getsockname()[:2])
            self.held.enter_context(listener.accept()[0])
            tcp.reset_on_close(client)

    def end(self):
        self.held.close()
        sweep()

    def bytes(self):
        return self.account().files_bytes - self.before.files_bytes

    @over(1, 64)
    def test_cost(self, conn_mib):
        """
        By the rows that were given, not by what the table could hold; and only
        as long as the walk lasts, without anything that happens after it.
        """
        self.load(f'conn_mib={conn_mib}', 'files_mib=16')
        self.connect(self.CONNECTIONS)
        uapi.set_format(self.fd, uapi.FORMAT_BINARY)
        uapi.snapshot(self.fd)
        self.assertLess(self.bytes(), 8192)
        rows = 0
        highest = 0
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.fd, 100 * uapi.RECORD.size):
                rows += len(chunk) // uapi.RECORD.size
                highest = max(highest, self.bytes())
                self.assertLess(self.bytes(), ROW * rows + FIXED)
        self.assertEqual(rows, 2 * self.CONNECTIONS + 1)
        self.assertGreaterEqual(highest, ROW * (rows - 100))
        self.assertEqual(self.bytes(), 0)
        print(f'# {rows} rows, {highest} bytes')
        self.end()

    def test_filter(self):
        """Rows that are filtered out cost nothing."""
        self.load()
        self.connect(self.CONNECTIONS)
        uapi.set_filter(self.fd, new_states=uapi.states('LISTEN'))
        uapi.snapshot(self.fd)
        self.assertEqual(os.read(self.fd, 65536).count(b'\n'), 1)
        self.assertLess(self.bytes(), 8192 + ROW * 256)
        with self.assertRaises(BlockingIOError):
            os.read(self.fd, 65536)
        self.assertEqual(self.bytes(), 0)
        self.end()

    def test_left_in_the_middle(self):
        """It keeps its memory until rewind, the next snapshot or close()."""
        self.load()
        self.connect(self.CONNECTIONS)
        for leave in (uapi.now, uapi.rewind):
            uapi.snapshot(self.fd)
            for _ in range(3):
                os.read(self.fd, 65536)
            self.assertGreater(self.bytes(), 0)
            leave(self.fd)
            self.assertEqual(self.bytes(), 0)
        uapi.snapshot(self.fd)
        os.read(self.fd, 65536)
        uapi.snapshot(self.fd)
        self.assertLess(self.bytes(), 8192)
        uapi.now(self.fd)
        self.end()

    def test_no_share(self):
        """Rows beyond the user's share are counted as lost."""
        self.load('files_mib=1')
        connections = 400
        self.connect(connections)

        def child():
            become_member(A)
            mine = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
            fds = open_all(with_snapshots=False)
            os.close(fds.pop())
            uapi.snapshot(mine)
            rows = lost = 0
            with contextlib.suppress(BlockingIOError):
                while text := os.read(mine, 65536).decode():
                    rows += text.count(' event=existing ')
                    lost += sum(map(int, re.findall(
                        r' event=lost .*count=(\d+)', text)))
            print(f'# {rows} rows, {lost} lost', flush=True)
            self.assertEqual(rows + lost, 2 * connections + 1)
            self.assertTrue(rows and lost)
        Child(child).join()
        self.assertAsBefore()
        self.end()


CASES = [Bounds, Snapshots]
