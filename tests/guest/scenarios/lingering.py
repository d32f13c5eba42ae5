# SPDX-License-Identifier: GPL-2.0
"""Connections that the kernel keeps after close()."""

import socket

from lib import kernel, tcp
from lib.harness import expand, over
from lib.scenario import (
    ABORTED, ACTIVE, ALL, A_OPENS, BOTH, B_OPENS, CONNECTING, FIN_ACKED,
    FIN_CAME, PASSIVE, RESET, Scenario, by_shutdown)

REUSED = ' -tw-reused> CLOSE'


@expand
class Lingering(Scenario):
    """FIN_WAIT2 without a process, and TIME_WAIT."""

    @over(*ALL)
    def test_fin_wait2_expires(self, name):
        self.family(name)
        self.sysctl('tcp_fin_timeout', 2)
        server = self.orphan()
        self.step('expired', a=None, b='CLOSE_WAIT')
        self.paths(self.a, A_OPENS + FIN_ACKED + ' -timeout> CLOSE')
        server.close()
        self.step('B closed', a=None, b=None)
        # Its FIN meets nobody.
        self.paths(self.b, B_OPENS + FIN_CAME + ' -close> LAST_ACK' + RESET)

    @over(*BOTH)
    def test_fin_wait2_long(self, name):
        """
        A tcp_fin_timeout above a minute: a full socket in FIN_WAIT2 for what
        exceeds it, then the minisock for as long again.
        """
        self.family(name)
        self.sysctl('tcp_fin_timeout', 62)
        server = self.orphan()
        self.step('expired', a=None, b='CLOSE_WAIT')
        self.paths(self.a, A_OPENS + FIN_ACKED + ' -timeout> CLOSE')
        server.close()
        self.step('B closed', a=None, b=None)

    @over(*BOTH)
    def test_fin_wait2_long_then_fin(self, name):
        """The FIN comes to a full socket after close()."""
        self.family(name)
        self.sysctl('tcp_fin_timeout', 100)
        server = self.orphan()
        server.close()
        self.step('B closed', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + ACTIVE)

    @over(*BOTH)
    def test_data_to_fin_wait2(self, name):
        """Data after close(): both sides are reset."""
        self.family(name)
        server = self.orphan()
        server.sendall(b'anybody?')
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + FIN_ACKED + ' -rst-sent> CLOSE')
        self.paths(self.b, B_OPENS + FIN_CAME + RESET)

    @over(*ALL)
    def test_reset_to_fin_wait2(self, name):
        self.family(name)
        server = self.orphan()
        self.reset(server)
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + FIN_ACKED + RESET)
        self.paths(self.b, B_OPENS + FIN_CAME + ABORTED)

    @over(*BOTH)
    def test_negative_linger2(self, name):
        """TCP_LINGER2 below zero: no FIN_WAIT2 without a process."""
        self.family(name)
        _, client, server = self.pair()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, -1)
        client.close()
        self.step('A closed', a=None, b=None)
        self.paths(self.a, A_OPENS + FIN_ACKED + ABORTED)
        self.paths(self.b, B_OPENS + FIN_CAME + RESET)
        server.close()

    @over(*BOTH)
    def test_fin_again(self, name):
        """FINs and ACKs that come again in TIME_WAIT change nothing."""
        self.family(name)
        # The answer to them goes to nobody, whose RST must not count.
        self.sysctl('tcp_rfc1337', 1)
        server = self.orphan()
        seq, ack = tcp.sequences(server)
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)
        raw = self.keep(self.f.raw())
        for flags in (tcp.FIN | tcp.ACK, tcp.ACK, tcp.FIN | tcp.ACK):
            tcp.send_segment(raw, self.b, flags, seq, ack)
            self.step('again', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + ACTIVE)

    @over(*BOTH)
    def test_reset_to_time_wait(self, name):
        self.family(name)
        self.sysctl('tcp_rfc1337', 0)
        server = self.orphan()
        seq, _ = tcp.sequences(server)
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)
        tcp.send_segment(self.keep(self.f.raw()), self.b, tcp.RST, seq + 1)
        self.step('assassinated', a=None, b=None)
        self.paths(self.a, A_OPENS + ACTIVE + ' -tw-reset> CLOSE')

    @over(*BOTH)
    def test_no_room_for_time_wait(self, name):
        """tcp_max_tw_buckets: the kernel does without TIME_WAIT."""
        self.family(name)
        _, client, server = self.pair()
        with kernel.sysctl('net.ipv4.tcp_max_tw_buckets', 0):
            self.shut_down(client)
            server.close()
            self.step('B closed', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) +
                   ' -tw-overflow> CLOSE')
        self.paths(self.b, B_OPENS + PASSIVE)

    @over(*BOTH)
    def test_no_room_for_fin_wait2(self, name):
        self.family(name)
        _, client, server = self.pair()
        seq, ack = tcp.sequences(client)
        # B's answers do not count, of which a FIN that is sent again has more
        # than one: the second would meet nobody, and reset B.
        tcp.attach_filter(client, tcp.ONLY_MARKED)
        client.close()
        self.step('A closed', a='FIN_WAIT1', b='CLOSE_WAIT')
        tcp.attach_filter(server, tcp.DROP_ALL)
        with kernel.sysctl('net.ipv4.tcp_max_tw_buckets', 0):
            self.by_hand(self.b, tcp.ACK, ack, seq + 1)
            self.step('A acknowledged', a=None, b='CLOSE_WAIT')
        tcp.detach_filter(server)
        self.paths(self.a, A_OPENS + FIN_ACKED + ' -tw-overflow> CLOSE')
        server.close()
        self.step('B closed', b=None)
        self.paths(self.b, B_OPENS + FIN_CAME + ' -close> LAST_ACK' + RESET)

    @over(*BOTH)
    def test_reuse_by_connect(self, name):
        """TIME_WAIT gives way to a connect() from the same bound port."""
        self.family(name)
        self.sysctl('tcp_tw_reuse', 1)
        port = next(tcp.ports)
        listener, client, server = self.pair(port)
        self.active_close(client, server)
        _, client, server = self.pair(port, listener)
        self.paths(self.a, A_OPENS + ACTIVE + REUSED, A_OPENS)
        self.paths(self.b, B_OPENS + PASSIVE, B_OPENS)
        first, second = self.watch.lives(self.a)
        self.assertNotEqual(first.conn, second.conn)
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_reuse_by_autobound_connect(self, name):
        """TIME_WAIT gives way when the kernel chooses the only port."""
        self.family(name)
        self.sysctl('tcp_tw_reuse', 1)
        listener = self.listener()
        port = next(tcp.ports)
        self.sysctl('ip_local_port_range', f'{port} {port}')
        _, client, server = self.pair(listener=listener)
        self.assertEqual(self.a[1], port)
        self.active_close(client, server)
        tcp.await_reuse()
        _, client, server = self.pair(listener=listener)
        self.paths(self.a, A_OPENS + ACTIVE + REUSED, A_OPENS)
        self.paths(self.b, B_OPENS + PASSIVE, B_OPENS)
        tcp.reset_on_close(client)

    @over(*ALL)
    def test_reuse_by_syn(self, name):
        """TIME_WAIT of the listener's port gives way to a new SYN."""
        self.family(name)
        port = next(tcp.ports)
        listener, client, server = self.pair(port)
        self.passive_close(client, server)
        _, client, server = self.pair(port, listener)
        self.paths(self.b, B_OPENS + ACTIVE + REUSED, B_OPENS)
        self.paths(self.a, A_OPENS + PASSIVE, A_OPENS)
        self.reset(client)
        self.step('closed', a=None, b=None)

    @over(*BOTH)
    def test_syn_without_listener(self, name):
        """A SYN to a TIME_WAIT whose listener is closed."""
        self.family(name)
        port = next(tcp.ports)
        listener, client, server = self.pair(port)
        self.passive_close(client, server)
        listener.close()
        again = self.socket(port)
        self.assertRaises(OSError, again.connect, self.a[2:])
        self.step('refused', a=None)
        self.paths(self.a, A_OPENS + PASSIVE, CONNECTING + ' -refused> CLOSE')
        # The SYN is answered by an ACK, which the client resets.
        self.paths(self.b, B_OPENS + ACTIVE + ' -tw-reset> CLOSE')
