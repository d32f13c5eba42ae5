# SPDX-License-Identifier: GPL-2.0
"""Snapshots while connections come and go."""

import contextlib
import os
import time

from lib import kernel, tcp, uapi
from lib.harness import limit
from lib.proc_check import SnapshotTest, sweep
from lib.processes import Child
from lib.rows import Snapshot, inexact
from lib.traffic import load_on


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
        """Readers that begin at different times get to the same table."""
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
        """Unloads and loads with owners, connections and an enabled event."""
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
