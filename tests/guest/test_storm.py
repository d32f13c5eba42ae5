# SPDX-License-Identifier: GPL-2.0
"""
Everything at once: loaded and unloaded, over and over, while connections come
and go and are destroyed, readers are killed, processors and namespaces go, and
others trace the same functions. In between the makers of connections pause, and
the table that follows from the stream has to be that of /proc.

STORM_SECONDS says how long (40). STORM_SEED (1) chooses what happens; round n
is the same one for a seed, and STORM_ROUND=n begins with it.
"""

import collections
import contextlib
import os
import random
import time

from lib import account, kernel, uapi
from lib.all_states import STATES, AllStates
from lib.disturb import ALL, FOREIGN, Disturbances
from lib.harness import limit
from lib.proc_check import SnapshotTest, sweep
from lib.processes import Child
from lib.rows import Snapshot
from lib.stream import Stream
from lib.traffic import load_on

SECONDS = int(os.environ.get('STORM_SECONDS') or 40)
SEED = os.environ.get('STORM_SEED') or '1'
FIRST = int(os.environ.get('STORM_ROUND') or 0)

ENABLED = '/sys/kernel/tracing/enabled_functions'

# Enough for what comes while nobody reads; and so few that records are lost.
WIDE, NARROW = 65536, 64
LOSS = 'the reader lost records'      # as lib/model.py says it


class Sleeper(Stream):
    """A stream that only counts lines and losses."""

    Glance = collections.namedtuple('Glance', (
        'event', 'boot_ns', 'real_ns', 'cpu', 'seq', 'count'))

    def parse(self, raw):
        events = []
        for values in uapi.RECORD.iter_unpack(raw):
            record = uapi.Record._make(values)
            lost = record.event == uapi.EVENT_LOST
            events.append(self.Glance(
                'lost' if lost else 'transition', record.boot_ns,
                record.real_ns, record.cpu, record.seq, record.dur_ns))
            self.order.check(events[-1])
        return events


class Cage:
    """Connections in every state, in a namespace of their own."""

    def __init__(self):
        ready, told = os.pipe()
        end, self.open = os.pipe()

        def run():
            kernel.enter_new_netns()
            held = AllStates()
            os.write(told, b'.')
            os.read(end, 1)
            held.close()
        self.child = Child(run, keep=(told, end))
        self.pid = self.child.pid
        os.close(told)
        os.close(end)
        os.read(ready, 1)
        os.close(ready)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Ends its process, and with it the namespace."""
        os.close(self.open)
        self.child.join()


class Round:
    """
    One loading and unloading. @case: the test; @load: the makers of
    connections; @sums: figures of all rounds.
    """

    def __init__(self, case, number, load, sums):
        self.case, self.load, self.sums = case, load, sums
        self.choose = random.Random(f'{SEED}:{number}')
        self.narrow = self.choose.random() < 0.2
        self.disturbances = Disturbances()
        self.cage = None

    def run(self):
        enabled = kernel.read_file(ENABLED)
        try:
            with contextlib.ExitStack() as stack:
                if self.choose.random() < 0.3:
                    self.cage = stack.enter_context(Cage())
                stack.enter_context(self.disturbances)
                self.load_and_unload()
        finally:
            print(f'# {" ".join(self.disturbances.story)}'
                  f'{" (narrow)" * self.narrow}{" (cage)" * bool(self.cage)}',
                  flush=True)
        self.case.assertEqual(kernel.read_file(ENABLED), enabled)
        self.case.assertFalse(os.path.exists(uapi.DEVICE))
        self.sums.update(self.disturbances.story)
        self.sums['loads'] += 1

    def load_and_unload(self):
        for kind in FOREIGN:
            if self.choose.random() < 0.15:
                self.disturbances.begin(kind, self.choose)
        if self.choose.random() < 0.2:
            self.refused()
        kernel.load(f'ring_records={NARROW if self.narrow else WIDE}',
                    'audit_s=1')
        self.loaded()
        self.disturbances.end_all(*FOREIGN)
        kernel.unload()

    def refused(self):
        """Loading fails while ftrace is off."""
        if kernel.ftrace_stays_on():
            return
        with kernel.sysctl('kernel.ftrace_enabled', 0):
            self.case.assertNotEqual(kernel.insmod().returncode, 0)
        self.sums['loads refused'] += 1

    def loaded(self):
        """One reader reads all the time, a second one sleeps until the end."""
        first = Stream() if self.narrow else Snapshot()
        with first, Sleeper(binary=True) as sleeper:
            for _ in range(self.choose.randrange(1, 12)):
                self.disturbances.begin(self.choose.choice(ALL), self.choose)
                self.read(first, 0.15)
            self.disturbances.end_all(*FOREIGN)
            with self.load.paused():
                self.check_at_rest(first)
                self.wake(sleeper)

    def read(self, stream, seconds):
        if self.narrow:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                stream.wait(0.01)
                self.sums['lines'] += len(stream.fetch_some())
        else:
            self.sums['lines'] += stream.pump_for(seconds)

    def check_at_rest(self, first):
        """While nothing happens: table, statistics and snapshot agree."""
        if not self.narrow:
            self.case.assert_true(first)
            if self.cage:
                self.case.assert_true(first, self.cage.pid)
        stats = None
        while not stats:
            stats = self.look()
        self.sums['tables compared'] += 1
        self.case.assertEqual((stats.untracked, stats.conns_missed), (0, 0))
        # Audits run all the time, and find no difference.
        now = account.read()
        self.case.assertEqual(now.vanished, 0)
        self.sums['audits'] += now.audits

    def look(self):
        """
        By a new reader. Hundreds of TIME_WAIT that end at once overrun a narrow
        ring; who is told so, and then only, begins anew.
        """
        with Snapshot() as last:
            try:
                self.case.assert_true(last)
                if self.cage:
                    self.case.assert_true(last, self.cage.pid)
            except AssertionError:
                if not self.narrow or LOSS not in last.faults():
                    raise
                self.sums['looks overrun'] += 1
                return None
            if self.cage:
                netns = os.stat(f'/proc/{self.cage.pid}/ns/net').st_ino
                self.case.assertEqual({row.new for row in last.table.rows
                                       if row.netns == netns}, STATES)
            return uapi.get_stats(last.fd)

    def wake(self, sleeper):
        """The stream checks that each gap is as large as the reported loss."""
        events = sleeper.fetch()
        lost = sum(event.count for event in events if event.event == 'lost')
        self.sums['lines slept through'] += len(events)
        self.sums['of these lost, as told'] += lost
        if not self.narrow:
            self.case.assertEqual(lost, 0)


class Storm(SnapshotTest):
    @limit(SECONDS + 240)
    def test_everything_at_once(self):
        sums = collections.Counter()
        start = time.monotonic()
        number = FIRST
        with kernel.sysctl('net.ipv4.tcp_max_tw_buckets', 400), \
                load_on(2, disturbed=True) as load:
            while time.monotonic() - start < SECONDS:
                print(f'# round {number} of seed {SEED} at '
                      f'{time.monotonic() - start:.0f} s', flush=True)
                Round(self, number, load, sums).run()
                number += 1
        sums['connections'] = sum(load.counts)
        sweep()
        for name, count in sorted(sums.items()):
            print(f'# {name}: {count}')
        self.assertGreater(sums['lines'], 0)


CASES = [Storm]
