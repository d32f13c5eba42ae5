# SPDX-License-Identifier: GPL-2.0
"""What goes wrong: calls that fail, errors from the network, no answer."""

import errno
import socket

from lib import kernel, tcp
from lib.harness import expand, over
from lib.scenario import (
    ABORTED, ACTIVE, ALL, A_OPENS, BOTH, B_OPENS, CONNECTING, FIN_ACKED,
    FIN_CAME, FIN_SENT, HALF_OPEN, LISTENER, RESET, Scenario, by_shutdown)

UNANSWERED = ' -timeout> CLOSE'
DISCONNECTED = ' -disconnect> CLOSE'


@expand
class Failing(Scenario):
    """Calls that fail."""

    @over(*ALL)
    def test_listen_failed(self, name):
        """Two sockets are bound to a port, which only one can listen on."""
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
        tcp.reset_on_close(client)
        client.close()
        self.step('closed', a=None)
        self.paths(self.a, CONNECTING + ABORTED)

    @over(*BOTH)
    def test_linger_zero_in_listen(self, name):
        self.family(name)
        listener = self.listener()
        end = tcp.listening(listener)
        tcp.reset_on_close(listener)
        listener.close()
        self.step('closed')
        self.paths(end, LISTENER)

    @over(*BOTH)
    def test_linger_zero_in_close_wait(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        tcp.reset_on_close(server)
        server.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + RESET)
        self.paths(self.b, B_OPENS + FIN_CAME + ABORTED)

    @over(*BOTH)
    def test_linger_zero_in_fin_wait2(self, name):
        """close() with SO_LINGER 0 after shutdown()."""
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        tcp.reset_on_close(client)
        client.close()
        self.step('reset', a=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + ABORTED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_unread_in_close_wait(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.sendall(b'unread')
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        server.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + RESET)
        self.paths(self.b, B_OPENS + FIN_CAME + ' -unread> CLOSE')


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
        """A message about a segment that was not sent says nothing."""
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
        listener = self.listener()
        self.raw_syn(listener, self.sink().getsockname()[1])
        self.step('half open', b='SYN_RECV')
        self.error(self.b, tcp.FATAL, tcp.SYN | tcp.ACK)
        self.step('unreachable', b=None)
        self.paths(self.b, HALF_OPEN + ' -unreachable> CLOSE')

    @over(*BOTH)
    def test_half_open_not_fatal(self, name):
        """What does not end it is no cause of its end."""
        self.family(name)
        listener = self.listener()
        raw = self.raw_syn(listener, self.sink().getsockname()[1])
        self.step('half open', b='SYN_RECV')
        self.error(self.b, tcp.NOT_FATAL, tcp.SYN | tcp.ACK)
        self.step('still half open', b='SYN_RECV')
        self.paths(self.b, HALF_OPEN)
        tcp.send_segment(raw, self.a, tcp.RST, 1001)
        self.step('reset', b=None)
        self.paths(self.b, HALF_OPEN + RESET)

    @over(*BOTH)
    def test_soft_error(self, name):
        """With an established connection it is no reason, a timeout is."""
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
    """Nobody answers any more."""

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
        """FIN_WAIT1 of nobody: tcp_orphan_retries."""
        self.family(name)
        self.sysctl('tcp_orphan_retries', 1)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.close()
        self.step('closed', a='FIN_WAIT1', b='ESTABLISHED')
        self.step('timed out', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + FIN_SENT + UNANSWERED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_last_fin_unanswered(self, name):
        """LAST_ACK, that a process holds."""
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
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
        """The same, if the FIN was acknowledged before close()."""
        self.family(name)
        _, client, server = self.pair()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, -1)
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        client.close()
        self.step('A closed', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + ABORTED)
        self.paths(self.b, B_OPENS + FIN_CAME + RESET)
        server.close()


@expand
class TooLate(Scenario):
    """Data that comes after close()."""

    RST_SENT = ' -rst-sent> CLOSE'

    @over(*BOTH)
    def test_data_to_fin_wait1(self, name):
        self.family(name)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.close()
        self.step('A closed', a='FIN_WAIT1', b='ESTABLISHED')
        server.sendall(b'anybody?')
        self.step('reset', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + FIN_SENT + self.after_close('rst-sent'))
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_reset_to_fin_wait1(self, name):
        self.family(name)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.close()
        self.step('A closed', a='FIN_WAIT1', b='ESTABLISHED')
        tcp.reset_on_close(server)
        server.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + FIN_SENT +
                   self.after_close('rst-received'))
        self.paths(self.b, B_OPENS + ABORTED)

    @over(*BOTH)
    def test_data_with_ack_of_fin(self, name):
        """One segment acknowledges the FIN and brings data."""
        self.family(name)
        _, client, server = self.pair()
        seq, ack = tcp.sequences(client)
        raw = self.keep(self.f.raw())
        tcp.attach_filter(client, tcp.ONLY_MARKED)
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.close()
        self.step('A closed', a='FIN_WAIT1', b='ESTABLISHED')
        tcp.send_segment(raw, self.b, tcp.ACK, ack, seq + 1, tcp.MARK,
                         b'anybody?')
        self.step('reset', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + FIN_ACKED + self.RST_SENT)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_data_after_shutdown(self, name):
        """FIN_WAIT2 of a process that has said it reads no more."""
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_RDWR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        server.sendall(b'anybody?')
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) +
                   self.after_close('rst-sent'))
        self.paths(self.b, B_OPENS + FIN_CAME + RESET)

    @over(*BOTH)
    def test_reset_after_shutdown(self, name):
        """A RST to the same."""
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_RDWR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        tcp.reset_on_close(server)
        server.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) +
                   self.after_close('rst-received'))
        self.paths(self.b, B_OPENS + FIN_CAME + ABORTED)

    @over(*BOTH)
    def test_data_to_long_fin_wait2(self, name):
        """FIN_WAIT2 of nobody, which is a full socket for a while."""
        self.family(name)
        self.sysctl('tcp_fin_timeout', 100)
        _, client, server = self.pair()
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        server.sendall(b'anybody?')
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + FIN_ACKED + self.after_close('rst-sent'))
        self.paths(self.b, B_OPENS + FIN_CAME + RESET)

    @over(*BOTH)
    def test_reset_to_last_ack(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        tcp.attach_filter(client, tcp.DROP_ALL)
        server.close()
        self.step('B closed', a='FIN_WAIT2', b='LAST_ACK')
        tcp.reset_on_close(client)
        client.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + ABORTED)
        self.paths(self.b, B_OPENS + FIN_CAME + ' -close> LAST_ACK' + RESET)


