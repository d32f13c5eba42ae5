# SPDX-License-Identifier: GPL-2.0
"""ss -K, in every state."""

from lib import kernel, tcp
from lib.ending import TW_KILLED, kill
from lib.harness import expand, over
from lib.scenario import (
    ACTIVE, ALL, A_OPENS, BOTH, B_OPENS, CONNECTING, FIN_ACKED, FIN_CAME,
    FIN_SENT, HALF_OPEN, RESET, Scenario, by_shutdown, shut_down)

KILLED = ' -killed> CLOSE'


@expand
class Killed(Scenario):
    @over(*ALL)
    def test_kill_listen(self, name):
        """Unaccepted connections end with it."""
        self.family(name)
        listener = self.listener()
        client = self.unaccepted(listener)
        end = tcp.listening(listener)
        kill(end)
        self.step('killed', a=None, b=None)
        self.paths(end, 'CLOSE -listen> LISTEN' + KILLED)
        self.paths(self.a, A_OPENS + RESET)
        self.paths(self.b, B_OPENS + ' -listener-closed> CLOSE')

    @over(*ALL)
    def test_kill_syn_sent(self, name):
        self.family(name)
        self.connecting()
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, CONNECTING + KILLED)

    @over(*BOTH)
    def test_kill_syn_recv(self, name):
        self.family(name)
        _, client = self.half_open()
        kill(self.b)
        self.step('killed', a='ESTABLISHED', b=None)
        self.paths(self.b, HALF_OPEN + KILLED)
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_kill_established(self, name):
        self.family(name)
        self.pair()
        kill(self.a)
        self.step('killed', a=None, b=None)
        self.paths(self.a, A_OPENS + KILLED)
        self.paths(self.b, B_OPENS + RESET)

    @over(*BOTH)
    def test_kill_close_wait(self, name):
        self.family(name)
        client, _ = self.half_closed()
        kill(self.b)
        self.step('killed', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + RESET)
        self.paths(self.b, B_OPENS + FIN_CAME + KILLED)

    @over(*BOTH)
    def test_kill_fin_wait1(self, name):
        self.family(name)
        _, server = self.fin_lost(shut_down)
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_SENT) + KILLED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_kill_last_ack(self, name):
        self.family(name)
        client, _ = self.last_fin_lost()
        kill(self.b)
        self.step('killed', b=None)
        self.paths(self.b, B_OPENS + FIN_CAME + ' -shutdown> LAST_ACK' +
                   KILLED)
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_kill_closing(self, name):
        self.family(name)
        _, server, seq, ack = self.fins_crossing(shut_down)
        self.by_hand(self.b, tcp.FIN | tcp.ACK, ack, seq)
        self.step('B\'s FIN arrived', a='CLOSING', b='FIN_WAIT1')
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_SENT) +
                   ' -fin> CLOSING' + KILLED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_kill_orphan(self, name):
        """FIN_WAIT1 after close()."""
        self.family(name)
        self.sysctl('tcp_orphan_retries', 1)
        _, server = self.fin_lost()
        kill(self.a)
        if kernel.does('kill_orphan'):
            self.step('killed', a=None, b='ESTABLISHED')
            self.paths(self.a, A_OPENS + FIN_SENT + KILLED)
            tcp.reset_on_close(server)
        else:
            self.step('not killed', a='FIN_WAIT1', b='ESTABLISHED')
            self.paths(self.a, A_OPENS + FIN_SENT)
            tcp.detach_filter(server)
            self.reset(server)
            self.step('reset', a=None)
            self.paths(self.a, A_OPENS + FIN_SENT +
                       self.after_close('rst-received'))

    @over(*BOTH)
    def test_kill_fin_wait2_held(self, name):
        """A full socket in FIN_WAIT2."""
        self.family(name)
        client, server = self.half_closed()
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + KILLED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_kill_fin_wait2(self, name):
        """A minisock; see lib/ending.py."""
        self.family(name)
        server = self.orphan()
        kill(self.a)
        if kernel.does('kill_minisock'):
            self.step('killed', a=None)
            self.paths(self.a, A_OPENS + FIN_ACKED + KILLED)
        else:
            self.step('not killed', a='FIN_WAIT2', b='CLOSE_WAIT')
            self.paths(self.a, A_OPENS + FIN_ACKED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_kill_time_wait(self, name):
        self.family(name)
        _, client, server = self.pair()
        self.active_close(client, server)
        kill(self.a)
        self.step('killed', a=None, b=None)
        self.paths(self.a, A_OPENS + ACTIVE + TW_KILLED)
