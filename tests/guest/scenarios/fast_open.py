# SPDX-License-Identifier: GPL-2.0
"""TCP Fast Open."""

import contextlib
import socket

from lib import tcp
from lib.harness import expand, over
from lib.scenario import (
    ABORTED, ACTIVE, A_OPENS, BOTH, B_OPENS, CONNECTING, FIN_SENT, HALF_OPEN,
    PASSIVE, RESET, Scenario)


@expand
class FastOpen(Scenario):
    """TCP Fast Open: the data of the SYN makes a socket before the last ACK."""

    def setUp(self):
        super().setUp()
        # Client and server, without cookies, for all listeners.
        self.sysctl('tcp_fastopen', 0x607)

    def listener(self, *arguments, **named):
        listener = super().listener(*arguments, **named)
        listener.setsockopt(socket.IPPROTO_TCP, tcp.TCP_FASTOPEN, 16)
        return listener

    @over(*BOTH)
    def test_fast_open_complete(self, name):
        self.family(name)
        listener = self.listener()
        client = self.socket()
        client.sendto(b'early', tcp.MSG_FASTOPEN, listener.getsockname()[:2])
        server = self.keep(listener.accept()[0])
        self.assertEqual(server.recv(10), b'early')
        self.connected(client, server)
        self.active_close(client, server)
        self.paths(self.a, A_OPENS + ACTIVE)
        self.paths(self.b, B_OPENS + PASSIVE)
        life, = self.watch.lives(self.b)
        for event in life.events:
            self.assertIn('tfo', event.flags, event.text)
        life, = self.watch.lives(self.a)
        told = [event.new for event in life.events if 'tfo' in event.flags]
        # The client learns it from the SYN-ACK, after it is ESTABLISHED; the
        # minisock does not know any more.
        self.assertEqual(told[0], 'FIN_WAIT1')

    def data_in_syn(self):
        """A has sent a SYN with data, and does not see the SYN-ACK."""
        listener = self.listener()
        client = self.socket(next(tcp.ports))
        tcp.attach_filter(client, tcp.DROP_ALL)
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            client.sendto(b'early', tcp.MSG_FASTOPEN,
                          listener.getsockname()[:2])
        self.a = (*client.getsockname()[:2], *listener.getsockname()[:2])
        self.b = tcp.flip(self.a)
        return listener, client

    def early(self):
        """B is a socket in SYN_RECV with data; A has seen no SYN-ACK."""
        listener, client = self.data_in_syn()
        listener.settimeout(10)
        server = self.keep(listener.accept()[0])
        self.assertEqual(server.recv(10), b'early')
        self.step('early', a='SYN_SENT', b='SYN_RECV')
        self.check_cookie(server, self.b)
        return listener, client, server

    @over(*BOTH)
    def test_fast_open_late_ack(self, name):
        self.family(name)
        _, client, server = self.early()
        tcp.detach_filter(client)
        self.step('complete', a='ESTABLISHED', b='ESTABLISHED')
        self.reset(server)
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + RESET)
        self.paths(self.b, B_OPENS + ABORTED)

    @over(*BOTH)
    def test_fast_open_reset_in_syn_recv(self, name):
        """The client is gone: its kernel resets the next SYN-ACK."""
        self.family(name)
        _, client, _ = self.early()
        client.close()
        self.step('A gone', a=None)
        self.step('reset', a=None, b=None)
        self.paths(self.a, CONNECTING + ' -close> CLOSE')
        self.paths(self.b, HALF_OPEN + RESET)

    @over(*BOTH)
    def test_fast_open_close_in_syn_recv(self, name):
        """The server closes before the handshake is complete."""
        self.family(name)
        _, client, server = self.early()
        server.close()
        self.step('B closed', a='SYN_SENT', b='FIN_WAIT1')
        client.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, CONNECTING + ' -close> CLOSE')
        self.paths(self.b, HALF_OPEN + FIN_SENT +
                   self.after_close('rst-received'))

    @over(*BOTH)
    def test_fast_open_synack_timeout(self, name):
        """Nobody answers the SYN-ACKs of a socket that has data already."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 0)
        # The client sends no SYN after B's end.
        self.sysctl('tcp_syn_retries', 1)
        self.early()
        self.step('given up', a=None, b=None)
        self.paths(self.a, CONNECTING + ' -timeout> CLOSE')
        self.paths(self.b, HALF_OPEN + ' -synack-timeout> CLOSE')

    @over(*BOTH)
    def test_fast_open_unaccepted(self, name):
        """The listener is closed with the early connection in its queue."""
        self.family(name)
        listener, client = self.data_in_syn()
        self.step('early', a='SYN_SENT', b='SYN_RECV')
        listener.close()
        self.step('listener closed', a='SYN_SENT', b=None)
        self.paths(self.b, HALF_OPEN + ' -listener-closed> CLOSE')
        client.close()
        self.step('A closed', a=None)
        self.paths(self.a, CONNECTING + ' -close> CLOSE')

    @over(*BOTH)
    def test_fast_open_deferred_connect(self, name):
        """TCP_FASTOPEN_CONNECT: connect() returns before any SYN is sent."""
        self.family(name)
        listener = self.listener()
        client = self.socket()
        client.setsockopt(socket.IPPROTO_TCP, tcp.TCP_FASTOPEN_CONNECT, 1)
        address = listener.getsockname()[:2]
        client.connect(address)
        self.a = (*client.getsockname()[:2], *address)
        self.b = tcp.flip(self.a)
        self.step('put off', b=None)
        client.sendall(b'early')
        server = self.keep(listener.accept()[0])
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        self.assertEqual(server.recv(10), b'early')
        self.reset(client)
        self.step('closed', a=None, b=None)
        self.paths(self.a, A_OPENS + ABORTED)
        self.paths(self.b, B_OPENS + RESET)

    @over(*BOTH)
    def test_fast_open_deferred_never_sent(self, name):
        """TCP_FASTOPEN_CONNECT, closed without a write: no SYN is sent."""
        self.family(name)
        listener = self.listener()
        client = self.socket(next(tcp.ports))
        client.setsockopt(socket.IPPROTO_TCP, tcp.TCP_FASTOPEN_CONNECT, 1)
        address = listener.getsockname()[:2]
        client.connect(address)
        self.a = (*client.getsockname()[:2], *address)
        self.b = tcp.flip(self.a)
        self.step('put off', b=None)
        client.close()
        self.step('closed', a=None, b=None)
        self.paths(self.a, CONNECTING + ' -close> CLOSE')
        self.paths(self.b)
