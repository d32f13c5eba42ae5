# SPDX-License-Identifier: GPL-2.0
"""Snapshots while nothing moves."""

import contextlib
import os
import time

from lib import kernel, proctcp, tcp, uapi
from lib.all_states import STATES, AllStates
from lib.proc_check import SnapshotTest, look, sweep
from lib.processes import Child
from lib.rows import Snapshot
from lib.stream import Stream


class Still(SnapshotTest):
    """No connection changes."""

    def setUp(self):
        super().setUp()
        kernel.load()
        self.held = AllStates()

    def tearDown(self):
        self.held.close()
        sweep()

    def test_every_state(self):
        t0 = time.clock_gettime_ns(time.CLOCK_REALTIME)
        snapshot = self.snapshot()
        t1 = time.clock_gettime_ns(time.CLOCK_REALTIME)
        snapshot.pump()
        self.assert_true(snapshot)
        self.assertEqual({row.new for row in snapshot.table.rows}, STATES)
        for row in snapshot.table.rows:
            self.assertLessEqual(t0, row.real_ns, row.text)
            self.assertLessEqual(row.real_ns, t1, row.text)
            self.assertGreater(row.dur_ns, 0, row.text)
            self.assertLess(row.dur_ns, 60 * 10**9, row.text)
            self.assertEqual(row.pid, os.getpid(), row.text)
            self.assertNotIn('atleast', row.flags)
        unaccepted = [row for row in snapshot.table.rows
                      if 'unaccepted' in row.flags]
        self.assertEqual(sorted(row.new for row in unaccepted),
                         ['ESTABLISHED'] * 2 + ['SYN_RECV'] * 2)

    def test_binary_is_the_same(self):
        with Snapshot() as text:
            text.pump()
            stream = self.enterContext(Stream(binary=True))
            uapi.snapshot(stream.fd)
            rows = stream.fetch()
            self.assertEqual(
                sorted((row.conn, row.new, row.pid, tuple(row.flags))
                       for row in rows),
                sorted((row.conn, row.new, row.pid, tuple(row.flags))
                       for row in text.table.rows))

    def test_byte_by_byte(self):
        """Rows are lines: a shell can read them, and poll() reports them."""
        fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        uapi.snapshot(fd)
        raw = b''
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(fd, 1):
                raw += chunk
        with Snapshot() as whole:
            whole.pump()
            self.assertEqual(raw.count(b'\n'), len(whole.table.rows))
        uapi.snapshot(fd)
        stream = Snapshot(fd=os.dup(fd))
        self.assertTrue(stream.wait(0), 'rows do not make it readable')
        stream.close()

    def test_filter(self):
        sock = self.held.socks[1]
        port = sock.getsockname()[1]
        everything = self.snapshot()
        everything.pump()
        for members, wanted in (
                ({'lport_min': port, 'lport_max': port},
                 lambda row: row.lport == port),
                ({'families': 1 << uapi.FAMILY_INET6},
                 lambda row: row.family == 'inet6'),
                ({'new_states': uapi.states('TIME_WAIT', 'LISTEN')},
                 lambda row: row.new in ('TIME_WAIT', 'LISTEN')),
                ({'conn': everything.table.rows[3].conn},
                 lambda row: row.conn == everything.table.rows[3].conn)):
            some = self.snapshot(gapless=False, **members)
            some.pump()
            want = {row.conn for row in everything.table.rows if wanted(row)}
            self.assertTrue(want)
            self.assertEqual({row.conn for row in some.table.rows}, want)

    def test_again_on_the_same_file(self):
        """
        Afresh each time: no row and no line of before is told again. Left
        half way, in the middle of a line: that is finished first.
        """
        snapshot = self.snapshot()
        snapshot.pump()
        self.assert_true(snapshot)
        for _ in range(3):
            snapshot.again()
            cut = os.read(snapshot.fd, 100)
            self.assertFalse(cut.endswith(b'\n'))
            tcp.exchange(tcp.FAMILIES['v4'], 3)
            snapshot.again()
            rest = os.read(snapshot.fd, 65536)
            line, _, rest = rest.partition(b'\n')
            snapshot.parse(cut + line + b'\n')      # whole lines, all of them
            for event in snapshot.parse(rest):
                snapshot.table.apply(event)
            snapshot.pump()
            self.assert_true(snapshot)
            tcp.exchange(tcp.FAMILIES['v6'], 3)
            snapshot.again()
            snapshot.pump()
            self.assert_true(snapshot)
            self.assertEqual({life.path for life in snapshot.table.lives},
                             STATES)

    def test_rewind_ends_it(self):
        snapshot = self.snapshot()
        uapi.rewind(snapshot.fd)
        events = snapshot.fetch()
        self.assertTrue(events)
        self.assertEqual({event.event for event in events}, {'transition'})

    def test_restricted(self):
        """A reader in another namespace gets the rows of that namespace only."""
        def reader():
            os.chmod(uapi.DEVICE, 0o666)
            kernel.enter_new_netns(kernel.CLONE_NEWUSER)
            listener = tcp.FAMILIES['v4'].listener()
            with Snapshot(gapless=False) as snapshot:
                snapshot.pump()
                assert not snapshot.table.errors, snapshot.faults()
                rows = snapshot.table.rows
                assert [row.new for row in rows] == ['LISTEN'], rows
                assert rows[0].netns == proctcp.netns(), rows
                assert not snapshot.table.difference(
                    rows[0].netns, look(snapshot))
            listener.close()
        Child(reader).join()
        os.chmod(uapi.DEVICE, 0o600)
