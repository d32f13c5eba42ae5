# SPDX-License-Identifier: GPL-2.0
"""How a connection is doing, as its lines tell: the keys behind the flags."""

import os
import socket

from lib import kernel, tcp
from lib.harness import expand, over
from lib.processes import wait_for
from lib.rows import Snapshot
from lib.scenario import (
    ABORTED, ACTIVE, ALL, A_OPENS, BOTH, B_OPENS, FIN_CAME, PASSIVE, RESET,
    Scenario, by_shutdown)

CGROUP = '/sys/fs/cgroup'


def inode(sock):
    return os.fstat(sock.fileno()).st_ino


@expand
class Health(Scenario):
    def line(self, end, new):
        """The line of this tuple's last life that says how it became @new."""
        event, = [event for event in self.watch.lives(end)[-1].events
                  if event.new == new]
        return event

    def told(self, end, key):
        """(state, value) of each line of the tuple's last life."""
        return [(event.new, getattr(event, key))
                for event in self.watch.lives(end)[-1].events]

    @over(*ALL)
    def test_inode(self, name):
        """Unknown before accept(); it stays when the file is closed."""
        self.family(name)
        listener, client, server = self.pair()
        a, b = inode(client), inode(server)
        self.assertEqual(self.told(tcp.listening(listener), 'inode'),
                         [('LISTEN', inode(listener))])
        self.active_close(client, server)
        self.assertEqual(self.told(self.a, 'inode'), [
            ('SYN_SENT', a), ('ESTABLISHED', a), ('FIN_WAIT1', a),
            ('FIN_WAIT2', a), ('TIME_WAIT', a)])
        self.assertEqual(self.told(self.b, 'inode'), [
            ('SYN_RECV', None), ('ESTABLISHED', None), ('CLOSE_WAIT', b),
            ('LAST_ACK', b), ('CLOSE', b)])

    @over(*BOTH)
    def test_cgroup(self, name):
        """The cgroup of the process that called socket(), or the listener's."""
        self.family(name)
        ids = {}
        socks = {}
        for who in ('opener', 'taker'):
            path = f'{CGROUP}/{who}_{name}'
            os.mkdir(path)
            ids[who] = os.stat(path).st_ino
            kernel.write_file(f'{path}/cgroup.procs', str(os.getpid()))
            socks[who] = self.socket() if who == 'opener' else self.listener()
        kernel.write_file(f'{CGROUP}/cgroup.procs', str(os.getpid()))
        _, client, server = self.pair(listener=socks['taker'],
                                      client=socks['opener'])
        self.active_close(client, server)
        for who in ids:
            os.rmdir(f'{CGROUP}/{who}_{name}')
        self.assertEqual({number for _, number in self.told(self.a, 'cgroup')},
                         {ids['opener']})
        numbers = self.told(self.b, 'cgroup')
        self.assertEqual({number for _, number in numbers[2:]},
                         {ids['taker']}, numbers)
        self.assertEqual(self.told(tcp.listening(socks['taker']), 'cgroup'),
                         [('LISTEN', ids['taker'])])

    @over(*ALL)
    def test_bytes(self, name):
        """What was really sent and received, without SYN and FIN."""
        self.family(name)
        _, client, server = self.pair()
        client.sendall(b'q' * 1000)
        self.receive(server, 1000)
        server.sendall(b'a' * 250000)
        self.receive(client, 250000)
        self.shut_down(client)
        server.sendall(b'z' * 7)
        self.receive(client, 7)
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)
        self.assertEqual(
            list(zip(self.told(self.a, 'bytes_out'),
                     self.told(self.a, 'bytes_in'))), [
                (('SYN_SENT', None), ('SYN_SENT', None)),
                (('ESTABLISHED', 0), ('ESTABLISHED', 0)),
                (('FIN_WAIT1', 1000), ('FIN_WAIT1', 250000)),
                (('FIN_WAIT2', 1000), ('FIN_WAIT2', 250000)),
                (('TIME_WAIT', 1000), ('TIME_WAIT', 250007))])
        self.assertEqual(
            list(zip(self.told(self.b, 'bytes_out'),
                     self.told(self.b, 'bytes_in'))), [
                (('SYN_RECV', None), ('SYN_RECV', None)),
                (('ESTABLISHED', 0), ('ESTABLISHED', 0)),
                (('CLOSE_WAIT', 250000), ('CLOSE_WAIT', 1000)),
                (('LAST_ACK', 250007), ('LAST_ACK', 1000)),
                (('CLOSE', 250007), ('CLOSE', 1000))])
        self.paths(self.a, A_OPENS + by_shutdown(ACTIVE))
        self.paths(self.b, B_OPENS + PASSIVE)

    @staticmethod
    def receive(sock, count):
        got = b''
        while len(got) < count:
            got += sock.recv(count - len(got))
        return got

    @over(*BOTH)
    def test_bytes_of_a_minisock(self, name):
        """FIN_WAIT2 and TIME_WAIT after close() have no such values."""
        self.family(name)
        _, client, server = self.pair()
        client.sendall(b'x' * 10)
        self.receive(server, 10)
        self.active_close(client, server)
        last = self.line(self.a, 'TIME_WAIT')
        self.assertEqual((last.rtt_us, last.retrans, last.rq, last.wq,
                          last.bytes_in, last.bytes_out), (None,) * 6)
        self.assertIsNotNone(last.handshake_ns)
        self.assertEqual(self.line(self.a, 'FIN_WAIT1').bytes_out, 10)

    @over(*BOTH)
    def test_handshake(self, name):
        """The handshake lasts from the SYN on, also if the last ACK comes late."""
        self.family(name)
        listener, client = self.half_open()
        tcp.detach_filter(listener)
        client.sendall(b'x')
        server = self.keep(listener.accept()[0])
        self.step('complete', a='ESTABLISHED', b='ESTABLISHED')
        self.receive(server, 1)
        self.reset(server)
        self.step('reset', a=None, b=None)
        for end, path in ((self.a, A_OPENS + RESET),
                          (self.b, B_OPENS + ABORTED)):
            self.paths(end, path)
            first, *rest = self.watch.lives(end)[-1].events
            took = rest[0].real_ns - first.real_ns
            self.assertIsNone(first.handshake_ns)
            self.assertEqual([event.handshake_ns for event in rest],
                             [took] * len(rest))

    @over(*BOTH)
    def test_retrans(self, name):
        self.family(name)
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.sendall(b'again and again')
        wait_for(lambda: tcp.total_retrans(client) >= 2, 'it is sent again')
        tcp.detach_filter(server)
        self.receive(server, 15)
        count = tcp.total_retrans(client)
        self.active_close(client, server)
        self.assertEqual(self.line(self.a, 'ESTABLISHED').retrans, 0)
        self.assertEqual(self.line(self.a, 'FIN_WAIT1').retrans, count)
        self.assertEqual(self.line(self.a, 'FIN_WAIT1').bytes_out, 15)
        self.assertEqual(self.line(self.b, 'CLOSE_WAIT').bytes_in, 15)
        self.assertEqual(self.line(self.b, 'CLOSE_WAIT').retrans, 0)

    @over(*BOTH)
    def test_synack_retrans(self, name):
        """SYN-ACKs that were sent again, while half open."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 1)
        self.half_open_by_hand()
        self.step('given up', b=None)
        self.assertEqual(self.told(self.b, 'retrans'),
                         [('SYN_RECV', 0), ('CLOSE', 1)])

    @over(*BOTH)
    def test_queues(self, name):
        """Recv-Q and Send-Q of ss, in which a FIN counts."""
        self.family(name)
        _, client, server = self.pair()
        client.sendall(b'x' * 100)
        self.shut_down(client)
        self.assertEqual(self.line(self.b, 'CLOSE_WAIT').rq, 101)
        self.assertEqual(self.line(self.a, 'FIN_WAIT2').wq, 0)
        tcp.attach_filter(client, tcp.DROP_ALL)
        server.sendall(b'y' * 20)
        server.shutdown(socket.SHUT_WR)
        self.step('B shut down', a='FIN_WAIT2', b='LAST_ACK')
        # The line is older than the FIN, the row is not.
        last = self.line(self.b, 'LAST_ACK')
        self.assertEqual((last.rq, last.wq), (101, 20))
        with Snapshot() as snapshot:
            snapshot.pump()
            row, = [row for row in snapshot.table.rows
                    if row.conn == last.conn]
        self.assertEqual((row.new, row.rq, row.wq), ('LAST_ACK', 101, 21))
        tcp.detach_filter(client)
        self.step('acknowledged', a='TIME_WAIT', b=None)
        self.assertEqual(self.line(self.a, 'TIME_WAIT').rq, 21)
        self.assertEqual(self.line(self.b, 'CLOSE').wq, 0)
        self.paths(self.b, B_OPENS + FIN_CAME +
                   ' -shutdown> LAST_ACK -fin-acked> CLOSE')

    @over(*ALL)
    def test_accept_queue(self, name):
        """A listener's row: length and limit of the accept queue."""
        self.family(name)
        listener = self.listener(backlog=7)
        end = tcp.listening(listener)
        clients = [self.socket() for _ in range(3)]
        for client in clients:
            client.connect(listener.getsockname()[:2])
        waiting = [tcp.flip(tcp.ends(client)) for client in clients]
        self.step('three wait', {end: 'ESTABLISHED' for end in waiting})
        cookie = tcp.cookie(listener)
        with Snapshot() as snapshot:
            snapshot.pump()
            row, = [row for row in snapshot.table.rows if row.conn == cookie]
        self.assertEqual((row.new, row.acceptq, row.backlog, row.rq, row.wq),
                         ('LISTEN', 3, 7, None, None))
        first = self.line(end, 'LISTEN')
        self.assertEqual((first.acceptq, first.backlog), (0, 7))
        for sock in (*clients, listener):
            self.reset(sock)
        self.step('closed', {end: None for end in waiting})
        self.paths(end, 'CLOSE -listen> LISTEN -close> CLOSE')

    @over(*BOTH)
    def test_row_is_now(self, name):
        """A snapshot's row has the values of the moment, not of the last line."""
        self.family(name)
        _, client, server = self.pair()
        client.sendall(b'x' * 33)
        wait_for(lambda: server.recv(100, socket.MSG_PEEK) == b'x' * 33,
                 'it arrives')
        cookies = tcp.cookie(client), tcp.cookie(server)
        with Snapshot() as snapshot:
            snapshot.pump()
            rows = {row.conn: row for row in snapshot.table.rows}
        a, b = (rows[cookie] for cookie in cookies)
        self.assertEqual((a.bytes_out, a.bytes_in, a.rq), (33, 0, 0))
        self.assertEqual((b.bytes_out, b.bytes_in, b.rq), (0, 33, 33))
        self.assertEqual((a.inode, b.inode), (inode(client), inode(server)))
        tcp.reset_on_close(client)
