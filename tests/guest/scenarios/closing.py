# SPDX-License-Identifier: GPL-2.0
"""How connections end while a process holds them."""

import socket

from lib import tcp
from lib.harness import expand, over
from lib.scenario import (
    ABORTED, ACTIVE, ALL, A_OPENS, BOTH, B_OPENS, FIN_ACKED, LISTENER, PASSIVE,
    RESET, SIMULTANEOUS, Scenario, by_shutdown, shut_down)


@expand
class Closing(Scenario):
    @over(*ALL)
    def test_active(self, name):
        self.family(name)
        listener, client, server = self.pair()
        end = tcp.listening(listener)
        self.active_close(client, server)
        listener.close()
        self.step('listener closed', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + ACTIVE)
        self.paths(self.b, B_OPENS + PASSIVE)
        self.paths(end, LISTENER)

    @over(*ALL)
    def test_passive(self, name):
        self.family(name)
        _, client, server = self.pair()
        self.passive_close(client, server)
        self.paths(self.a, A_OPENS + PASSIVE)
        self.paths(self.b, B_OPENS + ACTIVE)

    @over(*BOTH)
    def test_without_pause(self, name):
        """Connections that are closed without a pause, many times."""
        self.family(name)
        listener = self.listener()
        tuples = []
        for _ in range(50):
            client = self.socket()
            client.connect(listener.getsockname()[:2])
            server = self.keep(listener.accept()[0])
            tuples.append(tcp.ends(client))
            client.close()
            server.close()
        self.step('all closed', {end: 'TIME_WAIT' for end in tuples})
        crossed = 0
        for end in tuples:
            # B's FIN is sent before A's arrives, if that is put off.
            if 'CLOSING' in self.watch.paths(end)[0]:
                crossed += 1
                self.paths(end, A_OPENS + SIMULTANEOUS)
                self.paths(tcp.flip(end), B_OPENS + SIMULTANEOUS)
            else:
                self.paths(end, A_OPENS + ACTIVE)
                self.paths(tcp.flip(end), B_OPENS + PASSIVE)
        print(f'# FINs crossed: {crossed} of {len(tuples)}')

    @over(*ALL)
    def test_simultaneous(self, name):
        """
        Both FINs cross. The filters let nothing through but the segments made
        by hand, which stand for the first FINs.
        """
        self.family(name)
        client, server, _, _ = self.simultaneous(shut_down)
        for sock in (client, server):
            tcp.detach_filter(sock)
        self.step('acknowledged', a='TIME_WAIT', b='TIME_WAIT')
        client.close()
        server.close()
        self.step('closed', a='TIME_WAIT', b='TIME_WAIT')
        self.paths(self.a, A_OPENS + by_shutdown(SIMULTANEOUS))
        self.paths(self.b, B_OPENS + by_shutdown(SIMULTANEOUS))

    @over(*BOTH)
    def test_closing_then_closed(self, name):
        """The processes have closed before the last ACK comes."""
        self.family(name)
        _, _, seq, ack = self.simultaneous()
        self.by_hand(self.a, tcp.ACK, seq + 1, ack + 1)
        self.by_hand(self.b, tcp.ACK, ack + 1, seq + 1)
        self.step('acknowledged', a='TIME_WAIT', b='TIME_WAIT')
        self.paths(self.a, A_OPENS + SIMULTANEOUS)
        self.paths(self.b, B_OPENS + SIMULTANEOUS)

    @over(*BOTH)
    def test_fin_with_ack(self, name):
        """One segment has a FIN and acknowledges the FIN."""
        self.family(name)
        _, client, server = self.pair()
        seq, ack = tcp.sequences(client)
        tcp.attach_filter(client, tcp.ONLY_MARKED)
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.close()
        self.step('A sent FIN', a='FIN_WAIT1', b='ESTABLISHED')
        self.by_hand(self.b, tcp.FIN | tcp.ACK, ack, seq + 1)
        self.step('answered', a='TIME_WAIT', b='ESTABLISHED')
        self.paths(self.a, A_OPENS + ACTIVE)
        tcp.detach_filter(server)
        self.reset(server)
        # B's RST lies at the number that A waits for no longer.
        self.step('B reset', b=None)
        self.paths(self.b, B_OPENS + ABORTED)

    @over(*BOTH)
    def test_last_ack_lost(self, name):
        """LAST_ACK lasts until a retransmitted FIN is acknowledged."""
        self.family(name)
        client, server = self.half_closed()
        tcp.attach_filter(server, tcp.DROP_ALL)
        server.shutdown(socket.SHUT_WR)
        self.step('ACK lost', a='TIME_WAIT', b='LAST_ACK')
        tcp.detach_filter(server)
        self.step('FIN again', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + by_shutdown(ACTIVE))
        self.paths(self.b, B_OPENS + by_shutdown(PASSIVE))

    @over(*ALL)
    def test_unread_data(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.sendall(b'unread')
        self.assertEqual(server.recv(10, socket.MSG_PEEK), b'unread')
        server.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + RESET)
        self.paths(self.b, B_OPENS + ' -unread> CLOSE')

    @over(*ALL)
    def test_linger_zero(self, name):
        self.family(name)
        _, client, _ = self.pair()
        self.reset(client)
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + ABORTED)
        self.paths(self.b, B_OPENS + RESET)

    @over(*ALL)
    def test_half_close(self, name):
        """One side goes on sending; A keeps its socket to the end."""
        self.family(name)
        client, server = self.half_closed()
        server.sendall(b'still here')
        self.assertEqual(client.recv(100), b'still here')
        self.step('B sent', a='FIN_WAIT2', b='CLOSE_WAIT')
        server.shutdown(socket.SHUT_WR)
        self.step('B shut down', a='TIME_WAIT', b=None)
        client.close()
        server.close()
        self.step('closed', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + by_shutdown(ACTIVE))
        self.paths(self.b, B_OPENS + by_shutdown(PASSIVE))

    @over(*BOTH)
    def test_half_close_by_server(self, name):
        self.family(name)
        _, client, server = self.pair()
        server.shutdown(socket.SHUT_WR)
        self.step('B shut down', a='CLOSE_WAIT', b='FIN_WAIT2')
        client.sendall(b'still here')
        self.assertEqual(server.recv(100), b'still here')
        client.shutdown(socket.SHUT_RDWR)
        self.step('A shut down', a=None, b='TIME_WAIT')
        self.paths(self.a, A_OPENS + by_shutdown(PASSIVE))
        self.paths(self.b, B_OPENS + by_shutdown(ACTIVE))

    @over(*BOTH)
    def test_shutdown_then_close(self, name):
        """close() in FIN_WAIT2 changes the structure, not the state."""
        self.family(name)
        client, server = self.half_closed()
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED))
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + by_shutdown(ACTIVE))
        self.paths(self.b, B_OPENS + PASSIVE)

    @over(*BOTH)
    def test_disconnect(self, name):
        """connect() to AF_UNSPEC, and another connection on the socket."""
        self.family(name)
        listener, client, server = self.pair()
        cookie, first = tcp.cookie(client), self.a
        tcp.disconnect(client)
        self.step('disconnected', a=None, b=None)
        self.paths(first, A_OPENS + ABORTED)
        self.paths(self.b, B_OPENS + RESET)
        client.connect(listener.getsockname()[:2])
        server = self.keep(listener.accept()[0])
        self.connected(client, server)
        self.assertEqual([life.conn for life in self.watch.lives(self.a)][-1],
                         cookie)
        self.active_close(client, server)
        # The kernel may have chosen the same port again.
        self.stories(self.watch.lives(self.a)[-1:], A_OPENS + ACTIVE)
        self.stories(self.watch.lives(self.b)[-1:], B_OPENS + PASSIVE)

    @over(*BOTH)
    def test_disconnected_listener(self, name):
        """A socket that listened becomes a client."""
        self.family(name)
        sock = self.listener()
        end = tcp.listening(sock)
        self.step('listening')
        tcp.disconnect(sock)
        self.step('disconnected')
        self.paths(end, 'CLOSE -listen> LISTEN -disconnect> CLOSE')
        other = self.listener()
        sock.connect(other.getsockname()[:2])
        self.sides(sock)
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        self.paths(self.a, A_OPENS)
        tcp.reset_on_close(sock)

    @over(*BOTH)
    def test_listen_after_disconnect(self, name):
        """A client's old port must not show up when its socket listens."""
        self.family(name)
        _, client, _ = self.pair()
        tcp.disconnect(client)
        self.step('disconnected', a=None, b=None)
        client.listen(1)
        self.step('listening')
        end = tcp.listening(client)
        client.close()
        self.step('closed')
        self.paths(end, LISTENER)
