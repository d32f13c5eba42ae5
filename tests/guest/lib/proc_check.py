# SPDX-License-Identifier: GPL-2.0
"""
What a test of snapshots does: the table that follows from rows and lines alone
is compared with /proc/net/tcp.
"""

import contextlib
import time
import unittest

from lib import ending, kernel, proctcp
from lib.processes import wait_for
from lib.rows import Snapshot


def look(snapshot, pid='self'):
    """/proc at a moment around which nothing happened."""
    while True:
        snapshot.pump()
        entries = proctcp.read(pid)
        if not snapshot.pump():
            return entries


def sweep(limit=30):
    """Ends what lingers in this namespace, until nothing is there."""
    def gone():
        ending.kill_all()
        return not proctcp.read()
    wait_for(gone, 'nothing is left', limit)


class SnapshotTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.addCleanup(self.unload)    # after the readers are closed

    @staticmethod
    def unload():
        if kernel.loaded():
            kernel.unload()

    def assert_true(self, snapshot, pid='self'):
        """The table that follows equals /proc, and every line fitted."""
        netns = proctcp.netns(pid)
        end = time.monotonic() + 5
        while True:
            difference = snapshot.table.difference(netns, look(snapshot, pid))
            if not difference or time.monotonic() > end:
                break
            snapshot.wait(0.02)
        # Faults say why, if there are any.
        self.assertEqual('\n'.join([snapshot.faults(), *difference[:30]]).strip(),
                         '')

    def snapshot(self, **named):
        return self.enterContext(Snapshot(**named))

    def assertEmpty(self):
        """Nobody is told of anything; looked at while ends may be late."""
        def empty():
            with Snapshot() as snapshot:
                snapshot.pump()
                self.rows = [row.text for row in snapshot.table.rows]
            return not self.rows
        self.rows = []
        with contextlib.suppress(AssertionError):
            wait_for(empty, 'an empty table', 5)
        self.assertEqual(''.join(self.rows[:20]), '')
