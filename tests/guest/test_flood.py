# SPDX-License-Identifier: GPL-2.0
"""
Traffic that is meant to hurt: floods, scans, and more connections than there is
memory for. What the module keeps stays within its bound, what it could not keep
is counted, honest connections go on, and in the end nothing is left.

FLOOD_SEGMENTS and FLOOD_TIME_WAIT say how much of it.
"""

import contextlib
import json
import os
import resource
import subprocess
import time

from lib import kernel, tcp, uapi
from lib.all_states import AllStates
from lib.attack import VICTIM, Attacker, counters, send_as
from lib.harness import expand, limit, over
from lib.proc_check import SnapshotTest, sweep
from lib.processes import Child, wait_for
from lib.rows import Snapshot

SEGMENTS = int(os.environ.get('FLOOD_SEGMENTS', 20_000))
TIME_WAIT = int(os.environ.get('FLOOD_TIME_WAIT', 6_000))
PATIENCE = 60 + (SEGMENTS + TIME_WAIT) // 200

BOTH = ('v4', 'v6')
CONNECTIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           '.build', 'connections')
SLAB = '/sys/kernel/slab/tcpstates_conn'
MIB = 1 << 20
PARTLY_USED = 64 << 10

URG = 32
SCANS = {'null': 0, 'fin': tcp.FIN, 'xmas': tcp.FIN | tcp.PSH | URG,
         'ack': tcp.ACK, 'rst': tcp.RST, 'syn_fin': tcp.SYN | tcp.FIN,
         'syn': tcp.SYN}

# Segments that are sent at each connection: all but the right one.
HOSTILE = (0, tcp.FIN, tcp.RST, tcp.RST | tcp.ACK, tcp.SYN, tcp.SYN | tcp.ACK,
           tcp.FIN | tcp.ACK, tcp.ACK, tcp.FIN | tcp.SYN | tcp.RST | tcp.ACK)

# Lines of one connection of flood/connections.c, and listeners of two of it.
CROWD_LINES = 11
CROWD_LISTENERS = 16

QUEUES = ('net.core.somaxconn', 'net.ipv4.tcp_max_syn_backlog')


def count_states(pid='self'):
    """The number of entries in /proc by state, without parsing addresses."""
    counts = {}
    for table in ('tcp', 'tcp6'):
        with open(f'/proc/{pid}/net/{table}', encoding='ascii') as file:
            for line in file.readlines()[1:]:
                state = uapi.STATES[int(line.split(None, 4)[3], 16)]
                counts[state] = counts.get(state, 0) + 1
    return counts


def count_rows():
    """The number of rows of a snapshot by state."""
    counts = {}
    fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
    uapi.set_format(fd, uapi.FORMAT_BINARY)
    uapi.snapshot(fd)
    with contextlib.suppress(BlockingIOError):
        while raw := os.read(fd, 1024 * uapi.RECORD.size):
            for place in range(0, len(raw), uapi.RECORD.size):
                if raw[place + 3] == uapi.EVENT_EXISTING:
                    state = uapi.STATES[raw[place + 5]]
                    counts[state] = counts.get(state, 0) + 1
    os.close(fd)
    return counts


class Shared:
    """State of all tests of this file."""
    attacker = None


def setUpModule():
    Shared.attacker = Attacker()


def tearDownModule():
    Shared.attacker.close()


