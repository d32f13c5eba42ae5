# SPDX-License-Identifier: GPL-2.0
"""
dur_ns of every state: the difference of the times of two lines to the
nanosecond, and those times within what the test's own clock says.
"""

import socket
import subprocess
import time

from lib import kernel, tcp, uapi
from lib.harness import expand, limit, over
from lib.rows import inexact
from lib.scenario import (
    ABORTED, ACTIVE, A_OPENS, BOTH, B_OPENS, HALF_OPEN, PASSIVE, Scenario,
    shut_down)
from lib.stream import Stream
from lib.watch import Watch

MS = 10**6
SECOND = 10**9


def setUpModule():
    kernel.load()
    Scenario.watch = Watch()


def tearDownModule():
    Scenario.watch.close()
    kernel.unload()


class Timed(Scenario):
    def setUp(self):
        super().setUp()
        self.watch.pump()
        self.before = len(self.watch.model.lives)

    def exact(self):
        """Durations of all connections that began in this test are exact."""
        self.watch.pump()
        lives = self.watch.model.lives[self.before:]
        self.assertEqual('\n'.join(inexact(lives)), '')
        for life in lives:
            for event in life.events:
                self.assertNotIn('atleast', event.flags, event.text)
        return lives

    def spent(self, end, state, number=-1):
        """Nanoseconds that a connection spent in a state."""
        for event in self.watch.lives(end)[number].events:
            if event.old == state:
                return event.dur_ns
        raise AssertionError(f'{end} never left {state}')

    def between(self, low, value, high):
        self.assertGreaterEqual(value, low)
        self.assertLessEqual(value, high)


def now():
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


