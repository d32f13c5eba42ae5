# SPDX-License-Identifier: GPL-2.0
"""
Memory that is not to be had and copies that fault, everywhere in turn: each
gives a clean error or is said and counted, and leaves nothing behind. Runs on
the kernels of tests/kernels/debug-list that can make them fail.
"""

import collections
import ctypes
import fcntl
import os
import re
import resource
import unittest

from lib import faults, kernel, tcp, uapi
from lib.device import V4, lines_of
from lib.harness import expand, limit, over
from lib.model import Model
from lib.stream import Stream

SYS_READ = 0
SYS_IOCTL = 16
SYS_OPENAT = 257
SYS_FINIT_MODULE = 313
AT_FDCWD = -100

ENABLED = '/sys/kernel/tracing/enabled_functions'

# The least of everything, so that a load is short.
PARAMETERS = b'conn_mib=1 ring_records=64'

# Objects that pool.c has ready on each CPU.
SUPPLY = 1024

CLEAN = ('ENOMEM', 'EFAULT')


def needed(test):
    return unittest.skipUnless(
        faults.available(), 'this kernel has no fault injection')(test)


class FaultTest(unittest.TestCase):
    def setUp(self):
        self.enterContext(faults.prepared())
        self.injector = faults.Injector()
        self.addCleanup(self.injector.close)

    def sweep(self, attempt, done=0):
        """All outcomes; prints how each of the module's functions fared."""
        places = collections.Counter()
        outcomes = []
        for outcome in self.injector.sweep(attempt, done):
            outcomes.append(outcome)
            if len(outcomes) % 50 == 0:
                print(f'# {len(outcomes)} failures so far', flush=True)
            places[outcome.place, outcome.error] += 1
            if outcome.result < 0:
                self.assertIn(outcome.error, CLEAN, '\n'.join(outcome.said))
        self.assertTrue(outcomes, 'nothing was made to fail')
        for (place, error), count in sorted(places.items(), key=str):
            print(f'# {count} x {error or "went on"} in '
                  f'{place or "the kernel"}')
        return outcomes

    def check_leaks(self):
        leaks = faults.leaks()
        self.assertFalse(leaks, f'not freed:\n{leaks}')


@needed
class Loading(FaultTest):
    def tearDown(self):
        if kernel.loaded():
            kernel.unload()

    @limit(600)
    def test_load(self):
        """
        It loads, or it does not and nothing of it is there. What is loaded
        works, but for what it has said.
        """
        before = self.traces()
        file = os.open(kernel.MODULE, os.O_RDONLY)
        self.addCleanup(os.close, file)

        def attempt(nth):
            outcome = self.injector.call(nth, SYS_FINIT_MODULE, file,
                                         PARAMETERS, 0)
            if outcome.result < 0:
                self.assertEqual(self.traces(), before,
                                 '\n'.join(outcome.said))
            else:
                self.check_works(outcome)
                kernel.unload()
            return outcome

        # What comes before our own part is the kernel's business, and it does
        # warn there: of a trace event that it has no memory for.
        before_ours = self.injector.count(SYS_FINIT_MODULE, file,
                                          b'ring_records=many', 0)
        self.sweep(attempt, before_ours)
        self.assertEqual(self.traces(), before)
        self.check_leaks()

    @staticmethod
    def traces():
        """The traces of a module that is loaded, or partly loaded."""
        return {
            'loaded': kernel.loaded(),
            'device': os.path.exists(uapi.DEVICE),
            'class': os.path.exists('/sys/class/misc/tcpstates'),
            'minors': kernel.read_file('/proc/misc'),
            'hooks': kernel.read_file(ENABLED),
            'cache': os.path.exists('/sys/kernel/slab/tcpstates_conn'),
        }

    def check_works(self, outcome):
        lost = any('no memory for the ring' in line for line in outcome.said)
        with Stream() as stream:
            tcp.exchange(V4)
            if not lost:
                stream.collect(lambda events: len(events) >= lines_of(1))


class Loaded(FaultTest):
    """With a second reader without faults, for comparison."""

    def setUp(self):
        super().setUp()
        kernel.load('ring_records=1024')
        self.addCleanup(kernel.unload)
        self.reference = self.enterContext(Stream())

    def open(self):
        fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        return fd

    def charged(self):
        """Bytes that are charged to open files, and the number of files."""
        account = uapi.get_account(self.reference.fd)
        return account.files, account.files_bytes


