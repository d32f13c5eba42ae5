# SPDX-License-Identifier: GPL-2.0
"""
Lines with event=stuck: when they come, of what, and when not. Limits are a second
or two, so that a test sees several doublings; what must not come is waited for by
something later that must.
"""

import contextlib
import errno
import os
import re
import resource
import select
import time

from lib import kernel, proctcp, tcp, uapi
from lib.all_states import BOTH, AllStates
from lib.harness import expand, limit, over
from lib.proc_check import SnapshotTest
from lib.processes import PATIENCE, Child
from lib.rows import Snapshot
from lib.stream import Stream
from lib.stuck import Leak, limit_path, of, set_limit, stuck

SECOND = 10**9
WATCHED = ('CLOSE_WAIT', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2',
           'LAST_ACK', 'CLOSING')
MOST = 31536000


class StuckTest(SnapshotTest):
    def load(self, *parameters):
        kernel.load(*parameters)
        stream = Stream()
        self.addCleanup(stream.close)
        return stream

    def leak(self, *arguments):
        leak = Leak(*arguments)
        self.addCleanup(leak.close)
        return leak


@expand
class Stuck(StuckTest):
    @over(*BOTH)
    def test_doublings(self, family):
        """Lines 1, 2, 4 and 8 seconds after the FIN, and none after close()."""
        stream = self.load('stuck_close_wait=1')
        leak = self.leak(tcp.FAMILIES[family])
        events = stream.collect(leak.lines(4))
        leak.close()
        later = self.leak()
        events += stream.collect(later.lines(2))
        mine = of(events, leak.conn)
        begun = [event for event in mine if event.new == 'CLOSE_WAIT' and
                 event.event == 'transition'][0]
        told = stuck(mine)
        ages = [event.dur_ns for event in told]
        for age, due in zip(ages, (1, 2, 4, 8)):
            self.assertGreaterEqual(age, due * SECOND)
            self.assertLess(age, 2 * due * SECOND)
        for event in told:
            self.assertEqual(event.real_ns - begun.real_ns, event.dur_ns)
            self.assertEqual((event.laddr, event.lport, event.raddr,
                              event.rport), leak.end)
            self.assertEqual((event.pid, event.uid, event.flags, event.cause),
                             (os.getpid(), 0, frozenset(), None))
            self.assertEqual(event.inode, begun.inode)
        left = mine[mine.index(told[-1]) + 1]
        self.assertEqual((left.event, left.old, left.new),
                         ('transition', 'CLOSE_WAIT', 'LAST_ACK'))
        self.assertEqual(left.real_ns - begun.real_ns, left.dur_ns)
        self.assertGreater(left.dur_ns, 8 * SECOND)

    @over('text', 'binary')
    def test_every_state(self, form):
        """Each connection that /proc shows in a state beyond its limit."""
        stream = self.load(*(f'stuck_{state.lower()}=1' for state in WATCHED))
        before = proctcp.read()     # 5.10 does not end all that others left
        if form == 'binary':
            uapi.set_format(stream.fd, uapi.FORMAT_BINARY)
            stream.binary = True
        held = AllStates()
        self.addCleanup(held.close)
        since = {}
        told = {}

        def note(event):
            if event.event == 'transition':
                since[event.conn] = event
                told.pop(event.conn, None)
                return
            begun = since.get(event.conn)
            if not begun:
                return
            self.assertEqual((event.old, event.new), (begun.new, begun.new))
            self.assertEqual(event.real_ns - begun.real_ns, event.dur_ns)
            told.setdefault(event.conn, []).append(event)

        wanted = sorted(entry.state for entry in proctcp.read()
                        if entry.state in WATCHED and entry not in before)

        def arrived(events):
            since.clear()
            told.clear()
            for event in events:
                note(event)
            return sorted(lines[0].new for lines in told.values()) == wanted

        events = stream.collect(arrived)
        self.assertEqual(set(wanted), set(WATCHED))
        self.assertEqual({event.new for event in stuck(events)}, set(WATCHED))

    def test_default(self):
        """The default limits: a minute in CLOSE_WAIT, and no other state."""
        stream = self.load()
        for state in WATCHED:
            self.assertEqual(kernel.read_file(limit_path(state)),
                             '60' if state == 'CLOSE_WAIT' else '0')
        held = AllStates(('v4',))
        self.addCleanup(held.close)
        set_limit('CLOSE_WAIT', 1)
        waiting = sum(state == 'CLOSE_WAIT' for _, state in held.wanted)
        events = stream.collect(
            lambda events: len(stuck(events)) >= 2 * waiting)
        self.assertEqual({event.new for event in stuck(events)},
                         {'CLOSE_WAIT'})

    def test_before_loading(self):
        leak = self.leak()
        time.sleep(1)       # which the module cannot know of
        stream = self.load('stuck_close_wait=1')
        events = stream.collect(leak.lines(2))
        leak.close()
        events += stream.collect(
            lambda events: [event.new for event in events] ==
            ['LAST_ACK', 'CLOSE'] or len(events) > 2)
        first, second, left = of(events, leak.conn)[:3]
        for event in (first, second, left):
            self.assertIn('atleast', event.flags)
            self.assertIsNone(event.pid)
            self.assertEqual(event.uid, 0)
        self.assertLess(first.dur_ns, 2 * SECOND)
        self.assertEqual(left.new, 'LAST_ACK')
        self.assertGreater(left.dur_ns, second.dur_ns)


