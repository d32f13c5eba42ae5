# SPDX-License-Identifier: GPL-2.0
"""
Hostile system calls (fuzz/), from several threads, while connections come and
go: each is refused as the contract says, and who reads properly beside and
afterwards reads the truth. The seed is printed, and FUZZ_SEED sets it;
FUZZ_CALLS and FUZZ_SECONDS say how long.
"""

import contextlib
import os
import random
import subprocess

from lib import kernel, proctcp, tcp, uapi
from lib.device import V4, V6, DeviceTest, lines_of
from lib.harness import limit
from lib.processes import Child
from lib.rows import Snapshot

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       '.build', 'fuzz_device')
CALLS = int(os.environ.get('FUZZ_CALLS', 100_000))
SECONDS = int(os.environ.get('FUZZ_SECONDS', 15))
SEED = int(os.environ.get('FUZZ_SEED') or random.randrange(1 << 32))
CLONE_NEWUSER = 0x10000000


def traffic(gate, end):
    os.close(end)
    os.set_blocking(gate, False)
    while True:
        with contextlib.suppress(BlockingIOError):
            if os.read(gate, 1) == b'':
                return
        tcp.exchange(V4, 2)
        tcp.exchange(V6, 1)


def fuzz():
    done = subprocess.run([PROGRAM, str(SEED), str(CALLS), str(SECONDS)],
                          check=False, text=True, capture_output=True)
    print(f'# seed {SEED}\n{done.stdout}', end='', flush=True)
    assert done.returncode == 0, f'seed {SEED}: {done.stderr}'


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


class Fuzz(DeviceTest):
    def fuzz_beside_traffic(self, inside):
        """The reference reader checks the lines of the traffic all the time."""
        gate, end = os.pipe()
        maker = Child(traffic, gate, end)
        os.close(gate)
        with Snapshot(gapless=False) as snapshot:
            child = Child(inside)
            while not child.has_ended():
                snapshot.pump_for(0.2)
            child.join()
            os.close(end)
            maker.join()
            snapshot.pump()
            self.assertEqual(snapshot.faults(), '')
            self.assertFalse(snapshot.table.difference(
                proctcp.netns(), proctcp.read()))

    def assert_unharmed(self):
        self.reference = self.stream()
        events = self.events(5)
        self.assertEqual(len(events), lines_of(5))
        stats = uapi.get_stats(self.reference.fd)
        self.assertEqual((stats.untracked, stats.conns_missed), (0, 0))

    @limit(200 + 3 * SECONDS)
    def test_by_root(self):
        self.fuzz_beside_traffic(fuzz)
        self.assert_unharmed()

    @limit(200 + 3 * SECONDS)
    def test_by_nobody(self):
        """The device is open to all users, and the caller has no capability."""
        def inside():
            kernel.enter_new_netns(CLONE_NEWUSER)
            fuzz()
        os.chmod(uapi.DEVICE, 0o666)
        try:
            self.fuzz_beside_traffic(inside)
        finally:
            os.chmod(uapi.DEVICE, 0o600)
        self.assert_unharmed()


CASES = (Fuzz,)
