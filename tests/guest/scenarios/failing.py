# SPDX-License-Identifier: GPL-2.0
"""Calls that fail or end a connection at once, and TCP_REPAIR."""

import errno
import socket

from lib import tcp
from lib.harness import expand, over
from lib.scenario import (
    ABORTED, ACTIVE, ALL, A_OPENS, BOTH, B_OPENS, CONNECTING, FIN_ACKED,
    FIN_CAME, LISTENER, RESET, Scenario, by_shutdown)

DISCONNECTED = ' -disconnect> CLOSE'


@expand
class Failing(Scenario):
    """Calls that fail."""

    @over(*ALL)
    def test_listen_failed(self, name):
        """Two sockets are bound to a port; only one can listen."""
        self.family(name)
        port = next(tcp.ports)
        first, second = self.socket(port), self.socket(port)
        first.listen(1)
        with self.assertRaises(OSError) as caught:
            second.listen(1)
        self.assertEqual(caught.exception.errno, errno.EADDRINUSE)
        self.step('failed')
        self.paths(tcp.listening(first), 'CLOSE -listen> LISTEN',
                   'CLOSE -listen> LISTEN -listen-failed> CLOSE')
        first.close()
        self.step('closed')
        self.paths((self.f.host, port, None, None), LISTENER,
                   'CLOSE -listen> LISTEN -listen-failed> CLOSE')

    @over(*BOTH)
    def test_listen_without_port(self, name):
        """There is no free port to listen on."""
        self.family(name)
        port = next(tcp.ports)
        self.sysctl('ip_local_port_range', f'{port} {port}')
        taken = self.keep(socket.socket(self.f.af))
        taken.bind((self.f.any, port))
        taken.listen(1)
        sock = self.keep(socket.socket(self.f.af))
        with self.assertRaises(OSError) as caught:
            sock.listen(1)
        self.assertEqual(caught.exception.errno, errno.EADDRINUSE)
        self.step('failed')
        cookie = tcp.cookie(sock)
        life, = [life for life in self.watch.model.lives
                 if life.conn == cookie]
        self.stories([life], 'CLOSE -listen> LISTEN -listen-failed> CLOSE')
        self.assertEqual({event.lport for event in life.events}, {None})

    @over(*BOTH)
    def test_no_route(self, name):
        """connect() without a route fails before there is any state."""
        self.family(name)
        client = self.keep(self.f.open())
        nowhere = {'v4': '192.0.2.1', 'v6': '2001:db8::1'}[name]
        before = len(self.watch.model.lives)
        with self.assertRaises(OSError) as caught:
            client.connect((nowhere, 80))
        self.assertEqual(caught.exception.errno, errno.ENETUNREACH)
        self.step('failed')
        self.assertEqual(list(map(str, self.watch.model.lives[before:])), [])

    @over(*ALL)
    def test_shutdown_in_syn_sent(self, name):
        self.family(name)
        client = self.connecting()
        client.shutdown(socket.SHUT_RDWR)
        self.step('shut down', a=None)
        self.paths(self.a, CONNECTING + DISCONNECTED)

    @over(*BOTH)
    def test_disconnect_in_syn_sent(self, name):
        self.family(name)
        client = self.connecting()
        tcp.disconnect(client)
        self.step('disconnected', a=None)
        self.paths(self.a, CONNECTING + DISCONNECTED)

    @over(*BOTH)
    def test_linger_zero_in_syn_sent(self, name):
        self.family(name)
        client = self.connecting()
        self.reset(client)
        self.step('closed', a=None)
        self.paths(self.a, CONNECTING + ABORTED)

    @over(*BOTH)
    def test_linger_zero_in_listen(self, name):
        self.family(name)
        listener = self.listener()
        end = tcp.listening(listener)
        self.reset(listener)
        self.step('closed')
        self.paths(end, LISTENER)

    @over(*BOTH)
    def test_linger_zero_in_close_wait(self, name):
        self.family(name)
        client, server = self.half_closed()
        self.reset(server)
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + RESET)
        self.paths(self.b, B_OPENS + FIN_CAME + ABORTED)

    @over(*BOTH)
    def test_linger_zero_in_fin_wait2(self, name):
        """close() with SO_LINGER 0 after shutdown()."""
        self.family(name)
        client, server = self.half_closed()
        self.reset(client)
        self.step('reset', a=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + ABORTED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_unread_in_close_wait(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.sendall(b'unread')
        self.shut_down(client)
        server.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + RESET)
        self.paths(self.b, B_OPENS + FIN_CAME + ' -unread> CLOSE')


@expand
class Repair(Scenario):
    """TCP_REPAIR, which puts connections into a socket and takes them out."""

    @over(*ALL)
    def test_repair_close(self, name):
        """close() of a socket under repair sends nothing."""
        self.family(name)
        _, client, server = self.pair()
        server.setsockopt(socket.IPPROTO_TCP, tcp.TCP_REPAIR, 1)
        server.close()
        self.step('gone', a='ESTABLISHED', b=None)
        self.paths(self.b, B_OPENS + ' -repair> CLOSE')
        self.reset(client)
        self.step('closed', a=None)
        self.paths(self.a, A_OPENS + ABORTED)

    @over(*BOTH)
    def test_repair_connect(self, name):
        """A connection goes from one socket to another."""
        self.family(name)
        port = next(tcp.ports)
        _, client, server = self.pair(port)
        send, receive = tcp.sequences(client)
        client.setsockopt(socket.IPPROTO_TCP, tcp.TCP_REPAIR, 1)
        client.close()
        self.step('taken out', a=None, b='ESTABLISHED')
        again = self.keep(self.f.open())
        again.setsockopt(socket.IPPROTO_TCP, tcp.TCP_REPAIR, 1)
        again.bind((self.f.host, port))
        tcp.reset_sequences(again, send, receive)
        again.connect(self.a[2:])
        self.step('put in', a='ESTABLISHED', b='ESTABLISHED')
        # Which asks for the window that the peer offers.
        again.setsockopt(socket.IPPROTO_TCP, tcp.TCP_REPAIR, 0)
        self.active_close(again, server)
        self.paths(self.a, A_OPENS + ' -repair> CLOSE',
                   CONNECTING + ' -repair> ESTABLISHED' + ACTIVE)
