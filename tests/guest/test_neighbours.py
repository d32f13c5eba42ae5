# SPDX-License-Identifier: GPL-2.0
"""
What one reader may do to others and to the host: many that sleep, watch or
filter, signals at any moment, and one that is stopped in the middle.

Who is woken is counted, by the kernel for each thread and by the module. Only
that connections go on is a ratio of two rates, with a wide margin.
"""

import contextlib
import mmap
import os
import re
import resource
import select
import subprocess
import threading
import time
import unittest

from lib import kernel, openers, rights, tcp, uapi
from lib.harness import expand, limit, over
from lib.processes import POLL, READ, Child, wait_for

V4 = tcp.FAMILIES['v4']
HERE = os.path.dirname(os.path.abspath(__file__))
NOT_HERE = 77       # what a program needs and this kernel lacks
NEVER = 1 << 63     # no connection has this cookie, nor those behind it

FILES = 400         # descriptors of one open file, in each of so many
SETS = 250          # epolls: 100,000 watches
HERD = 500
CROWD = 200         # processes would take longer to start than to test
MEASURED = 1.0      # seconds
TIMES = 3
TIMES_MOST = 30
RING = 4096         # records
NESTED = 50_000     # entries that one call of a waiter wakes
LONG_CALLS = 10
TRACING = '/sys/kernel/tracing'
MARGIN = 4          # other machines may take most of a processor away


def load_for_neighbours(*parameters):
    kernel.load(*parameters)
    os.chown(uapi.DEVICE, 0, openers.GROUP)
    os.chmod(uapi.DEVICE, openers.MODE_GROUP)


def setUpModule():
    load_for_neighbours()


def tearDownModule():
    kernel.unload()


def account():
    fd = os.open(uapi.DEVICE, os.O_RDONLY)
    with contextlib.closing(os.fdopen(fd)):
        return uapi.get_account(fd)


def become_neighbour():
    """Becomes a user without capabilities who may open the device."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    rights.become(openers.USER, openers.GROUP)


def tasks(pid):
    """The threads of a process, without the first."""
    return [int(name) for name in os.listdir(f'/proc/{pid}/task')
            if int(name) != pid]


def switches(pid):
    """The number of voluntary context switches of a process's threads."""
    count = 0
    for task in tasks(pid):
        for line in kernel.read_file(
                f'/proc/{pid}/task/{task}/status').splitlines():
            if line.startswith('voluntary_ctxt_switches'):
                count += int(line.split()[1])
    return count


def is_asleep(pid, task, call=READ):
    with contextlib.suppress(OSError):
        text = kernel.read_file(f'/proc/{pid}/task/{task}/syscall')
        return text.split()[0] == call
    return False


def connections_a_second(enough=0):
    """The best of some tries, of many if it is less than @enough: what else the
    machine does takes from it."""
    best = tries = 0
    with V4.listener() as listener:
        while tries < TIMES or best <= enough and tries < TIMES_MOST:
            tries += 1
            count = 0
            end = time.monotonic() + MEASURED
            while time.monotonic() < end:
                tcp.exchange(V4, listener=listener)
                count += 1
            best = max(best, count / MEASURED)
    return best


class Sleepers:
    """A process of a neighbour's that sleeps, when it is ready."""

    def __init__(self, function, *arguments, enter=lambda: None):
        ready = os.pipe()

        def run():
            enter()
            become_neighbour()
            function(*arguments)
            os.write(ready[1], b'.')
            while True:
                time.sleep(3600)
        self.child = Child(run)
        self.pid = self.child.pid
        os.close(ready[1])
        got = os.read(ready[0], 1)
        os.close(ready[0])
        if not got:
            self.child.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()

    def await_all(self, count):
        """Waits until all of its readers sleep."""
        wait_for(lambda: len(tasks(self.pid)) == count and
                 all(is_asleep(self.pid, task) for task in tasks(self.pid)),
                 f'{count} readers wait')


def watch(files, sets, busy):
    """
    Watches of one open file. If busy, somebody looks at it all the time, so that
    it is always armed.
    """
    fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
    names = [fd] + [os.dup(fd) for _ in range(files - 1)]
    epolls = [select.epoll() for _ in range(sets)]
    for epoll in epolls:
        for name in names:
            epoll.register(name, select.EPOLLIN | select.EPOLLET)
    if busy:
        threading.Thread(target=look_again, args=(fd,), daemon=True).start()
    watch.kept = epolls


def read_on(fd):
    while True:
        os.read(fd, 65536)