@expand
class Durations(Timed):
    @over(*BOTH)
    def test_every_state_of_both_sides(self, name):
        self.family(name)
        _, client, server = self.pair()
        t0 = now()
        client.close()
        t1 = now()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        t2 = now()
        server.close()
        t3 = now()
        self.step('B closed', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + ACTIVE)
        self.paths(self.b, B_OPENS + PASSIVE)
        self.exact()
        self.between(t2 - t1, self.spent(self.b, 'CLOSE_WAIT'), t3 - t0)
        first, second = [event.real_ns
                         for event in self.watch.lives(self.a)[-1].events
                         if event.new in ('FIN_WAIT1', 'TIME_WAIT')]
        self.between(t0, first, t1)
        self.between(t2, second, now())

    @over(*BOTH)
    def test_births(self, name):
        """The first line has no duration."""
        self.family(name)
        listener, client, server = self.pair()
        server.close()
        client.close()
        end = tcp.listening(listener)
        listener.close()
        self.step('closed', a=None, b='TIME_WAIT')
        for which in (self.a, self.b, end):
            life = self.watch.lives(which)[-1]
            self.assertIsNone(life.events[0].dur_ns)
            self.assertIn(' dur_ns=- ', life.events[0].text)
            for event in life.events[1:]:
                self.assertIsNotNone(event.dur_ns, event.text)

    @over(*BOTH)
    def test_syn_recv_late_ack(self, name):
        """From the SYN to an ACK that comes much later."""
        self.family(name)
        t0 = now()
        listener, client = self.half_open()
        t1 = now()
        for _ in range(20):
            self.watch.stream.wait(0.02)
            self.watch.pump()
        tcp.detach_filter(listener)
        t2 = now()
        client.sendall(b'x')
        self.step('complete', a='ESTABLISHED', b='ESTABLISHED')
        t3 = now()
        self.exact()
        self.between(t2 - t1, self.spent(self.b, 'SYN_RECV'), t3 - t0)
        self.assertLess(self.spent(self.a, 'SYN_SENT'), t1 - t0)

    @over(*BOTH)
    def test_handshake_over_a_slow_link(self, name):
        """80 ms both ways, seen from both sides."""
        self.family(name)
        listener = self.listener()
        client = self.socket()
        qdisc = ['tc', 'qdisc', 'replace', 'dev', 'lo', 'root']
        subprocess.run([*qdisc, 'netem', 'delay', '40ms'], check=True)
        try:
            t0 = now()
            client.connect(listener.getsockname()[:2])
            t1 = now()
            server = self.keep(listener.accept()[0])
            t2 = now()
        finally:
            subprocess.run(['tc', 'qdisc', 'del', 'dev', 'lo', 'root'],
                           check=True)
        self.connected(client, server)
        self.exact()
        self.between(80 * MS, self.spent(self.a, 'SYN_SENT'), t1 - t0)
        self.between(80 * MS, self.spent(self.b, 'SYN_RECV'), t2 - t0)

    @over(*BOTH)
    def test_syn_recv_given_up(self, name):
        """The SYN-ACK is sent twice; the request lasts for three seconds."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 1)
        listener = self.listener()
        # The peer is a port that nobody has, whose RST must not arrive.
        tcp.attach_filter(listener, tcp.ONLY_SYN)
        t0 = now()
        self.raw_syn(listener, next(tcp.ports))
        self.step('half open', b='SYN_RECV')
        self.step('given up', b=None)
        self.paths(self.b, HALF_OPEN + ' -synack-timeout> CLOSE')
        self.exact()
        self.between(2900 * MS, self.spent(self.b, 'SYN_RECV'), now() - t0)

    @over(*BOTH)
    def test_simultaneous_close(self, name):
        self.family(name)
        client, server, _, _ = self.simultaneous(shut_down)
        for sock in (client, server):
            tcp.detach_filter(sock)
        self.step('acknowledged', a='TIME_WAIT', b='TIME_WAIT')
        self.exact()
        for end in (self.a, self.b):
            for state in ('ESTABLISHED', 'FIN_WAIT1', 'CLOSING'):
                self.assertGreater(self.spent(end, state), 0)

    @over(*BOTH)
    def test_simultaneous_open(self, name):
        """A socket that connects to itself."""
        self.family(name)
        sock = self.socket(next(tcp.ports))
        sock.connect(sock.getsockname()[:2])
        self.a = tcp.ends(sock)
        self.step('connected', a='ESTABLISHED')
        self.reset(sock)
        self.step('closed', a=None)
        self.exact()
        self.assertGreater(self.spent(self.a, 'SYN_RECV'), 0)

    @over(*BOTH)
    def test_fin_wait2_minisock_expires(self, name):
        self.family(name)
        self.sysctl('tcp_fin_timeout', 2)
        _, client, server = self.pair()
        t0 = now()
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.step('expired', a=None, b='CLOSE_WAIT')
        self.exact()
        self.between(1900 * MS, self.spent(self.a, 'FIN_WAIT2'), now() - t0)

    @over(*BOTH)
    def test_fin_wait2_full_then_minisock(self, name):
        """Shut down, closed later, and the FIN later still: one duration."""
        self.family(name)
        _, client, server = self.pair()
        t0 = now()
        self.shut_down(client)
        t1 = now()
        for _ in range(5):
            self.watch.stream.wait(0.02)
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        for _ in range(5):
            self.watch.stream.wait(0.02)
        t2 = now()
        server.close()
        self.step('B closed', a='TIME_WAIT', b=None)
        self.exact()
        self.between(t2 - t1, self.spent(self.a, 'FIN_WAIT2'), now() - t0)

    @over(*BOTH)
    def test_last_ack(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(server.recv(1), b'')
        tcp.attach_filter(server, tcp.DROP_ALL)
        server.shutdown(socket.SHUT_WR)
        self.step('B\'s FIN not acknowledged', a='TIME_WAIT', b='LAST_ACK')
        t0 = now()
        for _ in range(5):
            self.watch.stream.wait(0.02)
        t1 = now()
        tcp.detach_filter(server)
        self.step('acknowledged', b=None)
        self.exact()
        self.assertGreaterEqual(self.spent(self.b, 'LAST_ACK'), t1 - t0)

    @over(*BOTH)
    def test_refused_and_given_up(self, name):
        self.family(name)
        port = next(tcp.ports)
        client = self.socket(next(tcp.ports))
        local = client.getsockname()[:2]
        with self.assertRaises(ConnectionRefusedError):
            client.connect((self.f.host, port))
        self.a = (*local, self.f.host, port)
        self.step('refused', a=None)
        sink = self.sink()
        other = self.socket(next(tcp.ports))
        tcp.start_connect(other, sink.getsockname()[:2])
        end = (*other.getsockname()[:2], *sink.getsockname()[:2])
        self.step('sent', {end: 'SYN_SENT'})
        other.close()
        self.step('given up', {end: None})
        self.exact()
        for which in (self.a, end):
            self.assertGreater(self.spent(which, 'SYN_SENT'), 0)

    @over(*BOTH)
    def test_reconnected(self, name):
        """The same cookie twice: no time between the two lives is counted."""
        self.family(name)
        listener, client, server = self.pair(next(tcp.ports))
        tcp.disconnect(client)
        self.step('disconnected', a=None)
        client.connect(listener.getsockname()[:2])
        again = tcp.ends(client)
        self.step('connected again', {again: 'ESTABLISHED'})
        self.keep(listener.accept()[0])
        self.exact()
        lives = [life for life in self.watch.model.lives[self.before:]
                 if life.conn == tcp.cookie(client)]
        self.stories(lives, A_OPENS + ABORTED, A_OPENS)
        self.assertIsNone(lives[1].events[0].dur_ns)

    @over(*BOTH)
    def test_syn_cookie(self, name):
        """SYN_RECV lasts from the ACK on: the kernel keeps nothing before."""
        self.family(name)
        self.sysctl('tcp_syncookies', 2)
        self.pair()
        self.exact()
        self.assertGreaterEqual(self.spent(self.b, 'SYN_RECV'), 0)

    @over(*BOTH)
    def test_time_wait_reused(self, name):
        """The minisock's end and the new life beginning in its place."""
        self.family(name)
        listener, client, server = self.pair(next(tcp.ports))
        local = client.getsockname()[1]
        self.active_close(client, server)
        tcp.await_reuse()
        client = self.socket(local)
        client.connect(listener.getsockname()[:2])
        self.keep(listener.accept()[0])
        self.step('again', a='ESTABLISHED', b='ESTABLISHED')
        self.exact()
        self.assertGreaterEqual(self.spent(self.a, 'TIME_WAIT', -2),
                                900 * MS)

    @over('mixed')
    def test_churn(self, _):
        """Many connections without a pause."""
        for name in BOTH:
            family = tcp.FAMILIES[name]
            listener = self.keep(family.listener())
            for _ in range(150):
                with family.open() as client:
                    client.connect(listener.getsockname()[:2])
                    server = listener.accept()[0]
                    client.close()
                    server.close()
        self.watch.settle('closed')
        self.assertGreaterEqual(len(self.exact()), 600)


class End(Timed):
    @limit(120)
    def test_time_wait_lasts_a_minute(self):
        """Every TIME_WAIT of the tests above, and the table's end."""
        left = {life.end: life for life in self.watch.model.table.values()
                if life.state == 'TIME_WAIT'}
        self.assertTrue(left, 'nothing is in TIME_WAIT')
        self.watch.settle('all expired', {end: None for end in left},
                          patience=90)
        self.before = 0
        self.exact()
        for life in left.values():
            event = life.events[-1]
            self.assertEqual((event.old, event.new), ('TIME_WAIT', 'CLOSE'))
            self.between(59 * SECOND, event.dur_ns, 66 * SECOND)
        print(f'# {len(left)} minisocks')
        with Stream() as stream:
            uapi.snapshot(stream.fd)
            self.assertEqual([event.text for event in stream.fetch()], [])


CASES = [Durations, End]
