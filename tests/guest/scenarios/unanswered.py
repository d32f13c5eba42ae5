# SPDX-License-Identifier: GPL-2.0
"""Errors from the network, and no answer from the peer."""

import errno
import socket

from lib import tcp
from lib.harness import expand, over
from lib.scenario import (
    ABORTED, ALL, A_OPENS, BOTH, B_OPENS, CONNECTING, FIN_ACKED, FIN_CAME,
    FIN_SENT, HALF_OPEN, RESET, Scenario, by_shutdown)

UNANSWERED = ' -timeout> CLOSE'


@expand
class Unreachable(Scenario):
    """ICMP messages, made by hand, from a router that does not exist."""

    def error(self, end, kind, flags):
        """Answers the next segment of @end with these flags by a message."""
        raw = self.keep(self.f.raw())
        tcp.send_error(end, kind, tcp.await_segment(raw, end, flags))

    @over(*ALL)
    def test_unreachable(self, name):
        self.family(name)
        client = self.connecting()
        # The SYN that is sent a second later.
        self.error(self.a, tcp.HOST_UNREACHABLE, tcp.SYN)
        self.step('unreachable', a=None)
        self.assertEqual(
            client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
            errno.EHOSTUNREACH)
        self.paths(self.a, CONNECTING + ' -unreachable> CLOSE')

    @over(*BOTH)
    def test_port_unreachable(self, name):
        self.family(name)
        self.connecting()
        self.error(self.a, tcp.PORT_UNREACHABLE, tcp.SYN)
        self.step('refused', a=None)
        self.paths(self.a, CONNECTING + ' -refused> CLOSE')

    @over(*BOTH)
    def test_wrong_number(self, name):
        """A message about a segment that was not sent has no effect."""
        self.family(name)
        self.connecting()
        raw = self.keep(self.f.raw())
        seq = tcp.await_segment(raw, self.a, tcp.SYN)
        tcp.send_error(self.a, tcp.HOST_UNREACHABLE, seq + 1000 & 0xffffffff)
        self.step('still there', a='SYN_SENT')
        self.paths(self.a, CONNECTING)

    @over(*BOTH)
    def test_half_open_unreachable(self, name):
        """The SYN-ACK cannot be delivered."""
        self.family(name)
        self.half_open_by_hand()
        self.error(self.b, tcp.FATAL, tcp.SYN | tcp.ACK)
        self.step('unreachable', b=None)
        self.paths(self.b, HALF_OPEN + ' -unreachable> CLOSE')

    @over(*BOTH)
    def test_half_open_not_fatal(self, name):
        """An error that does not end it is not the cause of its end."""
        self.family(name)
        raw = self.half_open_by_hand()
        self.error(self.b, tcp.NOT_FATAL, tcp.SYN | tcp.ACK)
        self.step('still half open', b='SYN_RECV')
        self.paths(self.b, HALF_OPEN)
        self.reset_by_hand(raw)

    @over(*BOTH)
    def test_soft_error(self, name):
        """It does not end an established connection; the timeout does."""
        self.family(name)
        self.sysctl('tcp_retries2', 3)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        raw = self.keep(self.f.raw())
        client.sendall(b'lost')
        seq = tcp.await_segment(raw, self.a, tcp.PSH | tcp.ACK)
        tcp.send_error(self.a, tcp.HOST_UNREACHABLE, seq)
        self.step('sent', a='ESTABLISHED', b='ESTABLISHED')
        self.step('timed out', a=None, b='ESTABLISHED')
        self.assertEqual(
            client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
            errno.EHOSTUNREACH)
        self.paths(self.a, A_OPENS + UNANSWERED)
        tcp.reset_on_close(server)


@expand
class Unanswered(Scenario):
    """The peer does not answer any more."""

    @over(*BOTH)
    def test_keepalive(self, name):
        self.family(name)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL,
                       socket.TCP_KEEPCNT):
            client.setsockopt(socket.IPPROTO_TCP, option, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.step('timed out', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + UNANSWERED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_user_timeout(self, name):
        self.family(name)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
        client.sendall(b'lost')
        self.step('timed out', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + UNANSWERED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_fin_unanswered(self, name):
        """FIN_WAIT1 after close(): tcp_orphan_retries."""
        self.family(name)
        self.sysctl('tcp_orphan_retries', 1)
        _, server = self.fin_lost()
        self.step('timed out', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + FIN_SENT + UNANSWERED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_last_fin_unanswered(self, name):
        """LAST_ACK of an open socket."""
        self.family(name)
        client, server = self.half_closed()
        tcp.attach_filter(client, tcp.DROP_ALL)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
        server.shutdown(socket.SHUT_WR)
        self.step('B shut down', a='FIN_WAIT2', b='LAST_ACK')
        self.step('timed out', a='FIN_WAIT2', b=None)
        self.paths(self.b, B_OPENS + FIN_CAME + ' -shutdown> LAST_ACK' +
                   UNANSWERED)
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_linger2(self, name):
        """FIN_WAIT2 lasts as long as TCP_LINGER2 says."""
        self.family(name)
        _, client, server = self.pair()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 1)
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.step('expired', a=None, b='CLOSE_WAIT')
        self.paths(self.a, A_OPENS + FIN_ACKED + UNANSWERED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_linger2_after_shutdown(self, name):
        """TCP_LINGER2, if the FIN was acknowledged before close()."""
        self.family(name)
        _, client, server = self.pair()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, -1)
        self.shut_down(client)
        client.close()
        self.step('A closed', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + ABORTED)
        self.paths(self.b, B_OPENS + FIN_CAME + RESET)
        server.close()