def read_as(uid):
    """What a user reads first."""
    rights.become(uid, openers.GROUP)
    return os.read(os.open(uapi.DEVICE, os.O_RDONLY), 65536)


def look_again(fd):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        poll.poll()
        with contextlib.suppress(BlockingIOError):
            while True:
                os.read(fd, 65536)


def read_for_nothing(count, distinct):
    """Starts threads whose filter matches nothing."""
    threading.stack_size(65536)
    for number in range(count):
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        uapi.set_filter(fd, conn=NEVER + distinct * number)
        threading.Thread(target=os.read, args=(fd, 512), daemon=True).start()


def read_all_one_sees(count):
    """Threads that wait for whatever this network namespace has: nothing."""
    threading.stack_size(65536)
    for _ in range(count):
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        threading.Thread(target=os.read, args=(fd, 512), daemon=True).start()


@expand
class Sleeping(unittest.TestCase):
    """Readers for which nothing passes are not woken, however many they are."""

    def check(self, sleepers, count):
        sleepers.await_all(count)
        before = switches(sleepers.pid), account()
        tcp.exchange(V4, 50)
        # A reader that something passes for: all before it has been shown.
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        reader = Child(lambda: os.read(fd, 65536))
        reader.await_read()
        tcp.exchange(V4)
        self.assertTrue(reader.join())
        os.close(fd)
        self.assertEqual(switches(sleepers.pid), before[0])
        woken = account().wakeups - before[1].wakeups
        self.assertGreater(woken, 0)
        self.assertLess(woken, 10)

    @limit(120)
    @over('same', 'own')
    def test_filters(self, which):
        """Many readers with one filter, or each with another one."""
        with Sleepers(read_for_nothing, HERD, which == 'own') as sleepers:
            self.check(sleepers, HERD)

    @limit(120)
    def test_namespace(self):
        """Readers in another network namespace are not woken."""
        with Sleepers(read_all_one_sees, CROWD,
                      enter=kernel.enter_new_netns) as sleepers:
            self.check(sleepers, CROWD)

    @limit(120)
    def test_users(self):
        """Readers of several users are all woken by one record, though nothing
        follows it."""
        readers = [Child(read_as, uid) for uid in range(4501, 4509)]
        for reader in readers:
            reader.await_read()
        with V4.listener():
            for reader in readers:
                self.assertTrue(reader.join())

    def test_woken_once(self):
        """A file that is not read after a wake-up is not woken again."""
        with Sleepers(watch, 10, 10, False):
            before = account().wakeups
            tcp.exchange(V4, 50)
            fd = os.open(uapi.DEVICE, os.O_RDONLY)
            reader = Child(lambda: os.read(fd, 65536))
            reader.await_read()
            tcp.exchange(V4)
            reader.join()
            os.close(fd)
            woken = account().wakeups - before
            self.assertGreater(woken, 0)
            self.assertLess(woken, 10)


class SmallRing(unittest.TestCase):
    """More records come than a ring holds."""

    def setUp(self):
        kernel.unload()
        load_for_neighbours(f'ring_records={RING}')
        self.addCleanup(load_for_neighbours)
        self.addCleanup(kernel.unload)

    def open(self, flags=os.O_RDONLY | os.O_NONBLOCK):
        fd = os.open(uapi.DEVICE, flags)
        self.addCleanup(os.close, fd)
        return fd

    def test_overtaken_by_what_is_not_wanted(self):
        """
        A reader that sleeps meanwhile has missed nothing: all of it was looked
        at. So has one that is watched.
        """
        blocked, watched = self.open(os.O_RDONLY), self.open()
        with select.epoll() as epoll, V4.listener() as listener:
            for fd in (blocked, watched):
                uapi.set_filter(fd, lport_min=9, lport_max=9)
            epoll.register(watched, select.EPOLLIN | select.EPOLLET)
            self.assertEqual(epoll.poll(0), [])
            reader = Child(lambda: os.read(blocked, 65536))
            self.addCleanup(reader.kill)
            reader.await_read()
            # Little enough at a time for a pass to come in between.
            while uapi.get_stats(watched).overwritten < 4 * RING:
                tcp.exchange(V4, listener=listener)
            V4.listener(port=9).close()
            self.assertIn(b' lport=9 ', reader.join())
            self.assertTrue(epoll.poll(20))
            text = os.read(watched, 65536)
        self.assertIn(b' lport=9 ', text)
        self.assertNotIn(b'event=lost', text)
        self.assertEqual(uapi.get_stats(watched).reader_lost, 0)


