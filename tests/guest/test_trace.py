# SPDX-License-Identifier: GPL-2.0
"""The trace event tcpstates:transition: the device's lines in tracefs."""

import re
import unittest

from lib import kernel, tcp, uapi
from lib.stream import Stream

TRACING = '/sys/kernel/tracing'
EVENT = f'{TRACING}/events/tcpstates/transition'
LINE = re.compile(
    r'transition: conn=([0-9a-f]+) netns=(\d+) laddr=(\S+) raddr=(\S+) '
    r'old=(\S+) new=(\S+) dur_ns=(-?\d+) cause=(\S+) pid=(\d+) comm=(.*) '
    r'uid=(\d+) flags=([0-9a-f]+)$', re.MULTILINE)


def enable(value):
    kernel.write_file(f'{EVENT}/enable', str(value))


def told():
    """The trace, sorted by connection, each in its order."""
    text = kernel.read_file(f'{TRACING}/trace')
    return sorted(LINE.findall(text), key=lambda fields: fields[0]), text


def address(host, port):
    host = host or '0.0.0.0'
    return f'[{host}]:{port or 0}' if ':' in host else f'{host}:{port or 0}'


def as_trace(event):
    nowhere = '::' if event.family == 'inet6' else None
    bits = sum(bit for bit, name in uapi.FLAGS.items() if name in event.flags)
    return (f'{event.conn:x}', str(event.netns),
            address(event.laddr or nowhere, event.lport),
            address(event.raddr or nowhere, event.rport),
            event.old, event.new,
            str(-1 if event.dur_ns is None else event.dur_ns),
            event.cause or '-',
            str(event.pid or 0), event.comm or '', str(event.uid or 0),
            f'{bits:x}')


class Trace(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        kernel.write_file(f'{TRACING}/trace', '')

    def tearDown(self):
        if kernel.loaded():
            kernel.unload()

    def traffic(self):
        """Lines of every kind, and those of the trace."""
        with Stream() as stream:
            tcp.exchange(tcp.FAMILIES['v4'], 5)
            tcp.exchange(tcp.FAMILIES['v6'], 5)
            tcp.exchange(tcp.FAMILIES['mapped'], 2)
            for name in ('v4', 'v6'):
                family = tcp.FAMILIES[name]
                listener = family.listener()
                client = family.open()
                client.connect(listener.getsockname()[:2])
                server, _ = listener.accept()
                client.close()
                server.close()
                listener.close()
            return stream.collect(lambda events: len(
                [event for event in events
                 if event.new == 'TIME_WAIT']) >= 2)

    def test_same_as_the_device(self):
        kernel.load()
        enable(1)
        events = self.traffic()
        lines, text = told()
        enable(0)
        want = sorted((as_trace(event) for event in events),
                      key=lambda fields: fields[0])
        self.assertEqual(len(lines), text.count('transition: '))
        self.assertEqual(lines, want)
        self.assertGreater(len(lines), 80)

    def test_disabled(self):
        """While it is disabled, nothing is written."""
        kernel.load()
        self.traffic()
        self.assertEqual(told()[0], [])

    def test_filter_of_the_kernel(self):
        """Fields can be filtered by tracefs as those of any event."""
        kernel.load()
        state = uapi.STATE_NUMBERS['TIME_WAIT']
        kernel.write_file(f'{EVENT}/filter', f'new == {state}')
        enable(1)
        self.traffic()
        lines, _ = told()
        enable(0)
        self.assertEqual({line[5] for line in lines}, {'TIME_WAIT'})
        self.assertEqual(len(lines), 2)

    def test_unload_after_use(self):
        """Enabled, disabled, unloaded; and all over again."""
        for _ in range(3):
            kernel.load()
            enable(1)
            self.traffic()
            enable(0)
            self.assertTrue(told()[0])
            kernel.unload()
            self.assertNotIn('tcpstates', kernel.read_file(
                f'{TRACING}/available_events'))

    def test_unload_while_enabled(self):
        """Unloading succeeds or is refused; afterwards, loading works again."""
        kernel.load()
        enable(1)
        self.traffic()
        result = kernel.rmmod()
        print(f'# rmmod while enabled: {result.returncode} '
              f'{result.stderr.strip()}')
        tcp.exchange(tcp.FAMILIES['v4'], 5)
        kernel.read_file(f'{TRACING}/trace')
        if kernel.loaded():
            enable(0)
            kernel.unload()
        kernel.load()
        self.assertEqual(kernel.read_file(f'{EVENT}/enable'), '0')
        self.assertTrue(self.traffic())


CASES = [Trace]