@needed
@expand
class Reading(Loaded):
    def test_open(self):
        path = uapi.DEVICE.encode()

        def attempt(nth):
            outcome = self.injector.call(
                nth, SYS_OPENAT, AT_FDCWD, path,
                os.O_RDONLY | os.O_NONBLOCK)
            if outcome.result >= 0:
                os.close(outcome.result)
            self.assertEqual(self.charged(), before)
            return outcome

        before = self.charged()
        self.sweep(attempt)
        self.check_leaks()

    @over('text', 'binary')
    def test_read(self, form):
        """No record is lost, and none comes twice."""
        tcp.exchange(V4, 20)
        self.reference.collect(lambda events: len(events) >= lines_of(20))
        fd = self.open()
        if form == 'binary':
            uapi.set_format(fd, uapi.FORMAT_BINARY)
        fcntl.ioctl(fd, uapi.REWIND)
        expected = self.rest(fd)
        buffer = ctypes.create_string_buffer(1 << 14)

        def attempt(nth):
            fcntl.ioctl(fd, uapi.REWIND)
            outcome = self.injector.call(nth, SYS_READ, fd, buffer,
                                         len(buffer))
            got = buffer.raw[:max(outcome.result, 0)] + self.rest(fd)
            self.assertEqual(got, expected)
            return outcome

        self.sweep(attempt)

    @staticmethod
    def rest(fd):
        chunks = []
        while True:
            try:
                chunks.append(os.read(fd, 1 << 14))
            except BlockingIOError:
                return b''.join(chunks)

    @over('info', 'stats', 'account', 'format', 'filter')
    def test_ioctl(self, which):
        """It fails, and works when it is repeated."""
        fd = self.open()
        command, content = {
            'info': (uapi.GET_INFO, bytes(uapi.INFO.size)),
            'stats': (uapi.GET_STATS, bytes(uapi.STATS.size)),
            'account': (uapi.GET_ACCOUNT, bytes(uapi.ACCOUNT.size)),
            'format': (uapi.SET_FORMAT, uapi.FORMAT.pack(0, 0)),
            'filter': (uapi.SET_FILTER, uapi.pack_filter()),
        }[which]
        buffer = ctypes.create_string_buffer(content, len(content))
        self.sweep(lambda nth: self.injector.call(nth, SYS_IOCTL, fd, command,
                                                  buffer))

    def test_snapshot(self):
        """
        An error and no snapshot, or all rows. Those of the last snapshot stay
        away after an error.
        """
        listeners = [V4.listener() for _ in range(50)]
        for listener in listeners:
            self.addCleanup(listener.close)
        self.reference.collect(lambda events: len(events) >= len(listeners))
        with Stream() as stream:
            stream.fetch()

            def attempt(nth):
                outcome = self.injector.call(nth, SYS_IOCTL, stream.fd,
                                             uapi.SNAPSHOT, 0)
                rows = [event for event in stream.fetch()
                        if event.event == 'existing']
                self.assertEqual(len(rows), len(listeners)
                                 if outcome.result == 0 else 0)
                return outcome

            self.sweep(attempt)
        self.check_leaks()

    def test_walk(self):
        """
        Memory that fails while a snapshot is read: each row comes, or is
        counted as lost, and nothing stays charged.
        """
        listeners = [V4.listener() for _ in range(50)]
        for listener in listeners:
            self.addCleanup(listener.close)
        self.reference.collect(lambda events: len(events) >= len(listeners))
        fd = self.open()
        before = self.charged()
        buffer = ctypes.create_string_buffer(1 << 14)
        losses = []

        def attempt(nth):
            uapi.snapshot(fd)
            outcome = self.injector.call(nth, SYS_READ, fd, buffer,
                                         len(buffer))
            text = (buffer.raw[:max(outcome.result, 0)] +
                    self.rest(fd)).decode()
            rows = text.count(' event=existing ')
            lost = sum(map(int, re.findall(r' event=lost .*count=(\d+)', text)))
            self.assertEqual(rows + lost, len(listeners), text)
            self.assertEqual(self.charged(), before)
            losses.append(lost)
            return outcome

        self.sweep(attempt)
        print(f'# lost: {losses}')
        self.assertGreater(max(losses), 0)
        self.check_leaks()


@needed
class Connections(Loaded):
    @limit(240)
    def test_worker(self):
        """
        When there is no memory for more connections, those without an entry are
        counted and seen all the same; afterwards all is as before.
        """
        cpus = uapi.get_info(self.reference.fd).cpus
        count = SUPPLY * cpus // 2 + 200
        resource.setrlimit(resource.RLIMIT_NOFILE, (4 * count, 4 * count))
        model = Model()
        listener = V4.listener(backlog=128)
        socks = []
        with faults.cache_fails('tcpstates_conn'):
            for _ in range(count):
                client = V4.open()
                client.connect(listener.getsockname())
                socks += [client, listener.accept()[0]]
                self.follow(model)
            missed = uapi.get_stats(self.reference.fd).conns_missed
            self.assertGreater(missed, 0)
            for sock in socks:
                tcp.reset_on_close(sock)
                sock.close()
                self.follow(model)
        listener.close()
        self.reference.wait(1)
        self.follow(model)
        self.assertEqual(model.errors, [])
        alive = [str(life) for life in model.lives if life.state != 'CLOSE']
        self.assertEqual(alive, [])
        tcp.exchange(V4, 10)
        events = self.reference.collect(
            lambda events: len(events) >= lines_of(10))
        self.assertTrue(all(event.dur_ns is not None for event in events
                            if event.old not in ('CLOSE', 'LISTEN')))
        stats = uapi.get_stats(self.reference.fd)
        self.assertEqual(stats.conns_missed, missed)
        print(f'# {missed} connections without an entry, '
              f'{stats.untracked} untracked')

    def follow(self, model):
        for event in self.reference.fetch():
            model.apply(event)


CASES = [Loading, Reading, Connections]
