# SPDX-License-Identifier: GPL-2.0
"""
Loading and unloading while connections open and close on all CPUs.

This changes the code of functions that other CPUs execute. An emulator that
does not see that goes on with the breakpoint that the kernel puts there for
the time of the change: a lockup in the first instruction of a hooked function,
whose bytes in memory are right (tests/vm/run avoids QEMU before 8.1 for it).
"""

import contextlib
import os
import time
import unittest

from lib import kernel, tcp
from lib.harness import limit
from lib.processes import Child
from lib.stream import Stream

CYCLES = 10


class UnderLoad(unittest.TestCase):
    def tearDown(self):
        if kernel.loaded():
            kernel.unload()

    @staticmethod
    def worker(family, stop):
        """Connections without end, ended in three ways in turn."""
        os.close(stop[1])
        os.set_blocking(stop[0], False)
        listener = family.open()
        listener.bind((family.host, 0))
        listener.listen(16)
        count = 0
        while True:
            with contextlib.suppress(BlockingIOError):
                if os.read(stop[0], 1) == b'':
                    break
            tcp.exchange(family, 5, listener)
            for _ in range(5):
                with family.open() as client:
                    client.connect(listener.getsockname()[:2])
                    server, _ = listener.accept()
                    if count % 2:
                        client.close()
                    server.close()
                count += 1
        listener.close()
        return str(count).encode()

    @limit(500)
    def test_again_and_again(self):
        """
        Loaded and unloaded while connections open and close on all CPUs; in
        between it works each time.
        """
        stop = os.pipe()
        with kernel.sysctl('net.ipv4.tcp_max_tw_buckets', 500):
            workers = [Child(self.worker, tcp.FAMILIES[name], stop)
                       for name in ('v4', 'v6')]
            os.close(stop[0])
            try:
                start = time.monotonic()
                for number in range(CYCLES):
                    kernel.load()
                    with Stream() as stream:
                        stream.collect(lambda events: len(events) >= 100)
                    # With and without a pause, to unload at any moment.
                    if number % 2:
                        time.sleep(0.1 * number)
                    kernel.unload()
                    print(f'# cycle {number} at '
                          f'{time.monotonic() - start:.1f} s', flush=True)
                spent = time.monotonic() - start
            finally:
                os.close(stop[1])
                counts = [int(worker.join()) for worker in workers]
        self.assertTrue(all(counts), counts)
        print(f'# {CYCLES} cycles in {spent:.1f} s, beside {2 * sum(counts)} '
              f'connections')


CASES = [UnderLoad]
