# SPDX-License-Identifier: GPL-2.0
"""Snapshots of an empty, a large and a full table, and of older connections."""

import contextlib
import os
import resource
import time

from lib import kernel, tcp, uapi
from lib.actor import Actor
from lib.all_states import STATES, AllStates
from lib.harness import limit
from lib.model import Model
from lib.proc_check import SnapshotTest, sweep
from lib.processes import PATIENCE, Child
from lib.rows import Snapshot, inexact
from lib.stream import Stream
from lib.traffic import mixed_load


class Empty(SnapshotTest):
    """When all is closed, the module has no entry left."""

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
        """Beyond conn_mib: counted, without duration, and with right states."""
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
    """Connections that are older than the module."""

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
        """Older and unaccepted: without owner until accept()."""
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
        worker.reset('s')
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
