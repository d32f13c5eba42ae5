# SPDX-License-Identifier: GPL-2.0
"""
Lives between two hosts that are 160 ms apart, and the segments that each of
them saw. A state changes after the segment that causes it has come, and before
the answer goes out: the times of these two are the bound, not a tolerance. And
each cause must be there in the segments.
"""

import contextlib
import os
import socket
import statistics
import time
import unittest

from lib import kernel, tcp
from lib.capture import MARKER, Capture
from lib.harness import expand, limit, over
from lib.life import group
from lib.life_check import check_life, number
from lib.network import ADDRESS, AF, HOSTS, NOWHERE, Network
from lib.processes import wait_for
from lib.segments import Side, first
from lib.stream import Stream

BOTH = ('v4', 'v6')
DELAY_NS = 80 * 10**6
LINEAR = 'tcp_syn_linear_timeouts'

# netem counts in ticks of 64 ns, and there are two delays in a round trip.
ROUND_TRIP_NS = 2 * DELAY_NS - 2 * 64


class Shared:
    """State of all tests of this file."""
    network = captures = stream = None
    events = []
    markers = 0
    widths = []


def setUpModule():
    kernel.load()
    Shared.network = Network('delay 80ms')
    Shared.captures = {host: Capture(Shared.network, host) for host in HOSTS}
    Shared.stream = Stream()


def tearDownModule():
    Shared.stream.close()
    for capture in Shared.captures.values():
        capture.close()
    Shared.network.close()
    kernel.unload()
    widths = sorted(Shared.widths) or [0]
    print(f'# {len(Shared.widths)} lines between two segments or calls; '
          f'bounds apart: median {statistics.median(widths) / 1000:.0f} us, '
          f'most {widths[-1] / 10**6:.0f} ms')


def now():
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


def fetch():
    Shared.events += Shared.stream.fetch()


