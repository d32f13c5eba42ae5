# SPDX-License-Identifier: GPL-2.0
"""Data and resets after close(), and orphans for which there is no memory."""

import socket

from lib import tcp
from lib.harness import expand, over
from lib.scenario import (
    ABORTED, A_OPENS, BOTH, B_OPENS, FIN_ACKED, FIN_CAME, FIN_SENT, RESET,
    Scenario, by_shutdown)


@expand
class TooLate(Scenario):
    """Data that comes after close()."""

    RST_SENT = ' -rst-sent> CLOSE'

    @over(*BOTH)
    def test_data_to_fin_wait1(self, name):
        self.family(name)
        _, server = self.fin_lost()
        server.sendall(b'anybody?')
        self.step('reset', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + FIN_SENT + self.after_close('rst-sent'))
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_reset_to_fin_wait1(self, name):
        self.family(name)
        _, server = self.fin_lost()
        self.reset(server)
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
        """FIN_WAIT2 after shutdown(SHUT_RDWR)."""
        self.family(name)
        client, server = self.half_closed(socket.SHUT_RDWR)
        server.sendall(b'anybody?')
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) +
                   self.after_close('rst-sent'))
        self.paths(self.b, B_OPENS + FIN_CAME + RESET)

    @over(*BOTH)
    def test_reset_after_shutdown(self, name):
        """A RST after shutdown(SHUT_RDWR)."""
        self.family(name)
        client, server = self.half_closed(socket.SHUT_RDWR)
        self.reset(server)
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) +
                   self.after_close('rst-received'))
        self.paths(self.b, B_OPENS + FIN_CAME + ABORTED)

    @over(*BOTH)
    def test_data_to_long_fin_wait2(self, name):
        """FIN_WAIT2 after close(), which is a full socket at first."""
        self.family(name)
        self.sysctl('tcp_fin_timeout', 100)
        server = self.orphan()
        server.sendall(b'anybody?')
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + FIN_ACKED + self.after_close('rst-sent'))
        self.paths(self.b, B_OPENS + FIN_CAME + RESET)

    @over(*BOTH)
    def test_reset_to_last_ack(self, name):
        self.family(name)
        client, server = self.half_closed()
        tcp.attach_filter(client, tcp.DROP_ALL)
        server.close()
        self.step('B closed', a='FIN_WAIT2', b='LAST_ACK')
        self.reset(client)
        self.step('reset', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + ABORTED)
        self.paths(self.b, B_OPENS + FIN_CAME + ' -close> LAST_ACK' + RESET)


@expand
class NoMemory(Scenario):
    """tcp_max_orphans: no orphans are allowed."""

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
        client, server = self.half_closed()
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
        _, server = self.fin_lost()
        self.no_orphans()
        self.step('no memory', a=None, b='ESTABLISHED')
        self.paths(self.a, A_OPENS + FIN_SENT + ' -no-memory> CLOSE')
        tcp.reset_on_close(server)