class Limits(StuckTest):
    def test_set_while_loaded(self):
        """A new limit holds for connections that are in the state already."""
        stream = self.load('stuck_close_wait=0')
        leak = self.leak()
        begun = time.monotonic()
        first = stream.collect(lambda events: any(
            event.new == 'CLOSE_WAIT' for event in events))
        while time.monotonic() - begun < 1:
            stream.wait(0.1)
        set_limit('CLOSE_WAIT', 1)
        events = stream.collect(leak.lines(2))
        self.assertEqual(stuck(first), [])
        # Off: it is silent, and another state's lines come.
        set_limit('CLOSE_WAIT', 0)
        set_limit('FIN_WAIT2', 1)
        events = stream.collect(lambda events: len(
            [event for event in events if event.new == 'FIN_WAIT2']) >= 3,
            30)
        self.assertEqual([event for event in events
                          if event.new == 'CLOSE_WAIT' and
                          event.dur_ns > 5 * SECOND], [])
        # On again, with an age that has passed several doublings.
        set_limit('FIN_WAIT2', 0)
        set_limit('CLOSE_WAIT', 1)
        events = stream.collect(leak.lines(1))
        self.assertGreater(stuck(events)[0].dur_ns, 4 * SECOND)

    def test_bad_values(self):
        for value in (str(MOST + 1), '-1', 'x', '4294967296', '1.5'):
            done = kernel.insmod(f'stuck_syn_sent={value}')
            self.assertNotEqual(done.returncode, 0)
            self.assertFalse(kernel.loaded())
        log = kernel.Log()
        self.addCleanup(log.close)
        self.load('stuck_syn_sent=7')
        for value in (str(MOST + 1), '-1', 'x', '', '4294967296'):
            with self.assertRaises(OSError) as caught:
                fd = os.open(limit_path('SYN_SENT'), os.O_WRONLY)
                try:
                    os.write(fd, value.encode() + b'\n')
                finally:
                    os.close(fd)
            self.assertIn(caught.exception.errno, (errno.EINVAL, errno.ERANGE))
            self.assertEqual(kernel.read_file(limit_path('SYN_SENT')), '7')
        self.assertTrue(any(
            f'stuck_syn_sent={MOST + 1}: must be 0 (off) to {MOST} seconds' in
            line for line in log.lines()))
        set_limit('SYN_SENT', MOST)

    def test_changed_all_the_time(self):
        """While connections come and go, by two writers."""
        stream = self.load('stuck_close_wait=1')
        leak = self.leak()

        def turn(state):
            end = time.monotonic() + 3
            while time.monotonic() < end:
                for seconds in (0, 1, 5, MOST):
                    set_limit(state, seconds)

        children = [Child(turn, state) for state in
                    ('ESTABLISHED', 'CLOSE_WAIT', 'FIN_WAIT2')[1:]]
        for child in children:
            child.join()
        set_limit('CLOSE_WAIT', 1)
        stream.collect(leak.lines(3))


class Readers(StuckTest):
    def test_filter(self):
        """A filter for stuck lines only: other records do not wake the reader."""
        self.load('stuck_close_wait=2')
        stream = Stream(gapless=False)
        self.addCleanup(stream.close)
        uapi.set_filter(stream.fd, events=1 << uapi.EVENT_STUCK)
        leak = self.leak()
        poller = select.poll()
        poller.register(stream.fd, select.POLLIN)
        self.assertEqual(poller.poll(0), [])
        events = stream.collect(leak.lines(2))
        self.assertEqual([event.event for event in events], ['stuck'] * 2)

    def test_filter_of_transitions(self):
        plain = self.load('stuck_close_wait=1')
        stream = Stream(gapless=False)
        self.addCleanup(stream.close)
        uapi.set_filter(stream.fd, events=1 << uapi.EVENT_TRANSITION)
        leak = self.leak()
        told = plain.collect(leak.lines(2))
        self.assertEqual(
            [event.text for event in told if event.event == 'transition'],
            [event.text for event in stream.fetch()])

    def test_namespace(self):
        """A restricted reader gets the lines of its own namespace only."""
        self.load('stuck_close_wait=1')

        def inside():
            kernel.enter_new_netns()
            os.chmod(uapi.DEVICE, 0o666)
            os.setresuid(1000, 1000, 1000)
            with Stream(gapless=False) as stream:
                leak = Leak()
                events = stream.collect(leak.lines(3))
            mine = {event.netns for event in events}
            return str((len(mine), mine == {proctcp.netns()})).encode()

        leak = self.leak()
        child = Child(inside)
        self.assertEqual(child.join(), b'(1, True)')
        self.assertTrue(leak.sock)

    def test_snapshot(self):
        """A row, and then its lines."""
        stream = self.load('stuck_close_wait=1')
        leak = self.leak()
        stream.collect(leak.lines(1))
        snapshot = Snapshot()
        self.addCleanup(snapshot.close)
        events = snapshot.collect(leak.lines(2))
        mine = of(events, leak.conn)
        self.assertEqual([event.event for event in mine],
                         ['existing', 'stuck', 'stuck'])
        self.assertEqual(mine[0].new, 'CLOSE_WAIT')

    def test_no_trace_event(self):
        """The trace event reports transitions only."""
        root = '/sys/kernel/tracing'
        stream = self.load('stuck_close_wait=1')
        with kernel.setting(f'{root}/events/tcpstates/enable', 1):
            kernel.write_file(f'{root}/trace', '')
            leak = self.leak()
            stream.collect(leak.lines(2))
            trace = [line for line in
                     kernel.read_file(f'{root}/trace').splitlines()
                     if f' conn={leak.conn:x} ' in line]
        self.assertTrue(trace)
        self.assertEqual([line for line in trace
                          if 'old=CLOSE_WAIT' in line], [])


