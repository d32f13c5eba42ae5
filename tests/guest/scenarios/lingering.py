# SPDX-License-Identifier: GPL-2.0
"""What the kernel keeps when no process does."""

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

    def orphan(self, port=None):
        """A is closed, B not yet; with B's next numbers."""
        _, client, server = self.pair(port)
        seq, ack = tcp.sequences(server)
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        return server, seq, ack + 1

    @over(*ALL)
    def test_fin_wait2_expires(self, name):
        self.family(name)
        self.sysctl('tcp_fin_timeout', 2)
        server, _, _ = self.orphan()
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
        server, _, _ = self.orphan()
        self.step('expired', a=None, b='CLOSE_WAIT')
        self.paths(self.a, A_OPENS + FIN_ACKED + ' -timeout> CLOSE')
        server.close()
        self.step('B closed', a=None, b=None)

    @over(*BOTH)
    def test_fin_wait2_long_then_fin(self, name):
        """The FIN comes to the full socket that no process has any more."""
        self.family(name)
        self.sysctl('tcp_fin_timeout', 100)
        server, _, _ = self.orphan()
        server.close()
        self.step('B closed', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + ACTIVE)

    @over(*BOTH)
    def test_data_to_fin_wait2(self, name):
        """Data that nobody can read any more: both are reset."""
        self.family(name)
        server, _, _ = self.orphan()
        server.sendall(b'anybody?')
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + FIN_ACKED + ' -rst-sent> CLOSE')
        self.paths(self.b, B_OPENS + FIN_CAME + RESET)

    @over(*ALL)
    def test_reset_to_fin_wait2(self, name):
        self.family(name)
        server, _, _ = self.orphan()
        tcp.reset_on_close(server)
        server.close()
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
        server, seq, ack = self.orphan()
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
        server, seq, _ = self.orphan()
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
            client.shutdown(socket.SHUT_WR)
            self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
            server.close()
            self.step('B closed', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) +
                   ' -tw-overflow> CLOSE')
        self.paths(self.b, B_OPENS + PASSIVE)

    @over(*BOTH)
    def test_no_room_for_fin_wait2(self, name):
        self.family(name)
        _, client, server = self.pair()
        with kernel.sysctl('net.ipv4.tcp_max_tw_buckets', 0):
            client.close()
            self.step('A closed', a=None, b='CLOSE_WAIT')
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
        client.close()
        server.close()
        self.step('closed', a='TIME_WAIT', b=None)
        _, client, server = self.pair(port, listener)
        self.paths(self.a, A_OPENS + ACTIVE + REUSED, A_OPENS)
        self.paths(self.b, B_OPENS + PASSIVE, B_OPENS)
        first, second = self.watch.lives(self.a)
        self.assertNotEqual(first.conn, second.conn)
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_reuse_by_autobound_connect(self, name):
        """The same, but the kernel chooses the only port there is."""
        self.family(name)
        self.sysctl('tcp_tw_reuse', 1)
        listener = self.listener()
        port = next(tcp.ports)
        self.sysctl('ip_local_port_range', f'{port} {port}')
        _, client, server = self.pair(listener=listener)
        self.assertEqual(self.a[1], port)
        client.close()
        server.close()
        self.step('closed', a='TIME_WAIT', b=None)
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
        server.close()
        self.step('B closed', a='CLOSE_WAIT', b='FIN_WAIT2')
        client.close()
        self.step('both closed', a=None, b='TIME_WAIT')
        _, client, server = self.pair(port, listener)
        self.paths(self.b, B_OPENS + ACTIVE + REUSED, B_OPENS)
        self.paths(self.a, A_OPENS + PASSIVE, A_OPENS)
        tcp.reset_on_close(client)
        client.close()
        self.step('closed', a=None, b=None)

    @over(*BOTH)
    def test_syn_without_listener(self, name):
        """A SYN to a TIME_WAIT that no listener stands behind."""
        self.family(name)
        port = next(tcp.ports)
        listener, client, server = self.pair(port)
        server.close()
        client.close()
        self.step('both closed', a=None, b='TIME_WAIT')
        listener.close()
        again = self.socket(port)
        self.assertRaises(OSError, again.connect, self.a[2:])
        self.step('refused', a=None)
        self.paths(self.a, A_OPENS + PASSIVE, CONNECTING + ' -refused> CLOSE')
        # The SYN is answered by an ACK, which the client resets.
        self.paths(self.b, B_OPENS + ACTIVE + ' -tw-reset> CLOSE')
