# SPDX-License-Identifier: GPL-2.0
"""
What is there, then what happens, without a gap and without a double. The table
that follows from rows and lines alone is compared with /proc/net/tcp.
"""

import contextlib
import os
import resource
import time

from lib import kernel, proctcp, tcp, uapi
from lib.actor import Actor
from lib.all_states import STATES, AllStates
from lib.harness import limit
from lib.proc_check import SnapshotTest, look, sweep
from lib.processes import PATIENCE, Child
from lib.rows import Snapshot, inexact
from lib.stream import Stream
from lib.traffic import load_on, mixed_load

CLONE_NEWUSER = kernel.CLONE_NEWUSER


class Still(SnapshotTest):
    """Nothing moves."""

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
        """Rows are lines like others: a shell can read them, poll sees them."""
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
        """A reader of another namespace gets the rows of that only."""
        def reader():
            os.chmod(uapi.DEVICE, 0o666)
            kernel.enter_new_netns(CLONE_NEWUSER)
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


class UnderLoad(SnapshotTest):
    """Two CPUs, several processes, hundreds of connections a second."""

    def setUp(self):
        super().setUp()
        self.enterContext(kernel.sysctl('net.ipv4.tcp_max_tw_buckets', 400))

    @limit(180)
    def test_no_gap_no_double(self):
        # Room for every record of the load: the first reader is behind.
        kernel.load('ring_records=131072')
        faults, rows, lines = [], 0, 0
        live = None
        with load_on(quota=2000) as load:
            start = time.monotonic()
            rounds = 0
            while time.monotonic() - start < 15:
                snapshot = Snapshot()
                lines += snapshot.pump_for(0.4)
                rounds += 1
                rows += len(snapshot.table.rows)
                if snapshot.table.errors:
                    faults.append(f'round {rounds}, '
                                  f'{len(snapshot.table.errors)} errors:\n' +
                                  snapshot.faults(5))
                inexacts = inexact(snapshot.table.lives)
                if inexacts:
                    faults.append(f'round {rounds}, {len(inexacts)} '
                                  'durations:\n' + '\n'.join(inexacts[:5]))
                if live is None:
                    live = snapshot
                else:
                    snapshot.close()
                    live.pump_for(0.1)
            live.pump_for(0.5)
        final = self.snapshot()
        print(f'# {rounds} snapshots, {rows} rows, {lines} lines beside '
              f'{sum(load.counts)} connections in {time.monotonic() - start:.0f} s')
        stats = uapi.get_stats(final.fd)
        print(f'# conns_missed {stats.conns_missed}, conn_bytes '
              f'{stats.conn_bytes}, untracked {stats.untracked}')
        live.pump()
        self.assertEqual('\n'.join(faults[:5]), '')
        self.assert_true(live)
        self.assert_true(final)
        live.close()
        self.assertEqual(stats.conns_missed, 0)

    @limit(180)
    def test_several_readers(self):
        """At different times; all come to the same end."""
        kernel.load('ring_records=65536')
        with load_on(3, 700) as load:
            readers = []
            for _ in range(3):
                readers.append(self.snapshot())
                for reader in readers:
                    reader.pump_for(0.1)
        for reader in readers:
            self.assert_true(reader)
            self.assertEqual(inexact(reader.table.lives)[:5], [])
        print(f'# {len(readers)} readers, {sum(load.counts)} connections')

    @limit(180)
    def test_load_while_connections_come_and_go(self):
        """
        What the module learns at load while it changes: all of it true, and
        nothing left when everything is closed. Some connections stay as they
        are: nothing but the walk tells of them.
        """
        family = tcp.FAMILIES['v4']
        for _ in range(4):
            with contextlib.ExitStack() as still, load_on(3, 400) as load:
                listener = still.enter_context(family.listener(backlog=64))
                for _ in range(100):
                    client = still.enter_context(family.open())
                    client.connect(listener.getsockname()[:2])
                    still.enter_context(listener.accept()[0])
                kernel.load('ring_records=65536')
                snapshot = self.snapshot()
                snapshot.pump_for(0.7)
                self.assert_true(snapshot)
            self.assert_true(snapshot)
            snapshot.close()
            sweep()
            self.assertEmpty()
            kernel.unload()
            self.assertTrue(sum(load.counts))

    @limit(180)
    def test_races_of_ack_and_reset(self):
        """
        A handshake's last ACK and an RST at once, from two CPUs: whoever
        wins, no entry stays.
        """
        kernel.load('ring_records=65536')
        family = tcp.FAMILIES['v4']
        listener = family.listener(backlog=128)
        port = listener.getsockname()[1]

        def shoot(flags, first, count, gate):
            os.read(gate, 1)
            raw = family.raw()
            for number in range(count):
                end = ('127.0.0.2', first + number, '127.0.0.1', port)
                tcp.send_segment(raw, end, flags, 1001, 0)
        # SYN, then RSTs with the right number from one process, SYNs again
        # and ACKs from others: retransmissions meet drops.
        snapshot = self.snapshot()
        for rounds in range(6):
            gate, go = os.pipe()
            children = [Child(shoot, flags, 20000, 400, gate)
                        for flags in (tcp.SYN, tcp.RST, tcp.SYN,
                                      tcp.RST | tcp.ACK)]
            os.write(go, b'....')
            for child in children:
                child.join()
            os.close(gate)
            os.close(go)
            snapshot.pump()
        stop = os.pipe()

        def racer(number):
            """connect(), and at once a reset: the RST chases the ACK."""
            for _ in range(600):
                client = family.open()
                tcp.reset_on_close(client)
                with contextlib.suppress(OSError):
                    tcp.start_connect(client, ('127.0.0.1', port))
                client.close()
        children = [Child(racer, number) for number in range(3)]
        listener.setblocking(False)
        for child in children:
            while not os.waitid(os.P_PID, child.pid,
                                os.WEXITED | os.WNOWAIT | os.WNOHANG):
                with contextlib.suppress(OSError):
                    listener.accept()[0].close()
            child.join()
        for end in stop:
            os.close(end)
        with contextlib.suppress(BlockingIOError):
            while True:
                listener.accept()[0].close()
        self.assert_true(snapshot)
        fresh = self.snapshot()
        fresh.pump()
        self.assert_true(fresh)
        listener.close()
        sweep()
        self.assertEmpty()

    @limit(180)
    def test_unload_and_load(self):
        """With owners, a table and an event that is on, five times."""
        event = '/sys/kernel/tracing/events/tcpstates/transition/enable'
        with load_on():
            for number in range(5):
                kernel.load()
                if number % 2:
                    kernel.write_file(event, '1')
                snapshot = Snapshot()
                snapshot.pump_for(0.5)
                self.assertEqual(snapshot.faults(), '')
                self.assertTrue(snapshot.table.rows)
                snapshot.close()
                if number % 2:
                    kernel.write_file(event, '0')
                kernel.unload()


