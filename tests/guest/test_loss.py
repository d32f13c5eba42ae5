# SPDX-License-Identifier: GPL-2.0
"""
Small rings and slow readers: each is told in one line how much it missed.
"""

import os
import signal

from lib import kernel, tcp, uapi
from lib.device import V4, DeviceTest, lines_of
from lib.harness import expand, over
from lib.processes import Reader, wait_for
from lib.stream import parse_line

SMALL = 128


@expand
class Loss(DeviceTest):
    def busy(self, connections):
        """Makes many connections, whose lines the reference reads in time."""
        events = []
        listener = V4.listener()
        for _ in range(connections // 5):
            tcp.exchange(V4, 5, listener)
            events += self.reference.fetch()
        listener.close()
        events += self.reference.fetch()
        self.assertEqual(len(events), lines_of(connections))
        return events

    @over('text', 'binary')
    def test_one_line_tells_it(self, form):
        """
        One lost line first, with the exact number; then what survived, in
        order, and no more losses when the reader keeps up again.
        """
        slow = self.stream(binary=form == 'binary')
        events = self.busy(500)
        got = slow.fetch()
        self.assertEqual([event.event for event in got].index('lost'), 0)
        self.assertEqual([event.event for event in got].count('lost'), 1)
        lost, survivors = got[0], got[1:]
        self.assertTrue(survivors)
        self.assertEqual(lost.count + len(survivors), len(events))
        self.assertEqual([event.fields() for event in survivors],
                         self.tail_of_each_cpu(events, survivors))
        self.assertEqual(lost.real_ns, survivors[0].real_ns)
        stats = uapi.get_stats(slow.fd)
        self.assertEqual(stats.reader_lost, lost.count)
        more = self.events()
        self.assertEqual([event.fields() for event in slow.fetch()],
                         [event.fields() for event in more])
        self.assertEqual(uapi.get_stats(slow.fd).reader_lost, lost.count)

    def tail_of_each_cpu(self, events, survivors):
        """The lines of each CPU's last records, in the order of time."""
        first = {}
        for event in survivors:
            first.setdefault(event.cpu, event.seq)
        return [event.fields() for event in events
                if event.seq >= first.get(event.cpu, 1 << 64)]

    def test_after_a_part_of_a_line(self):
        """A line that was read in part is completed; the loss comes after it."""
        fd = self.open()
        first = self.traffic()
        line = first[:first.index(b'\n') + 1]
        start = os.read(fd, 10)
        self.busy(200)
        rest = b''
        while b'event=lost' not in rest:
            rest += os.read(fd, 65536)
        self.assertTrue((start + rest).startswith(line))
        lines = (start + rest).splitlines(True)
        self.assertEqual(parse_line(lines[1]).event, 'lost')

    def test_filter_lets_losses_pass(self):
        slow = self.stream(gapless=False)
        uapi.set_filter(slow.fd, lport_min=1, lport_max=1)
        self.busy(200)
        self.assertEqual([event.event for event in slow.fetch()], ['lost'])

    def test_command(self):
        """
        The library reads mapped rings: stopped meanwhile, it tells the same of
        what it missed as any reader.
        """
        with Reader('tcpstates') as reader:
            pid = reader.process.pid
            os.kill(pid, signal.SIGSTOP)
            wait_for(lambda: kernel.read_file(f'/proc/{pid}/stat')
                     .rpartition(')')[2].split()[0] == 'T', 'it stops')
            events = self.busy(200)
            os.kill(pid, signal.SIGCONT)
            output = reader.read(lambda output: output.endswith(
                events[-1].text.encode())).splitlines(True)
            got = [parse_line(line) for line in output]
            self.assertEqual([event.event for event in got].index('lost'), 0)
            self.assertEqual([event.event for event in got].count('lost'), 1)
            lost, survivors = got[0], got[1:]
            self.assertEqual(lost.count + len(survivors), len(events))
            self.assertEqual([event.fields() for event in survivors],
                             self.tail_of_each_cpu(events, survivors))
            self.assertEqual(lost.real_ns, survivors[0].real_ns)

    def test_statistics(self):
        fd = self.open()
        before = uapi.get_stats(fd)
        events = self.busy(200)
        after = uapi.get_stats(fd)
        self.assertEqual(after.recorded - before.recorded, len(events))
        held = after.recorded - after.overwritten
        self.assertLessEqual(held, uapi.get_info(fd).cpus * SMALL)
        self.assertGreaterEqual(held, SMALL)

    def test_ring_records(self):
        """Rounded up to a power of two."""
        self.assertEqual(uapi.get_info(self.open()).ring_records, SMALL)


CASES = [Loss]


def setUpModule():
    kernel.load(f'ring_records={SMALL // 2 + 1}')


def tearDownModule():
    kernel.unload()
