# SPDX-License-Identifier: GPL-2.0
"""
One processor does nothing but run a thread of real-time priority that never
sleeps, with no time left for others. Everybody else must not notice.
"""

import os
import resource
import select

from lib import kernel, tcp, uapi
from lib.harness import expand, limit, over
from lib.proc_check import SnapshotTest
from lib.processes import Child

PATIENCE = 120 * kernel.SLOWNESS
PRIORITY = 50       # of the threads of interrupts, on a real-time kernel
OWN = 700           # connections that the busy one begins before it spins
MANY = 5000         # several times what is ready for each processor


def listeners(host, count):
    socks = []
    for port in range(10000, 10000 + count):
        sock = tcp.FAMILIES['v4'].open()
        sock.bind((host, port))
        sock.listen(1)
        socks.append(sock)
    return socks


class Holder:
    """A process that holds so many listeners until it is told to end."""

    def __init__(self, host, count, cpu=None):
        """@cpu: the processor that it occupies, if any."""
        self.stop, ready = os.pipe(), os.pipe()
        self.child = Child(self._hold, host, count, cpu, ready[1],
                           keep=(self.stop[0], ready[1]))
        os.close(ready[1])
        with open(ready[0], 'rb') as pipe:
            answer = pipe.read(1)
        if answer != b'x':
            self.child.join()

    def _hold(self, host, count, cpu, ready):
        resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        socks = listeners(host, count)
        os.write(ready, b'x')
        os.close(ready)
        if cpu is None:
            os.read(self.stop[0], 1)
        else:
            while not select.select([self.stop[0]], [], [], 0)[0]:
                pass
        return b'%d' % len(socks)

    def close(self):
        if self.child:
            child, self.child = self.child, None
            os.write(self.stop[1], b'x')
            child.join()
            os.close(self.stop[0])
            os.close(self.stop[1])


@expand
class Starved(SnapshotTest):
    def setUp(self):
        super().setUp()
        self.enterContext(kernel.sysctl('kernel.sched_rt_runtime_us', -1))
        self.addCleanup(os.sched_setaffinity, 0, os.sched_getaffinity(0))

    def hold(self, *arguments):
        holder = Holder(*arguments)
        self.addCleanup(holder.close)
        return holder

    @over('0', '1')
    @limit(PATIENCE)
    def test_nothing_is_missed(self, cpu):
        """Memory for connections comes, although one processor is starved."""
        kernel.load()
        os.sched_setaffinity(0, {1 - int(cpu)})
        spinner = self.hold('127.0.1.1', OWN, int(cpu))
        self.hold('127.0.1.2', MANY)
        with open(uapi.DEVICE, 'rb') as device:
            stats = uapi.get_stats(device.fileno())
        spinner.close()
        print(f'# {stats.conn_bytes} bytes')
        self.assertEqual(stats.conns_missed, 0)
        self.assertGreater(stats.recorded, MANY)


CASES = [Starved]