@expand
class Wire(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.calls = {host: [] for host in HOSTS}
        self.stack = self.enterContext(contextlib.ExitStack())
        self.ends = {}
        Shared.events.clear()
        fetch()
        Shared.events.clear()

    def tearDown(self):
        self.stack.close()
        Shared.network.kill()
        wait_for(lambda: not Shared.network.entries(), 'nothing is left')

    # What the hosts do.

    def open(self, host):
        with Shared.network.inside(host):
            sock = socket.socket(AF[self.family])
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(15)
        return self.stack.enter_context(sock)

    @contextlib.contextmanager
    def call(self, host, name):
        """A call that changes a state; when it began and returned."""
        begin = now()
        try:
            yield
        finally:
            self.calls[host].append((name, begin, now()))

    def close(self, host, sock, name='close'):
        with self.call(host, name):
            sock.close()

    def listen(self, backlog=8):
        sock = self.open('b')
        sock.bind((ADDRESS['b'][self.family], next(tcp.ports)))
        sock.listen(backlog)
        return sock

    def connect(self, address, client=None):
        client = client or self.open('a')
        client.bind((ADDRESS['a'][self.family], next(tcp.ports)))
        self.name(client.getsockname()[:2] + tuple(address[:2]))
        with self.call('a', 'connect'):
            client.connect(address[:2])
        return client

    def name(self, end):
        self.ends = {'a': end, 'b': tcp.flip(end)}

    def pair(self):
        """Listener, client, server."""
        listener = self.listen()
        client = self.connect(listener.getsockname())
        with self.call('b', 'accept'):
            server = listener.accept()[0]
        self.stack.enter_context(server)
        server.settimeout(15)
        return listener, client, server

    # What must have come of it.

    def life(self, host):
        """The last life of the host's side; None if it has none."""
        netns = Shared.network.netns(host)
        found = [life for life in group(Shared.events)
                 if life.netns == netns and life.end == self.ends[host]]
        return found[-1] if found else None

    def step(self, **states):
        """Until the sides are there: a=, b=."""
        def reached():
            fetch()
            return all((life := self.life(host)) and life.state == state
                       for host, state in states.items())
        try:
            wait_for(reached, f'{states}')
        except AssertionError as error:
            raise AssertionError(f'{error}:\n' + ''.join(
                event.text for event in Shared.events)) from None

    def synchronise(self):
        """Until tcpdump has seen all that was sent before."""
        Shared.markers += 1
        for host, other in (HOSTS, HOSTS[::-1]):
            with Shared.network.inside(host), \
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(b'.', (ADDRESS[other]['v4'], MARKER))
        for capture in Shared.captures.values():
            # Its own and the other's.
            capture.await_marker(2 * Shared.markers)

    def told(self, host, *wanted):
        """
        The life of a side, as "STATE cause" for each step, and all that the
        segments have to say of it.
        """
        life = self.life(host)
        self.assertIsNotNone(life, f'no life of {self.ends[host]}')
        self.assertEqual([f'{event.new} {event.cause}' for event in life.events],
                         list(wanted))
        faults = check_life(life, whole=life.state == 'CLOSE')
        side = Side(life, Shared.captures[host], self.ends[host],
                    self.calls[host])
        self.assertEqual('\n'.join(faults + side.check()), '')
        Shared.widths += side.widths
        return side

    CLIENT = ('SYN_SENT connect', 'ESTABLISHED synack')
    SERVER = ('SYN_RECV syn', 'ESTABLISHED ack')
    ACTIVE = ('FIN_WAIT1 close', 'FIN_WAIT2 fin-acked', 'TIME_WAIT fin')
    PASSIVE = ('CLOSE_WAIT fin', 'LAST_ACK close', 'CLOSE fin-acked')

    @over(*BOTH)
    def test_close_by_client(self, family):
        self.family = family
        _, client, server = self.pair()
        client.sendall(b'x')
        self.assertEqual(server.recv(1), b'x')
        self.close('a', client)
        self.step(a='FIN_WAIT2', b='CLOSE_WAIT')
        self.close('b', server)
        self.step(a='TIME_WAIT', b='CLOSE')
        self.synchronise()
        self.told('a', *self.CLIENT, *self.ACTIVE)
        side = self.told('b', *self.SERVER, *self.PASSIVE)
        # The FIN comes behind one byte, and is acknowledged by one.
        self.assertEqual([[number(event, key) for key in (
            'bytes_in', 'bytes_out', 'rq', 'wq')] for event in side.life.events[2:]],
            [[1, 0, 1, 0], [1, 0, 1, 0], [1, 0, 1, 0]])

    @over(*BOTH)
    def test_close_by_server(self, family):
        self.family = family
        _, client, server = self.pair()
        self.close('b', server)
        self.step(a='CLOSE_WAIT', b='FIN_WAIT2')
        self.close('a', client)
        self.step(a='CLOSE', b='TIME_WAIT')
        self.synchronise()
        self.told('a', *self.CLIENT, *self.PASSIVE)
        self.told('b', *self.SERVER, *self.ACTIVE)

    @over(*BOTH)
    def test_handshake(self, family):
        """SYN_RECV lasts as long as on the wire: a round trip at least."""
        self.family = family
        self.pair()
        self.step(a='ESTABLISHED', b='ESTABLISHED')
        self.synchronise()
        self.told('a', *self.CLIENT)
        side = self.told('b', *self.SERVER)
        syn, = [one for one in side.came if one.has(tcp.SYN)]
        ack, = [one for one in side.came if not one.has(tcp.SYN)]
        synack, = side.went
        told = side.life.events[1].dur_ns
        accepted = self.calls['b'][0][2]
        self.assertGreaterEqual(ack.ns - synack.ns, ROUND_TRIP_NS)
        self.assertGreaterEqual(told, ack.ns - synack.ns)
        self.assertLessEqual(told, accepted - syn.ns)
        # All that is not the round trip lies between two pairs of segments.
        self.assertLessEqual(
            abs(told - (ack.ns - syn.ns)),
            max(synack.ns - syn.ns, accepted - ack.ns))
        print(f'# SYN_RECV {told / 10**6:.3f} ms, on the wire '
              f'{(ack.ns - syn.ns) / 10**6:.3f} ms')

    @over(*BOTH)
    def test_shutdown(self, family):
        """Both sides keep their sockets to the end."""
        self.family = family
        _, client, server = self.pair()
        with self.call('a', 'shutdown'):
            client.shutdown(socket.SHUT_WR)
        self.step(a='FIN_WAIT2', b='CLOSE_WAIT')
        with self.call('b', 'shutdown'):
            server.shutdown(socket.SHUT_WR)
        self.step(a='TIME_WAIT', b='CLOSE')
        self.synchronise()
        self.told('a', *self.CLIENT, 'FIN_WAIT1 shutdown',
                  'FIN_WAIT2 fin-acked', 'TIME_WAIT fin')
        self.told('b', *self.SERVER, 'CLOSE_WAIT fin', 'LAST_ACK shutdown',
                  'CLOSE fin-acked')

    @over(*BOTH)
    def test_reset_by_client(self, family):
        self.family = family
        _, client, _ = self.pair()
        tcp.reset_on_close(client)
        self.close('a', client)
        self.step(a='CLOSE', b='CLOSE')
        self.synchronise()
        self.told('a', *self.CLIENT, 'CLOSE abort')
        self.told('b', *self.SERVER, 'CLOSE rst-received')

    @over(*BOTH)
    def test_reset_by_server(self, family):
        """The peer has closed before."""
        self.family = family
        _, client, server = self.pair()
        with self.call('a', 'shutdown'):
            client.shutdown(socket.SHUT_WR)
        self.step(a='FIN_WAIT2', b='CLOSE_WAIT')
        tcp.reset_on_close(server)
        self.close('b', server)
        self.step(a='CLOSE', b='CLOSE')
        self.synchronise()
        self.told('a', *self.CLIENT, 'FIN_WAIT1 shutdown',
                  'FIN_WAIT2 fin-acked', 'CLOSE rst-received')
        self.told('b', *self.SERVER, 'CLOSE_WAIT fin', 'CLOSE abort')

    @over(*BOTH)
    def test_unread(self, family):
        self.family = family
        _, client, server = self.pair()
        client.sendall(b'unread')
        self.assertEqual(server.recv(6, socket.MSG_PEEK), b'unread')
        self.close('b', server)
        self.step(a='CLOSE', b='CLOSE')
        self.synchronise()
        self.told('a', *self.CLIENT, 'CLOSE rst-received')
        self.told('b', *self.SERVER, 'CLOSE unread')

    @over(*BOTH)
    def test_data_after_close(self, family):
        """No process can read it any more: the minisock sends a RST."""
        self.family = family
        _, client, server = self.pair()
        self.close('a', client)
        self.step(a='FIN_WAIT2', b='CLOSE_WAIT')
        server.sendall(b'too late')
        self.step(a='CLOSE', b='CLOSE')
        self.synchronise()
        self.told('a', *self.CLIENT, *self.ACTIVE[:2], 'CLOSE rst-sent')
        self.told('b', *self.SERVER, 'CLOSE_WAIT fin', 'CLOSE rst-received')

    @over(*BOTH)
    def test_refused(self, family):
        self.family = family
        with self.assertRaises(ConnectionRefusedError):
            self.connect((ADDRESS['b'][family], next(tcp.ports)))
        self.step(a='CLOSE')
        self.synchronise()
        self.told('a', 'SYN_SENT connect', 'CLOSE refused')
        self.assertIsNone(self.life('b'))

    @over(*BOTH)
    def test_unreachable(self, family):
        """The router reports it; the only segment is the SYN."""
        self.family = family
        with self.assertRaises(OSError):
            self.connect((NOWHERE[family], next(tcp.ports)))
        self.step(a='CLOSE')
        self.synchronise()
        side = self.told('a', 'SYN_SENT connect', 'CLOSE unreachable')
        self.assertEqual((len(side.came), len(side.went)), (0, 1))

    @over(*BOTH)
    def test_connect_timeout(self, family):
        """Two SYNs without an answer."""
        self.family = family
        self.enterContext(Shared.network.sysctl('a', 'tcp_syn_retries', 1))
        # Since 6.5 the first ones are not further and further apart.
        if os.path.exists(kernel.sysctl_path(f'net.ipv4.{LINEAR}')):
            self.enterContext(Shared.network.sysctl('a', LINEAR, 0))
        sink = self.listen()
        tcp.attach_filter(sink, tcp.DROP_ALL)
        with self.assertRaises(TimeoutError):
            self.connect(sink.getsockname())
        self.step(a='CLOSE')
        self.synchronise()
        side = self.told('a', 'SYN_SENT connect', 'CLOSE timeout')
        self.assertEqual((len(side.came), len(side.went)), (0, 2))

    @over(*BOTH)
    def test_user_timeout(self, family):
        """Data without an answer."""
        self.family = family
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
        client.sendall(b'anybody?')
        self.step(a='CLOSE')
        self.synchronise()
        side = self.told('a', *self.CLIENT, 'CLOSE timeout')
        sent = [one for one in side.went if one.length]
        self.assertGreater(len(sent), 1)
        told = [number(side.life.last, key)
                for key in ('retrans', 'bytes_out', 'wq')]
        self.assertEqual(told, [len(sent) - 1, 8, 8])

    @over(*BOTH)
    def test_synack_timeout(self, family):
        """A SYN whose sender never answers the SYN-ACKs."""
        self.family = family
        self.enterContext(Shared.network.sysctl('b', 'tcp_synack_retries', 1))
        listener = self.listen()
        self.raw_syn(listener)
        self.step(b='SYN_RECV')
        self.step(b='CLOSE')
        self.synchronise()
        side = self.told('b', 'SYN_RECV syn', 'CLOSE synack-timeout')
        self.assertEqual((len(side.came), len(side.went)), (1, 2))
        self.assertEqual([number(event, 'retrans')
                          for event in side.life.events], [0, 1])

    @over(*BOTH)
    def test_half_open_reset(self, family):
        """The sender of the SYN resets it."""
        self.family = family
        listener = self.listen()
        raw = self.raw_syn(listener)
        self.step(b='SYN_RECV')
        tcp.send_segment(raw, self.ends['a'], tcp.RST, 1001)
        self.step(b='CLOSE')
        self.synchronise()
        self.told('b', 'SYN_RECV syn', 'CLOSE rst-received')

    def raw_syn(self, listener):
        """A SYN by hand, from a port that answers nothing."""
        sink = self.open('a')
        sink.bind((ADDRESS['a'][self.family], next(tcp.ports)))
        sink.listen(1)
        tcp.attach_filter(sink, tcp.DROP_ALL)
        with Shared.network.inside('a'):
            raw = socket.socket(AF[self.family], socket.SOCK_RAW,
                                socket.IPPROTO_TCP)
        self.stack.enter_context(raw)
        self.name(sink.getsockname()[:2] + listener.getsockname()[:2])
        tcp.send_segment(raw, self.ends['a'], tcp.SYN, 1000)
        return raw

    @over(*BOTH)
    def test_listener_closed(self, family):
        """Before the connection is accepted."""
        self.family = family
        listener = self.listen()
        self.connect(listener.getsockname())
        self.step(a='ESTABLISHED', b='ESTABLISHED')
        self.close('b', listener, 'close listener')
        self.step(a='CLOSE', b='CLOSE')
        self.synchronise()
        self.told('a', *self.CLIENT, 'CLOSE rst-received')
        self.told('b', *self.SERVER, 'CLOSE listener-closed')

    @limit(90)
    @over(*BOTH)
    def test_simultaneous_close(self, family):
        """The FINs cross; if they did not, it is tried again."""
        self.family = family
        for _ in range(5):
            _, client, server = self.pair()
            self.step(a='ESTABLISHED', b='ESTABLISHED')
            self.close('a', client)
            self.close('b', server)
            self.step(a='TIME_WAIT')
            self.synchronise()
            came, went = Shared.captures['a'].of(self.ends['a'])
            fins = [first(segments, lambda one: one.has(tcp.FIN))
                    for segments in (came, went)]
            if not fins[0].acks(fins[1].end):
                break
            self.calls = {host: [] for host in HOSTS}
        self.step(b='TIME_WAIT')
        tail = ('FIN_WAIT1 close', 'CLOSING fin', 'TIME_WAIT fin-acked')
        self.told('a', *self.CLIENT, *tail)
        self.told('b', *self.SERVER, *tail)


CASES = [Wire]
