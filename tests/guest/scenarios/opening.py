# SPDX-License-Identifier: GPL-2.0
"""How connections and listeners begin."""

import errno
import socket

from lib import tcp
from lib.harness import expand, over
from lib.scenario import (
    ABORTED, ACTIVE, ALL, A_OPENS, BOTH, B_OPENS, CONNECTING, HALF_OPEN,
    LISTENER, PASSIVE, RESET, SIMULTANEOUS, Scenario)

# Of which the SYN met one that came the other way.
MET = CONNECTING + ' -syn> SYN_RECV -ack> ESTABLISHED'


@expand
class Opening(Scenario):
    @over(*ALL)
    def test_listen(self, name):
        self.family(name)
        listener = self.listener()
        end = tcp.listening(listener)
        self.step('listening')
        self.check_cookie(listener, end)
        listener.close()
        self.step('closed')
        self.paths(end, LISTENER)

    @over(*BOTH)
    def test_listen_everywhere(self, name):
        """On the wildcard address, twice on one socket."""
        family = self.family(name)
        listener = self.listener(host=family.any)
        end = tcp.listening(listener)
        self.step('listening')
        listener.shutdown(socket.SHUT_RDWR)
        self.step('shut down')
        listener.listen(1)
        self.step('listening again')
        listener.close()
        self.step('closed')
        self.paths(end, 'CLOSE -listen> LISTEN -disconnect> CLOSE', LISTENER)

    @over(*BOTH)
    def test_listen_autobound(self, name):
        """listen() without bind(): the kernel chooses the port in it."""
        self.family(name)
        listener = self.keep(self.f.open())
        listener.listen(1)
        self.step('listening')
        end = tcp.listening(listener)
        listener.close()
        self.step('closed')
        self.paths(end, LISTENER)

    @over(*BOTH)
    def test_bind_connect(self, name):
        self.family(name)
        port = next(tcp.ports)
        _, client, server = self.pair(port)
        self.assertEqual(self.watch.lives(self.a)[0].events[0].lport, port)
        self.reset(client)
        server.close()
        self.step('closed', a=None, b=None)
        self.paths(self.a, A_OPENS + ABORTED)
        self.paths(self.b, B_OPENS + RESET)

    @over(*BOTH)
    def test_ports_known_from_the_start(self, name):
        """The first line of an autobound connect() has the chosen port."""
        self.family(name)
        _, client, server = self.pair()
        for end in (self.a, self.b):
            for event in self.watch.lives(end)[0].events:
                self.assertNotIn(None, (event.laddr, event.lport,
                                        event.raddr, event.rport), event.text)
        self.assertEqual(self.watch.lives(self.a)[0].events[0].lport,
                         client.getsockname()[1])
        self.assertEqual(self.watch.lives(self.b)[0].events[0].rport,
                         client.getsockname()[1])
        self.reset(server)
        self.step('closed', a=None, b=None)
        self.paths(self.a, A_OPENS + RESET)
        self.paths(self.b, B_OPENS + ABORTED)

    def test_dual_stack(self):
        """An IPv4 client of an IPv6 listener: one side is v4-mapped."""
        self.family('v6')
        listener = self.listener(host='::')
        client = self.keep(socket.socket())
        client.connect(('127.0.0.1', listener.getsockname()[1]))
        server = self.keep(listener.accept()[0])
        self.a, self.b = tcp.ends(client), tcp.ends(server)
        self.assertEqual(self.b[0], '::ffff:127.0.0.1')
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        self.assertEqual(self.watch.lives(self.a)[0].flags, set())
        for event in self.watch.lives(self.b)[0].events:
            self.assertIn('v4mapped', event.flags, event.text)
            self.assertEqual((event.family, event.laddr, event.raddr),
                             ('inet', '127.0.0.1', '127.0.0.1'))
        self.passive_close(client, server)
        self.paths(self.a, A_OPENS + PASSIVE)
        self.paths(self.b, B_OPENS + ACTIVE)

    @over(*ALL)
    def test_refused(self, name):
        self.family(name)
        client = self.socket(next(tcp.ports))
        to = (self.f.host, next(tcp.ports))
        self.assertRaises(ConnectionRefusedError, client.connect, to)
        self.step('refused')
        self.paths((*client.getsockname()[:2], *to),
                   CONNECTING + ' -refused> CLOSE')

    @over(*BOTH)
    def test_refused_autobound(self, name):
        self.family(name)
        to = (self.f.host, next(tcp.ports))
        client = self.socket()
        self.assertRaises(ConnectionRefusedError, client.connect, to)
        self.step('refused')
        lives = [life for life in self.watch.model.lives
                 if life.end[2:] == to and life.netns == self.watch.netns]
        self.stories(lives, CONNECTING + ' -refused> CLOSE')
        self.assertEqual(lives[0].conn, tcp.cookie(client))
        self.assertIsNotNone(lives[0].events[0].lport)

    @over(*BOTH)
    def test_no_free_port(self, name):
        """
        The range of ephemeral ports is used up: connect() fails before there
        is a port, so the lines about it name none.
        """
        self.family(name)
        port = next(tcp.ports)
        listener = self.listener()
        self.sysctl('ip_local_port_range', f'{port} {port}')
        self.listener(port=port)
        client = self.socket()
        with self.assertRaises(OSError) as caught:
            client.connect(listener.getsockname()[:2])
        self.assertEqual(caught.exception.errno, errno.EADDRNOTAVAIL)
        self.step('failed')
        cookie = tcp.cookie(client)
        life, = [life for life in self.watch.model.lives
                 if life.conn == cookie]
        self.stories([life], CONNECTING + ' -connect-failed> CLOSE')
        self.assertEqual({event.lport for event in life.events}, {None})

    @over(*BOTH)
    def test_tuple_in_use(self, name):
        """connect() fails because another connection has the tuple."""
        self.family(name)
        port = next(tcp.ports)
        listener, client, _ = self.pair(port)
        again = self.socket(port)
        with self.assertRaises(OSError) as caught:
            again.connect(listener.getsockname()[:2])
        self.assertEqual(caught.exception.errno, errno.EADDRNOTAVAIL)
        self.step('failed', a='ESTABLISHED', b='ESTABLISHED')
        self.paths(self.a, A_OPENS, CONNECTING + ' -connect-failed> CLOSE')
        self.reset(client)
        self.step('closed', a=None, b=None)

    @over(*BOTH)
    def test_no_reuse_of_time_wait(self, name):
        """The only port is in TIME_WAIT, and must not be reused."""
        self.family(name)
        self.sysctl('tcp_tw_reuse', 0)
        listener = self.listener()
        port = next(tcp.ports)
        self.sysctl('ip_local_port_range', f'{port} {port}')
        _, client, server = self.pair(listener=listener)
        self.active_close(client, server)
        again = self.socket()
        with self.assertRaises(OSError) as caught:
            again.connect(listener.getsockname()[:2])
        self.assertEqual(caught.exception.errno, errno.EADDRNOTAVAIL)
        self.step('failed', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + ACTIVE)
        cookie = tcp.cookie(again)
        self.stories([life for life in self.watch.model.lives
                      if life.conn == cookie],
                     CONNECTING + ' -connect-failed> CLOSE')

    @over(*BOTH)
    def test_connect_timeout(self, name):
        self.family(name)
        sink = self.sink()
        client = self.socket(next(tcp.ports))
        client.setsockopt(socket.IPPROTO_TCP, tcp.TCP_SYNCNT, 1)
        self.a = (*client.getsockname()[:2], *sink.getsockname()[:2])
        self.assertFalse(tcp.start_connect(client, self.a[2:]))
        self.step('connecting', a='SYN_SENT')
        self.step('timed out', a=None)
        self.assertEqual(
            client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
            errno.ETIMEDOUT)
        self.paths(self.a, CONNECTING + ' -timeout> CLOSE')

    @over(*ALL)
    def test_close_in_syn_sent(self, name):
        """The client gives up; its peer learns that from a RST."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 2)
        listener = self.listener()
        client = self.socket(next(tcp.ports))
        tcp.attach_filter(client, tcp.DROP_ALL)
        self.assertFalse(tcp.start_connect(client, listener.getsockname()[:2]))
        self.a = (*client.getsockname()[:2], *listener.getsockname()[:2])
        self.b = tcp.flip(self.a)
        self.step('half open', a='SYN_SENT', b='SYN_RECV')
        client.close()
        self.step('given up', a=None)
        self.step('reset', a=None, b=None)
        self.paths(self.a, CONNECTING + ' -close> CLOSE')
        self.paths(self.b, HALF_OPEN + RESET)

    @over(*BOTH)
    def test_self_connect(self, name):
        self.family(name)
        port = next(tcp.ports)
        sock = self.socket(port)
        sock.connect((self.f.host, port))
        self.a = tcp.ends(sock)
        self.step('connected', a='ESTABLISHED')
        self.check_cookie(sock, self.a)
        sock.sendall(b'to myself')
        self.assertEqual(sock.recv(100), b'to myself')
        sock.close()
        self.step('closed', a='TIME_WAIT')
        self.paths(self.a, MET + SIMULTANEOUS)

    @over(*BOTH)
    def test_simultaneous_open(self, name):
        """A's SYN meets nothing; then B's SYN meets A in SYN_SENT."""
        self.family(name)
        first, second = next(tcp.ports), next(tcp.ports)
        sink = self.listener(port=second)
        tcp.attach_filter(sink, tcp.DROP_ALL)
        one = self.socket(first)
        self.assertFalse(tcp.start_connect(one, (self.f.host, second)))
        self.a = (self.f.host, first, self.f.host, second)
        self.b = tcp.flip(self.a)
        self.step('A waits', a='SYN_SENT')
        sink.close()
        other = self.socket(second)
        other.connect((self.f.host, first))
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        self.check_cookie(one, self.a)
        self.check_cookie(other, self.b)
        self.active_close(one, other)
        self.paths(self.a, MET + ACTIVE)
        self.paths(self.b, A_OPENS + PASSIVE)