@expand
class Host(unittest.TestCase):
    """The rate of connections beside any number of sleepers."""

    def check(self, *sleepers, **named):
        """With an ordinary reader, whose wake-ups cost the same in both cases."""
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        honest = Child(read_on, fd)
        honest.await_read()
        without = connections_a_second()
        with Sleepers(*sleepers, **named):
            beside = connections_a_second(without / MARGIN)
        honest.kill()
        os.close(fd)
        print(f'# connections a second: {without:.0f} without, '
              f'{beside:.0f} beside')
        self.assertGreater(beside, without / MARGIN)

    @limit(120)
    @over('asleep', 'busy')
    def test_rate_beside_watches(self, how):
        """100,000 watches of one open file; of one that is read, too."""
        self.check(watch, FILES, SETS, how == 'busy')

    @limit(120)
    @over('same', 'own')
    def test_rate_beside_filters(self, which):
        self.check(read_for_nothing, HERD, which == 'own')

    @limit(120)
    def test_rate_beside_namespace(self):
        self.check(read_all_one_sees, CROWD, enter=kernel.enter_new_netns)


class CallGraph:
    """Calls of some functions, and which were made inside which."""

    FUNCTIONS = 'ep_poll_callback on_record:mod:tcpstates on_timer:mod:tcpstates'
    CALLED = re.compile(r'\|\s*ep_poll_callback\(\)')
    REPORT = re.compile(r'\|\s*on_(?:record|timer) \[tcpstates\]\(\)')
    CALLING = re.compile(REPORT.pattern + r' \{')

    @staticmethod
    def is_available():
        tracers = kernel.read_file(f'{TRACING}/available_tracers')
        return 'function_graph' in tracers.split()

    def write(self, name, text):
        kernel.write_file(f'{TRACING}/{name}', text)

    def __enter__(self):
        self.write('set_ftrace_filter', self.FUNCTIONS)
        self.write('trace', '')
        self.write('current_tracer', 'function_graph')
        return self

    def __exit__(self, *_):
        self.write('current_tracer', 'nop')
        self.write('set_ftrace_filter', '')

    def count(self):
        """Calls of waiters, reports of records, and those that made a call."""
        text = kernel.read_file(f'{TRACING}/trace')
        return [len(pattern.findall(text))
                for pattern in (self.CALLED, self.REPORT, self.CALLING)]


class Nested(unittest.TestCase):
    """One call of a waiter wakes as many as its owner likes."""

    def start(self):
        def run():
            resource.setrlimit(resource.RLIMIT_NOFILE, (NESTED, NESTED))
            rights.become(openers.USER, openers.GROUP)
            program = os.path.join(HERE, '.build', 'nested')
            os.execv(program, [program, str(NESTED)])
        child = Child(run)
        self.addCleanup(child.kill)
        wait_for(lambda: any(is_asleep(child.pid, task, POLL)
                             for task in tasks(child.pid)),
                 f'{NESTED} entries are queued')

    @limit(120)
    def test_interrupts_beside_long_calls(self):
        """
        The interrupt that reports a record makes one long call for such a user
        at most; a work item makes the others.
        """
        if not CallGraph.is_available():
            self.skipTest('no function_graph tracer')
        self.start()
        with CallGraph() as graph:
            called = 0
            while called < LONG_CALLS:
                tcp.exchange(V4, 50)
                called, reports, calling = graph.count()
        print(f'# {called} calls; {calling} of {reports} reports made some')
        self.assertGreater(reports, called)
        self.assertLessEqual(calling, 1)


@expand
class Interrupted(unittest.TestCase):
    """Signals at any moment lose no record."""

    def run_program(self, name, *arguments):
        done = subprocess.run([os.path.join(HERE, '.build', name), *arguments],
                              text=True, capture_output=True, check=False)
        if done.returncode == NOT_HERE:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)

    @limit(120)
    @over('poll', 'select', 'epoll', 'edge', 'uring', 'read', 'nonblock')
    def test_signals(self, way):
        self.run_program('signals', way, '20')

    @over('text', 'binary')
    def test_page_that_does_not_come(self, form):
        """
        poll() and ioctl() on a file whose reader is stopped in a page fault, at
        its beginning or within a line or record.
        """
        for inside in (0, 100, 500, mmap.PAGESIZE):
            self.run_program('fault', form, str(inside))


CASES = [Sleeping, SmallRing, Host, Nested, Interrupted]