@expand
class NoMemory(Scenario):
    """tcp_max_orphans: nobody's connections must not be."""

    def no_orphans(self):
        # 0 lets one be until the kernel counts again.
        self.sysctl('tcp_max_orphans', -1)

    @over(*BOTH)
    def test_orphan_at_close(self, name):
        self.family(name)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        self.no_orphans()
        client.close()
        self.step('A closed', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + FIN_SENT + ' -no-memory> CLOSE')
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_orphan_in_last_ack(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        tcp.attach_filter(client, tcp.DROP_ALL)
        self.no_orphans()
        server.close()
        self.step('B closed', a='FIN_WAIT2', b=None)
        self.paths(self.b, B_OPENS + FIN_CAME +
                   ' -close> LAST_ACK -no-memory> CLOSE')
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_orphan_later(self, name):
        """When the FIN is sent again."""
        self.family(name)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.close()
        self.step('A closed', a='FIN_WAIT1', b='ESTABLISHED')
        self.no_orphans()
        self.step('no memory', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + FIN_SENT + ' -no-memory> CLOSE')
        tcp.reset_on_close(server)


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
        tcp.reset_on_close(client)
        client.close()
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
        again.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + ' -repair> CLOSE',
                   CONNECTING + ' -repair> ESTABLISHED' + ACTIVE)


@expand
class Overflow(Scenario):
    """The handshake's last ACK comes when the accept queue is full."""

    def full(self):
        """A listener with a full queue, and a client that got a SYN-ACK."""
        listener = self.listener(backlog=2)
        address = listener.getsockname()[:2]
        for _ in range(2):
            self.socket().connect(address)
        # The last ACK is kept back while two more are half open.
        tcp.attach_filter(listener, tcp.ONLY_SYN)
        waiting, client = self.socket(), self.socket()
        for sock in (waiting, client):
            sock.connect(address)
        self.a = tcp.ends(client)
        self.b = tcp.flip(self.a)
        third = tcp.flip(tcp.ends(waiting))
        self.step('half open', {third: 'SYN_RECV'}, b='SYN_RECV')
        tcp.detach_filter(listener)
        waiting.sendall(b'x')
        self.step('full', {third: 'ESTABLISHED'}, b='SYN_RECV')
        return client

    @over(*ALL)
    def test_overflow(self, name):
        """The ACK is ignored until the request's time is over."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 3)
        client = self.full()
        client.sendall(b'x')
        self.step('given up', b=None)
        self.paths(self.b, HALF_OPEN + ' -overflow> CLOSE')
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_overflow_abort(self, name):
        self.family(name)
        self.sysctl('tcp_abort_on_overflow', 1)
        client = self.full()
        client.sendall(b'x')
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + RESET)
        self.paths(self.b, HALF_OPEN + ' -overflow> CLOSE')

    @over(*BOTH)
    def test_deferred(self, name):
        """TCP_DEFER_ACCEPT is no overflow, although the ACK has come."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 1)
        listener = self.listener()
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        client = self.socket()
        client.connect(listener.getsockname()[:2])
        self.a = tcp.ends(client)
        self.b = tcp.flip(self.a)
        self.step('kept back', a='ESTABLISHED', b='SYN_RECV')
        client.sendall(b'x')
        self.step('complete', a='ESTABLISHED', b='ESTABLISHED')
        self.paths(self.b, B_OPENS)
        tcp.reset_on_close(client)