class Crowd:
    """A network namespace full of connections."""

    def __enter__(self):
        subprocess.run(['ip', 'netns', 'add', 'crowd'], check=True)
        self.place = os.open('/run/netns/crowd', os.O_RDONLY)
        self._run(self._prepare)
        return self

    def __exit__(self, *_):
        os.close(self.place)
        subprocess.run(['ip', 'netns', 'delete', 'crowd'], check=True)

    def _enter(self):
        kernel.call('setns', self.place, kernel.CLONE_NEWNET)

    def _run(self, function):
        """Runs a function in the namespace; returns its result."""
        def child():
            self._enter()
            return json.dumps(function()).encode()
        return json.loads(Child(child).join())

    @staticmethod
    def _prepare():
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        for name, value in (('ip_local_port_range', '1024 65535'),
                            ('tcp_max_tw_buckets', 262144),
                            ('tcp_tw_reuse', 0)):
            kernel.write_file(f'/proc/sys/net/ipv4/{name}', str(value))

    def make(self, count):
        """Makes that many connections, by two processes."""
        makers = [subprocess.Popen([CONNECTIONS, str(count // 2), first],
                                   preexec_fn=self._enter)
                  for first in ('2', '10')]
        for maker in makers:
            assert maker.wait() == 0

    def rows_and_entries(self):
        """Rows and entries by state, at a moment when none of them ended."""
        while True:
            before = count_rows()
            entries = self._run(count_states)
            rows = count_rows()
            if before == rows:
                return rows, entries


@expand
class Flood(SnapshotTest):
    def load(self, *parameters):
        kernel.load(*parameters)
        self.fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, self.fd)

    def stats(self):
        return uapi.get_stats(self.fd)

    def listener(self, family, backlog=16384):
        listener = tcp.FAMILIES[family].listener(backlog, VICTIM[family])
        self.addCleanup(listener.close)
        return listener

    def sysctl(self, name, value):
        self.enterContext(kernel.sysctl(name, value))

    def assert_bounded(self, mib):
        """
        By its own count, and by what the kernel's allocator says, but for pages
        of which only a part is used.
        """
        stats = self.stats()
        objects = int(kernel.read_file(f'{SLAB}/objects').split()[0])
        size = int(kernel.read_file(f'{SLAB}/object_size'))
        self.assertLessEqual(stats.conn_bytes, mib * MIB)
        self.assertLessEqual(objects * size, mib * MIB + PARTLY_USED)
        print(f'# conn_bytes {stats.conn_bytes}, {objects} objects of {size} '
              f'bytes in the slab, missed {stats.conns_missed}, '
              f'untracked {stats.untracked}')
        return stats

    def await_end(self):
        """
        Requests go when their timers find that there is no listener; what is in
        a namespace that has gone, when the kernel finds the time.
        """
        wait_for(lambda: not count_states() and not count_rows(),
                 'an empty table', PATIENCE)
        self.assertEmpty()

    def assert_as_good_as_new(self):
        """A new connection is recorded with duration and owner."""
        with Snapshot() as snapshot:
            tcp.exchange(tcp.FAMILIES['v4'], 5)
            lines = [event for event in snapshot.pump()
                     if event.event == 'transition']
        self.assertEqual(len(lines), 2 + 5 * tcp.LINES)
        for event in lines:
            self.assertIsNotNone(event.pid, event.text)
            if event.old not in ('CLOSE', 'LISTEN'):
                self.assertIsNotNone(event.dur_ns, event.text)

    @over(*BOTH)
    @limit(PATIENCE)
    def test_syn_flood(self, family):
        """Each SYN that the kernel did not drop is recorded, and no other."""
        self.syn_flood(family, 32)
        self.assertEqual(self.stats().untracked, 0)
        self.assertEqual(self.missing, 0)

    @over(*BOTH)
    @limit(PATIENCE)
    def test_syn_flood_in_little_memory(self, family):
        """
        The same, with more half-open connections than there is memory for: of
        no more than it says is the end missing.
        """
        self.syn_flood(family, 1)
        self.assertGreater(self.stats().conns_missed, 0)
        self.assertLessEqual(self.missing, self.stats().untracked)

    def syn_flood(self, family, mib):
        """@missing: the number of lines that may be missing at the end."""
        for name in QUEUES:
            self.sysctl(name, 65536)
        self.sysctl('net.ipv4.tcp_syncookies', 0)
        self.load(f'conn_mib={mib}')
        listener = self.listener(family, 65536)
        before, recorded = counters(), self.stats().recorded
        Shared.attacker.send(family, SEGMENTS, tcp.SYN,
                             listener.getsockname()[1])
        told, half_open, begun = self.at_rest(before)
        told -= recorded
        self.assertGreater(half_open, 0)
        # Some have ended meanwhile, which is a line, too.
        missing = 2 * begun - half_open - told
        self.assertIn(missing, range(self.assert_bounded(mib).untracked + 1))
        listener.close()
        self.await_end()
        told, _, begun = self.at_rest(before)
        self.missing = 2 * begun + 1 - (told - recorded)
        self.assertGreaterEqual(self.missing, missing)
        self.assert_as_good_as_new()
        self.assert_bounded(mib)

    def at_rest(self, before):
        """
        Lines, what is half open, and how many SYNs have not been dropped since
        @before, while nothing happened: what was sent may arrive late.
        """
        while True:
            told, after = self.stats().recorded, counters()
            half_open = count_states().get('SYN_RECV', 0)
            if (self.stats().recorded, counters()) == (told, after):
                break
        arrived = after['TcpInSegs'] - before['TcpInSegs']
        dropped = after['TcpExtListenDrops'] - before['TcpExtListenDrops']
        print(f'# {arrived} arrived, {dropped} dropped, half open {half_open}')
        return told, half_open, arrived - dropped

    def on_cpu(self, cpu):
        self.addCleanup(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cpu})

    def test_memory_goes_where_it_is_needed(self):
        """
        All of it used up on one processor and given back on another: the first
        one gets it again, before the kernel does.
        """
        files = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, files)
        resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
        self.load('conn_mib=1')
        listener = self.listener('v4')
        self.on_cpu(0)
        pairs = []
        while not self.stats().conns_missed:
            client = tcp.FAMILIES['v4'].open()
            client.connect(listener.getsockname())
            pairs.append((client, listener.accept()[0]))
        self.assertGreater(len(pairs), 1000)
        self.on_cpu(1)
        for client, server in pairs:
            tcp.reset_on_close(client)
            client.close()
            server.close()
        self.on_cpu(0)

        def nothing_missed():
            before = self.stats().conns_missed
            tcp.exchange(tcp.FAMILIES['v4'], 5, listener)
            return self.stats().conns_missed == before
        wait_for(nothing_missed, 'memory on the first processor', 5)
        print(f'# {len(pairs)} connections had all of it')

    @over(*BOTH)
    @limit(PATIENCE)
    def test_syn_cookies(self, family):
        """
        With a cookie for every SYN nothing is kept and nothing told, but those
        whose ACK comes back: here one connection after the other meanwhile.
        """
        self.sysctl('net.ipv4.tcp_syncookies', 2)
        self.load()
        listener = self.listener(family)
        snapshot = self.snapshot()
        before = counters()
        flood = Shared.attacker.start(family, SEGMENTS, tcp.SYN,
                                      listener.getsockname()[1])
        made = self.connect_until_over(flood, snapshot, family, listener)
        after = counters()
        cookies = after['TcpExtSyncookiesSent'] - \
            before['TcpExtSyncookiesSent']
        print(f'# {cookies} cookies sent, {made} connections meanwhile')
        self.assertGreater(cookies, SEGMENTS // 2)
        self.assertGreater(made, 0)
        self.assert_true(snapshot)
        paths = [life.path for life in snapshot.table.lives]
        self.assertEqual(sum('SYN_RECV>ESTABLISHED' in path
                             for path in paths), made)
        self.assertEqual(len(paths), 2 * made + 1)
        self.assertEqual(self.stats().conns_missed, 0)
        listener.close()
        self.assertEmpty()

    def connect_until_over(self, flood, snapshot, family, listener):
        """Connects one after the other until the flood ends; returns how often."""
        made = 0
        while flood.poll() is None or not made:
            tcp.exchange(tcp.FAMILIES[family], listener=listener)
            made += 1
            snapshot.pump()
        flood.stdout.close()
        return made

    @over(*BOTH)
    @limit(PATIENCE)
    def test_scan(self, family):
        """Every port and kind of scan: only a SYN for an open port is told."""
        self.load()
        listener = self.listener(family)
        port = listener.getsockname()[1]
        ports = f'{port - 250}-{port + 250}'
        snapshot = self.snapshot()
        for flags in SCANS.values():
            end = counters()['TcpInSegs'] + 501
            Shared.attacker.send(family, 501, flags, ports)
            wait_for(lambda end=end: counters()['TcpInSegs'] == end,
                     'all segments')
            self.assert_true(snapshot)
        lines = [event for life in snapshot.table.lives
                 for event in life.events]
        self.assertEqual([(line.old, line.new) for line in lines],
                         [('LISTEN', 'SYN_RECV')])
        listener.close()
        self.await_end()

    @limit(PATIENCE)
    def test_hostile_segments(self):
        """
        Every connection is sent what nobody has sent, hundreds of
        times: whatever that does to it, the table stays the kernel's.
        """
        self.load()
        snapshot = self.snapshot()
        held = AllStates(BOTH)
        self.assert_true(snapshot)
        sent = 0
        for end, _ in held.wanted:
            for flags in HOSTILE:
                for side in (end, tcp.flip(end)):
                    send_as(side, 50, flags)
                    sent += 50
            self.assert_true(snapshot)
        print(f'# {sent} segments to {len(held.wanted)} connections')
        held.close()
        sweep()
        self.assert_true(snapshot)
        self.assertEmpty()

    @over(*BOTH)
    @limit(PATIENCE)
    def test_full_queue(self, family):
        """Many clients connect, and no connection is accepted."""
        self.load()
        snapshot = self.snapshot()
        listener = self.listener(family, 2)
        clients = []
        for _ in range(60):
            client = tcp.FAMILIES[family].open()
            self.addCleanup(client.close)
            tcp.start_connect(client, listener.getsockname()[:2])
            clients.append(client)
        self.assert_true(snapshot)
        states = count_states()
        self.assertGreater(states['SYN_SENT'], 0)
        row = next(event for event in self.rows_now()
                   if event.new == 'LISTEN')
        self.assertEqual((row.acceptq, row.backlog), (3, 2))
        for client in clients:
            client.close()
        listener.close()
        sweep()
        self.assert_true(snapshot)
        self.assertEmpty()

    @staticmethod
    def rows_now():
        with Snapshot() as snapshot:
            snapshot.pump()
            return snapshot.table.rows

    @limit(PATIENCE)
    def test_time_wait(self):
        """
        So many in TIME_WAIT, in a namespace that goes with all of them: each of
        their lines is recorded, each is a row, and none is left over.
        """
        count = TIME_WAIT // 2 * 2
        self.load()
        recorded = self.stats().recorded
        with Crowd() as crowd:
            begin = time.monotonic()
            crowd.make(count)
            spent = time.monotonic() - begin
            rows, there = crowd.rows_and_entries()
            self.assertEqual(rows, there)
            stats = self.assert_bounded(32)
            print(f'# {count} connections in {spent:.1f} s, then {there}')
            self.assertEqual(stats.conns_missed, 0)
        self.await_end()
        self.assertEqual(self.stats().recorded - recorded,
                         count * CROWD_LINES + 2 * CROWD_LISTENERS)
        self.assert_as_good_as_new()

    @limit(PATIENCE)
    def test_host_stays_responsive(self):
        """Ordinary connections during a flood, without and with the module."""
        self.sysctl('net.ipv4.tcp_syncookies', 1)
        listener = self.listener('v4', 128)
        made = {}
        for way in ('without', 'with'):
            if way == 'with':
                self.load()
                for _ in range(2):
                    self.start_reader()
            made[way] = self.connections_in_a_flood(listener)
        print('#', ', '.join(
            f'{way}: {count} connections, the slowest in {slowest * 1e3:.0f} ms'
            for way, (count, slowest) in made.items()))
        self.assertGreater(made['with'][0], 0)
        listener.close()
        self.await_end()

    def start_reader(self):
        reader = subprocess.Popen(['cat', uapi.DEVICE],
                                  stdout=subprocess.DEVNULL)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)

    def connections_in_a_flood(self, listener):
        """Their number, and the seconds that the slowest one took."""
        flood = Shared.attacker.start('v4', SEGMENTS, tcp.SYN,
                                      listener.getsockname()[1])
        times = []
        while flood.poll() is None or not times:
            begin = time.monotonic()
            tcp.exchange(tcp.FAMILIES['v4'], listener=listener)
            times.append(time.monotonic() - begin)
        flood.stdout.close()
        return len(times), max(times)


CASES = [Flood]
