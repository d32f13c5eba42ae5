# SPDX-License-Identifier: GPL-2.0
"""ss -K, in every state."""

import socket

from lib import kernel, tcp
from lib.ending import TW_KILLED, kill
from lib.harness import expand, over
from lib.scenario import (
    ACTIVE, ALL, A_OPENS, BOTH, B_OPENS, CONNECTING, FIN_ACKED, FIN_CAME,
    FIN_SENT, HALF_OPEN, RESET, Scenario, by_shutdown)

KILLED = ' -killed> CLOSE'


@expand
class Killed(Scenario):
    @over(*ALL)
    def test_kill_listen(self, name):
        """With it goes what nobody has accepted."""
        self.family(name)
        listener = self.listener()
        client = self.socket()
        client.connect(listener.getsockname()[:2])
        self.a = tcp.ends(client)
        self.b = tcp.flip(self.a)
        self.step('waits', a='ESTABLISHED', b='ESTABLISHED')
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
        _, client, _ = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        kill(self.b)
        self.step('killed', a=None, b=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + RESET)
        self.paths(self.b, B_OPENS + FIN_CAME + KILLED)

    @over(*BOTH)
    def test_kill_fin_wait1(self, name):
        self.family(name)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT1', b='ESTABLISHED')
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_SENT) + KILLED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_kill_last_ack(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        tcp.attach_filter(client, tcp.DROP_ALL)
        server.shutdown(socket.SHUT_WR)
        self.step('B shut down', a='FIN_WAIT2', b='LAST_ACK')
        kill(self.b)
        self.step('killed', b=None)
        self.paths(self.b, B_OPENS + FIN_CAME + ' -shutdown> LAST_ACK' +
                   KILLED)
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_kill_closing(self, name):
        self.family(name)
        _, client, server = self.pair()
        seq, ack = tcp.sequences(client)
        raw = self.keep(self.f.raw())
        for sock in (client, server):
            tcp.attach_filter(sock, tcp.ONLY_MARKED)
        for sock in (client, server):
            sock.shutdown(socket.SHUT_WR)
        self.step('both sent FIN', a='FIN_WAIT1', b='FIN_WAIT1')
        tcp.send_segment(raw, self.b, tcp.FIN | tcp.ACK, ack, seq, tcp.MARK)
        self.step('B\'s FIN arrived', a='CLOSING', b='FIN_WAIT1')
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_SENT) +
                   ' -fin> CLOSING' + KILLED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_kill_orphan(self, name):
        """FIN_WAIT1 of nobody."""
        self.family(name)
        self.sysctl('tcp_orphan_retries', 1)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.close()
        self.step('closed', a='FIN_WAIT1', b='ESTABLISHED')
        kill(self.a)
        if kernel.does('kill_orphan'):
            self.step('killed', a=None, b='ESTABLISHED')
            self.paths(self.a, A_OPENS + FIN_SENT + KILLED)
            tcp.reset_on_close(server)
        else:
            self.step('not killed', a='FIN_WAIT1', b='ESTABLISHED')
            self.paths(self.a, A_OPENS + FIN_SENT)
            tcp.detach_filter(server)
            tcp.reset_on_close(server)
            server.close()
            self.step('reset', a=None)
            self.paths(self.a, A_OPENS + FIN_SENT +
                       self.after_close('rst-received'))

    @over(*BOTH)
    def test_kill_fin_wait2_held(self, name):
        """A full socket in FIN_WAIT2."""
        self.family(name)
        _, client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, A_OPENS + by_shutdown(FIN_ACKED) + KILLED)
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_kill_fin_wait2(self, name):
        """A minisock; see lib/ending.py."""
        self.family(name)
        _, client, server = self.pair()
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
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
        client.close()
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)
        kill(self.a)
        self.step('killed', a=None, b=None)
        self.paths(self.a, A_OPENS + ACTIVE + TW_KILLED)
