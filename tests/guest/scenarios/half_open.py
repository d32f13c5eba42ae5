# SPDX-License-Identifier: GPL-2.0
"""Between SYN and the last ACK of the handshake, and where that is not taken."""

import socket

from lib import tcp
from lib.harness import expand, over
from lib.scenario import (
    ABORTED, ALL, A_OPENS, BOTH, B_OPENS, CONNECTING, HALF_OPEN, LISTENER,
    PASSIVE, RESET, Scenario)


@expand
class HalfOpen(Scenario):
    @over(*ALL)
    def test_synack_timeout(self, name):
        self.family(name)
        self.sysctl('tcp_synack_retries', 0)
        _, client = self.half_open()
        self.step('given up', a='ESTABLISHED', b=None)
        self.reset(client)
        self.step('closed', a=None, b=None)
        self.paths(self.a, A_OPENS + ABORTED)
        self.paths(self.b, HALF_OPEN + ' -synack-timeout> CLOSE')

    @over(*ALL)
    def test_late_ack(self, name):
        """The last ACK is lost; the first data completes the handshake."""
        self.family(name)
        listener, client = self.half_open()
        begun = self.watch.lives(self.b)[0].events[0]
        tcp.detach_filter(listener)
        client.sendall(b'x')
        server = self.keep(listener.accept()[0])
        self.step('complete', a='ESTABLISHED', b='ESTABLISHED')
        self.assertEqual(tcp.cookie(server), begun.conn)
        self.paths(self.b, B_OPENS)
        self.reset(server)
        self.step('closed', a=None, b=None)

    @over(*BOTH)
    def test_reset(self, name):
        """A SYN by hand, its SYN-ACK unanswered, then a RST."""
        self.family(name)
        raw = self.half_open_by_hand()
        event = self.watch.lives(self.b)[0].events[0]
        self.assertEqual((event.laddr, event.lport, event.raddr, event.rport),
                         self.b)
        self.reset_by_hand(raw)

    @over(*BOTH)
    def test_syn_again(self, name):
        """A second SYN of a half-open connection is not another one."""
        self.family(name)
        raw = self.half_open_by_hand()
        tcp.send_segment(raw, self.a, tcp.SYN, 1000)
        self.step('still half open', b='SYN_RECV')
        self.paths(self.b, HALF_OPEN)
        self.reset_by_hand(raw)

    @over(*BOTH)
    def test_syn_in_window(self, name):
        """A SYN where data should be: the answer is a RST."""
        self.family(name)
        raw = self.half_open_by_hand()
        tcp.send_segment(raw, self.a, tcp.SYN, 1001)
        self.step('reset', b=None)
        self.paths(self.b, HALF_OPEN + ' -rst-sent> CLOSE')

    @over(*BOTH)
    def test_what_changed_nothing(self, name):
        """A SYN again and a RST out of the window are no cause later on."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 1)
        raw = self.half_open_by_hand()
        tcp.send_segment(raw, self.a, tcp.SYN, 1000)
        tcp.send_segment(raw, self.a, tcp.RST, 1001 + (1 << 30))
        self.step('still half open', b='SYN_RECV')
        self.paths(self.b, HALF_OPEN)
        self.step('given up', b=None)
        self.paths(self.b, HALF_OPEN + ' -synack-timeout> CLOSE')

    @over(*BOTH)
    def test_syn_answered_by_reset(self, name):
        """The kernel resets an unexpected SYN-ACK."""
        self.family(name)
        self.raw_syn(self.listener(), next(tcp.ports))
        self.step('reset', b=None)
        self.paths(self.b, HALF_OPEN + RESET)

    @over(*BOTH)
    def test_queue_full(self, name):
        """The last ACK comes when no more connections may wait."""
        self.family(name)
        listener = self.listener(backlog=2)
        address = listener.getsockname()[:2]
        for _ in range(2):
            self.socket().connect(address)
        tcp.attach_filter(listener, tcp.ONLY_SYN)
        clients = [self.socket(), self.socket()]
        for client in clients:
            client.connect(address)
        third, fourth = [tcp.flip(tcp.ends(client)) for client in clients]
        self.step('two half open', {third: 'SYN_RECV', fourth: 'SYN_RECV'})
        tcp.detach_filter(listener)
        clients[0].sendall(b'x')
        self.step('queue full', {third: 'ESTABLISHED', fourth: 'SYN_RECV'})
        clients[1].sendall(b'x')
        self.step('still half open', {third: 'ESTABLISHED',
                                      fourth: 'SYN_RECV'})
        self.paths(fourth, HALF_OPEN)
        self.keep(listener.accept()[0])
        self.step('room again', {third: 'ESTABLISHED',
                                 fourth: 'ESTABLISHED'})
        self.paths(fourth, B_OPENS)
        for sock in self.sockets:
            self.reset(sock)
        self.step('closed', {third: None, fourth: None})

    @over(*BOTH)
    def test_syn_dropped(self, name):
        """The listener's queue is full: a SYN leaves no line."""
        self.family(name)
        listener = self.listener(backlog=0)
        address = listener.getsockname()[:2]
        waiting = self.socket()
        waiting.connect(address)
        client = self.socket(next(tcp.ports))
        self.a = (*client.getsockname()[:2], *address)
        self.b = tcp.flip(self.a)
        tcp.start_connect(client, address)
        self.step('dropped', a='SYN_SENT', b=None)
        client.close()
        self.step('given up', a=None, b=None)
        self.paths(self.a, CONNECTING + ' -close> CLOSE')
        self.paths(self.b)
        tcp.reset_on_close(waiting)

    @over(*BOTH)
    def test_listener_closed(self, name):
        """LISTEN ends at once, its request when the request's timer expires."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 1)
        listener, client = self.half_open()
        end = tcp.listening(listener)
        listener.close()
        self.step('listener closed', a='ESTABLISHED')
        self.paths(end, LISTENER)
        self.step('request gone', b=None)
        self.paths(self.b, HALF_OPEN + ' -listener-closed> CLOSE')
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_unaccepted(self, name):
        """The listener is closed with an unaccepted connection."""
        self.family(name)
        listener = self.listener()
        client = self.unaccepted(listener)
        listener.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + RESET)
        self.paths(self.b, B_OPENS + ' -listener-closed> CLOSE')

    @over(*ALL)
    def test_syncookies(self, name):
        """Nothing exists before the last ACK."""
        self.family(name)
        self.sysctl('tcp_syncookies', 2)
        listener = self.listener()
        tcp.attach_filter(listener, tcp.ONLY_SYN)
        client = self.socket()
        client.connect(listener.getsockname()[:2])
        self.sides(client)
        self.step('cookie sent', a='ESTABLISHED', b=None)
        self.paths(self.b)
        tcp.detach_filter(listener)
        client.sendall(b'x')
        server = self.keep(listener.accept()[0])
        self.step('cookie came back', a='ESTABLISHED', b='ESTABLISHED')
        self.check_cookie(server, self.b)
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.assertEqual(server.recv(10), b'x')
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)
        self.paths(self.b, 'LISTEN -ack> SYN_RECV -ack> ESTABLISHED' + PASSIVE)
        life, = self.watch.lives(self.b)
        for event in life.events:
            self.assertIn('syncookie', event.flags, event.text)
        life, = self.watch.lives(self.a)
        self.assertNotIn('syncookie', life.flags)


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
        self.sides(client)
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
        self.sides(client)
        self.step('kept back', a='ESTABLISHED', b='SYN_RECV')
        client.sendall(b'x')
        self.step('complete', a='ESTABLISHED', b='ESTABLISHED')
        self.paths(self.b, B_OPENS)
        tcp.reset_on_close(client)