class Empty(SnapshotTest):
    """When all is closed, nothing is left in the module."""

    @limit(300)
    def test_twenty_thousand(self):
        self.enterContext(kernel.sysctl('net.ipv4.tcp_max_tw_buckets', 400))
        sweep()
        kernel.load()
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        # A test that fails leaves nothing open, or no other could load.
        self.addCleanup(os.close, fd)
        before = uapi.get_stats(fd)

        def churn(number):
            stop = os.pipe()
            return mixed_load((stop[0], os.dup(stop[1])), number, 7000)
        start = time.monotonic()
        children = [Child(churn, number) for number in range(3)]
        for child in children:
            self.addCleanup(child.kill)
        count = sum(int(child.join(10 * PATIENCE)) for child in children)
        spent = time.monotonic() - start
        sweep()
        self.assertEmpty()
        stats = uapi.get_stats(fd)
        print(f'# {count} connections in {spent:.0f} s, conns_missed '
              f'{stats.conns_missed}, conn_bytes {before.conn_bytes} to '
              f'{stats.conn_bytes}')
        self.assertGreater(count, 20000)
        self.assertEqual(stats.conns_missed, 0)
        self.assertLess(stats.conn_bytes, 2 * before.conn_bytes)

    @limit(120)
    def test_many_before_loading(self):
        """
        More than the pool has ready, and whoever loads comes before the worker
        that brings more: the walk waits for it.
        """
        resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
        family = tcp.FAMILIES['v4']
        with contextlib.ExitStack() as held:
            listener = held.enter_context(family.listener(backlog=512))
            for _ in range(4000):
                client = held.enter_context(family.open())
                client.connect(listener.getsockname()[:2])
                held.enter_context(listener.accept()[0])
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
            try:
                kernel.load()
            finally:
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            snapshot = self.snapshot()
            self.assertEqual(uapi.get_stats(snapshot.fd).conns_missed, 0)
            self.assert_true(snapshot)
            self.assertGreater(len(snapshot.table.rows), 8000)

    @limit(120)
    def test_more_than_fits(self):
        """Counted, unknown in the lines, and the states true all the same."""
        sweep()
        kernel.load('conn_mib=1', 'ring_records=65536')
        family = tcp.FAMILIES['v4']
        with Stream() as stream:
            listener = family.listener(backlog=512)
            clients, servers = [], []
            resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
            for _ in range(4000):
                client = family.open()
                client.connect(listener.getsockname()[:2])
                servers.append(listener.accept()[0])
                clients.append(client)
            stats = uapi.get_stats(stream.fd)
            with Snapshot() as snapshot:
                snapshot.pump()
                rows = len(snapshot.table.rows)
            for client in clients:
                tcp.reset_on_close(client)
                client.close()
            for server in servers:
                server.close()
            listener.close()
            events = stream.collect(lambda events: len(
                [event for event in events if event.new == 'CLOSE']) >= 8001,
                limit=90)
        print(f'# {rows} rows of 8001, missed {stats.conns_missed}, '
              f'{stats.conn_bytes} bytes')
        self.assertLessEqual(stats.conn_bytes, 1 << 20)
        self.assertLess(rows, 8001)
        self.assertGreater(rows, 2000)
        self.assertGreaterEqual(stats.conns_missed, 8001 - rows)
        from lib.model import Model     # pylint: disable=C0415
        model = Model()
        for event in events:
            model.apply(event)
        self.assertEqual(model.errors, [])
        self.assertEqual(model.table, {})
        unknown = [event for event in events
                   if event.old == 'ESTABLISHED' and event.dur_ns is None]
        self.assertGreaterEqual(len(unknown), (8001 - rows) // 2)
        self.assertEqual([fault for fault in inexact(model.lives)
                          if not fault.startswith('None')][:5], [])
        sweep()
        self.assertEmpty()


class Middle(SnapshotTest):
    """Older than the module."""

    def test_every_state_in_two_namespaces(self):
        def other(ready, end):
            kernel.enter_new_netns()
            held = AllStates()
            os.write(ready, b'.')
            os.read(end, 1)
            held.close()
        t0 = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        held = AllStates()
        from_child, ready = os.pipe()
        end, to_child = os.pipe()
        child = Child(other, ready, end)
        os.read(from_child, 1)
        t1 = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        kernel.load()
        snapshot = self.snapshot()
        t3 = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        snapshot.pump()
        try:
            self.assert_true(snapshot)
            self.assert_true(snapshot, child.pid)
            rows = snapshot.table.rows
            self.assertEqual(len({row.netns for row in rows}), 2)
            for netns in {row.netns for row in rows}:
                self.assertEqual({row.new for row in rows
                                  if row.netns == netns}, STATES)
            old = [row for row in rows]
            for row in old:
                self.assertIn('atleast', row.flags, row.text)
                self.assertLessEqual(row.dur_ns, t3 - t0, row.text)
                self.assertLessEqual(row.dur_ns, t3 - t1, row.text)
                self.assertIsNone(row.pid, row.text)
                self.assertIsNone(row.comm, row.text)
        finally:
            held.close()
            os.write(to_child, b'.')
            child.join()
        snapshot.pump_for(1)
        self.assertEqual(snapshot.faults(), '')
        t4 = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        firsts = [life.events[0] for life in snapshot.table.lives
                  if getattr(life, 'row', None) and life.events]
        self.assertGreater(len(firsts), 20)
        for event in firsts:
            self.assertIn('atleast', event.flags, event.text)
            self.assertLessEqual(event.dur_ns, t4 - t1, event.text)
            self.assertGreaterEqual(event.dur_ns, 0, event.text)
        for life in snapshot.table.lives:
            for event in life.events[1:]:
                self.assertNotIn('atleast', event.flags, event.text)
        self.assertEqual(inexact(snapshot.table.lives), [])
        sweep()
        self.assertEmpty()

    def test_accepted_later(self):
        """Old and unaccepted: nobody's until accept(), then the acceptor's."""
        family = tcp.FAMILIES['v4']
        listener = family.listener()
        client = family.open()
        client.connect(listener.getsockname()[:2])
        end = tcp.flip(tcp.ends(client))
        kernel.load()
        snapshot = self.snapshot()
        snapshot.pump()
        row, = [row for row in snapshot.table.rows
                if (row.lport, row.rport) == (end[1], end[3])]
        self.assertEqual((row.pid, row.flags),
                         (None, {'atleast', 'unaccepted'}))
        worker = Actor('worker', 1003, l=listener)
        worker.accept('s', 'l')
        again = self.snapshot()
        again.pump()
        row, = [row for row in again.table.rows
                if (row.lport, row.rport) == (end[1], end[3])]
        self.assertEqual((row.pid, row.comm, row.uid, row.flags),
                         (worker.pid, 'worker', 1003, {'atleast'}))
        worker.reset_on_close('s')
        worker.close('s')
        worker.end()
        snapshot.pump()
        life, = [life for life in snapshot.table.lives if life.end == end]
        self.assertEqual([(event.pid, event.comm, event.uid)
                          for event in life.events],
                         [(worker.pid, 'worker', 1003)])
        client.close()
        listener.close()
        snapshot.close()
        again.close()
        sweep()


CASES = [Still, UnderLoad, Empty, Middle]