class Many(StuckTest):
    RECORDS = 256
    COUNT = 4 * RECORDS

    def hold(self, count, stream):
        """Makes that many leaks of one listener; returns their cookies."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, files)
        resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
        listener = tcp.FAMILIES['v4'].listener()
        self.addCleanup(listener.close)
        cookies = set()
        for _ in range(count):
            client = tcp.FAMILIES['v4'].open()
            client.connect(listener.getsockname())
            server = listener.accept()[0]
            self.addCleanup(server.close)
            client.close()
            cookies.add(tcp.cookie(server))
            stream.wait(0)
            stream.fetch()
        return cookies

    def read_until_told(self, fd, cookies):
        """
        The lines, read as fast as cat does: what they tell is looked at when
        there may be enough of them.
        """
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        end = time.monotonic() + PATIENCE
        output = b''
        while True:
            poller.poll(1000)
            with contextlib.suppress(BlockingIOError):
                output += os.read(fd, 1 << 20)
            if output.count(b' event=stuck ') >= len(cookies):
                told = {int(conn, 16) for conn in
                        re.findall(rb' event=stuck conn=([0-9a-f]+)', output)}
                if told >= cookies:
                    return output.decode().splitlines()
            self.assertLess(time.monotonic(), end,
                            f'{output.count(b" event=stuck ")} lines')

    @limit(3 * PATIENCE)
    def test_more_than_a_ring_holds(self):
        """
        All are told, and a reader that reads loses nothing, neither of them nor
        of what else happens.
        """
        stream = self.load(f'ring_records={self.RECORDS}',
                           'stuck_close_wait=0')
        cookies = self.hold(self.COUNT, stream)
        # All are due when the limit is set.
        begun = time.monotonic()
        while time.monotonic() - begun < 1.1:
            stream.wait(0.1)
            stream.fetch()
        fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        set_limit('CLOSE_WAIT', 1)
        ports = []
        for _ in range(10):
            with tcp.FAMILIES['v4'].listener() as other:
                ports.append(other.getsockname()[1])
        lines = self.read_until_told(fd, cookies)
        self.assertEqual([line for line in lines if 'event=lost' in line], [])
        print(f'# {len(lines)} lines of {len(cookies)} connections')
        for port in ports:
            self.assertTrue(any(f' lport={port} ' in line for line in lines))


class Leaving(StuckTest):
    def test_unload_while_due(self):
        """Unloads while many are due, with a reader until just before."""
        leaks = [self.leak() for _ in range(20)]
        for _ in range(3):
            stream = self.load('stuck_close_wait=1')
            stream.collect(lambda events: stuck(events))
            stream.close()
            kernel.unload()
        self.assertEqual(len(leaks), 20)

    def test_socket_that_is_gone(self):
        """Connections end in all ways while stuck lines come."""
        stream = self.load('stuck_close_wait=1', 'stuck_fin_wait2=1')
        leaks = [self.leak() for _ in range(20)]
        events = stream.collect(
            lambda events: len(stuck(events)) >= 2 * len(leaks))
        for number, leak in enumerate(leaks):
            if number % 2:
                tcp.reset_on_close(leak.sock)
            leak.close()
        last = self.leak()
        events += stream.collect(last.lines(2))
        for leak in leaks:
            ends = [event for event in of(events, leak.conn)
                    if event.new in ('CLOSE', 'LAST_ACK')]
            after = of(events, leak.conn)
            after = after[after.index(ends[0]):]
            self.assertEqual(stuck(after), [])


CASES = [Stuck, Limits, Readers, Many, Leaving]
