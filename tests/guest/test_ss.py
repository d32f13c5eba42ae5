# SPDX-License-Identifier: GPL-2.0
"""
What "tcpstates list" says of each socket, against what ss says of it: the two
ask the kernel in different ways. They look at the same moment if the table is
the same before and after.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
import unittest

from lib import kernel, tcp
from lib.actor import Actor
from lib.all_states import STATES, AllStates
from lib.harness import expand, over
from lib.proc_check import sweep
from lib.processes import wait_for
from lib.ss import show

CGROUPS = '/sys/fs/cgroup'
TIME_WAIT_MS = 60000
JIFFY_MS = 10       # at most: the kernel's timers count in these
MS = 10**6

# After the peer's FIN, which ss counts as a byte.
FIN_CAME = ('CLOSE_WAIT', 'LAST_ACK', 'CLOSING', 'TIME_WAIT')
HEALTH = ('rtt_us', 'retrans', 'rq', 'wq', 'bytes_in', 'bytes_out')
QUEUE = ('acceptq', 'backlog')

# It has sent no more than a SYN: what is known of its health is no part of
# the comparison.
YOUNG = ('SYN_SENT', 'SYN_RECV')


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


def rows():
    """The rows of the command, by cookie."""
    text = subprocess.run(['tcpstates', 'list', '--json'], check=True,
                          text=True, capture_output=True).stdout
    found = {}
    for line in text.splitlines():
        row = json.loads(line)
        row['text'] = line
        found[int(row['conn'], 16)] = row
    return found


def lasting(row):
    """The sockets without those in TIME_WAIT."""
    return {key: value for key, value in row.items()
            if key not in ('time', 'dur_ns', 'text')}


def look():
    """(rows, what ss shows), of a moment at which nothing happened."""
    found = []

    def still():
        before = rows()
        shown = show()
        after = rows()
        found[:] = before, shown, after
        return {cookie: lasting(row) for cookie, row in before.items()} == \
            {cookie: lasting(row) for cookie, row in after.items()}
    wait_for(still, 'nothing happens while ss looks')
    return found


def end_of(row):
    """The tuple as ss spells it."""
    ends = [row['laddr'], row['lport'], row['raddr'], row['rport']]
    if 'v4mapped' in row['flags']:
        ends = [f'::ffff:{part}' if isinstance(part, str) else part
                for part in ends]
    return tuple(ends)


class Pair:
    """
    One socket by both; @faults: in what they differ. @again: FINs may come
    again, and TIME_WAIT begins anew with each.
    """

    def __init__(self, before, shown, after, again):
        self.row, self.shown, self.after = before, shown, after
        self.again = again
        self.faults = []

    def equal(self, what, told, shown):
        if told != shown:
            self.faults.append(f'{what}: {told}, but ss says {shown}:\n'
                               f'  {self.row["text"]}\n  {self.shown.text}')

    def compare(self):
        row, shown = self.row, self.shown
        self.equal('state', row['new'], shown.state)
        self.equal('tuple', end_of(row), shown.end)
        if shown.full:
            self._whole()
        else:
            self.equal('health', {key for key in HEALTH + QUEUE
                                  if row[key] is not None} - {'retrans'},
                       set())
            if row['new'] != 'SYN_RECV':
                self.equal('retrans', row['retrans'], None)
        if shown.timer and shown.timer[0] == 'timewait':
            self._timer()
        return self.faults

    def _whole(self):
        row, shown = self.row, self.shown
        inode = shown.count('ino')
        if inode:
            self.equal('inode', row['inode'], inode)
            self.equal('uid', row['uid'], shown.count('uid'))
        self.equal('cgroup', row['cgroup'],
                   os.stat(CGROUPS + shown.word('cgroup:([^ ]+)')).st_ino)
        if row['new'] == 'LISTEN':
            self.equal('queue', [row[key] for key in QUEUE],
                       [shown.rq, shown.wq])
            self.equal('health', [row[key] for key in HEALTH], [None] * 6)
            return
        self.equal('queue', [row[key] for key in QUEUE], [None] * 2)
        if row['new'] in YOUNG:
            return
        self.equal('rtt', row['rtt_us'], shown.rtt_us)
        self.equal('retrans', row['retrans'], shown.retrans)
        self.equal('queues', (row['rq'], row['wq']), (shown.rq, shown.wq))
        self.equal('bytes in', row['bytes_in'],
                   shown.count('bytes_received') -
                   (row['new'] in FIN_CAME))
        self.equal('bytes out', row['bytes_out'],
                   shown.count('bytes_sent') - shown.count('bytes_retrans'))

    def _timer(self):
        """Age and remaining time add up to the timer, as far as ss is exact."""
        if self.row['new'] != 'TIME_WAIT':
            return
        _, least, most, _ = self.shown.timer
        low = self.row['dur_ns'] / MS + least - JIFFY_MS
        high = self.after['dur_ns'] / MS + most + JIFFY_MS
        if not (low <= TIME_WAIT_MS or self.again) or TIME_WAIT_MS > high:
            self.equal('age and rest', (low, high), TIME_WAIT_MS)


@expand
class Ss(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(sweep)
        self.addCleanup(self.stack.close)

    def keep(self, sock):
        self.stack.callback(sock.close)
        return sock

    def pair(self, family, **named):
        listener = self.keep(family.listener(**named))
        client = self.keep(family.open())
        client.connect(listener.getsockname()[:2])
        server = self.keep(listener.accept()[0])
        return listener, client, server

    def compare(self, again=False):
        """Compares all sockets; returns the rows by their tuple as in ss."""
        before, shown, after = look()
        self.assertEqual(sorted(before), sorted(shown))
        faults = []
        for cookie, row in before.items():
            faults += Pair(row, shown[cookie], after[cookie],
                           again).compare()
        self.assertEqual('\n'.join(faults), '')
        self.shown = shown
        return {end_of(row): row for row in before.values()}

    def test_every_state(self):
        held = AllStates(('v4', 'v6', 'mapped'))
        self.stack.callback(held.close)
        table = self.compare(again=True)
        self.assertEqual({row['new'] for row in table.values()}, STATES)
        for end, state in held.wanted:
            self.assertEqual(table[end]['new'], state)
        print(f'# {len(table)} sockets')

    @over('v4', 'v6', 'mapped')
    def test_queues(self, name):
        """Bytes that are not read and not acknowledged, in both directions."""
        family = tcp.FAMILIES[name]
        _, client, server = self.pair(family)
        client.sendall(b'x' * 3000)
        server.sendall(b'y' * 500)
        wait_for(lambda: len(server.recv(4000, socket.MSG_PEEK)) == 3000 and
                 len(client.recv(1000, socket.MSG_PEEK)) == 500, 'data')
        server.recv(1000)
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.sendall(b'z' * 700)
        table = self.compare()
        mine, theirs = table[tcp.ends(client)], table[tcp.ends(server)]
        self.assertEqual([mine[key] for key in HEALTH[2:]],
                         [500, 700, 500, 3700])
        self.assertEqual([theirs[key] for key in HEALTH[2:]],
                         [2000, 0, 3000, 500])
        self.assertIsNotNone(mine['rtt_us'])

    @over('v4', 'v6')
    def test_retransmissions(self, name):
        """Data and a FIN without an acknowledgement are sent again."""
        _, client, server = self.pair(tcp.FAMILIES[name])
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.sendall(b'anybody?')

        def again():
            table = self.compare()
            return table[tcp.ends(client)]['retrans'] >= 2
        wait_for(again, 'two retransmissions')
        row = self.compare()[tcp.ends(client)]
        self.assertEqual((row['wq'], row['bytes_out']), (8, 8))
        client.shutdown(socket.SHUT_WR)
        row = self.compare()[tcp.ends(client)]
        self.assertEqual((row['new'], row['wq'], row['bytes_out']),
                         ('FIN_WAIT1', 9, 8))

    @over('v4', 'v6')
    def test_bytes_and_fin(self, name):
        """A FIN waits in the queue, but is no payload."""
        _, client, server = self.pair(tcp.FAMILIES[name])
        client.sendall(b'x' * 10)
        client.shutdown(socket.SHUT_WR)
        end = tcp.ends(server)
        wait_for(lambda: self.compare()[end]['new'] == 'CLOSE_WAIT', 'FIN')
        row = self.compare()[end]
        self.assertEqual((row['rq'], row['bytes_in']), (11, 10))
        server.recv(10)
        self.assertEqual(server.recv(10), b'')
        server.sendall(b'y' * 20)
        client.recv(20)
        row = self.compare()[tcp.flip(end)]
        self.assertEqual((row['new'], row['bytes_in'], row['bytes_out']),
                         ('FIN_WAIT2', 20, 10))

    @over('v4', 'v6')
    def test_accept_queue(self, name):
        family = tcp.FAMILIES[name]
        listener = self.keep(family.listener(backlog=5))
        end = (*listener.getsockname()[:2], None, None)
        for count in range(1, 4):
            client = self.keep(family.open())
            client.connect(listener.getsockname()[:2])
            wait_for(lambda: self.compare()[end]['acceptq'] == count,
                     'it waits')
        self.assertEqual(self.compare()[end]['backlog'], 5)
        self.keep(listener.accept()[0])
        self.assertEqual(self.compare()[end]['acceptq'], 2)
        listener.listen(7)
        self.assertEqual(self.compare()[end]['backlog'], 7)

    def cgroup(self, name, actor):
        """A cgroup with this actor in it; its number."""
        path = f'{CGROUPS}/{name}'
        os.makedirs(path)
        self.stack.callback(self.remove, path, actor)
        kernel.write_file(f'{path}/cgroup.procs', str(actor.pid))
        return os.stat(path).st_ino

    @staticmethod
    def remove(path, actor):
        actor.end()
        wait_for(lambda: not kernel.read_file(f'{path}/cgroup.procs'),
                 'nobody is in the cgroup')
        os.rmdir(path)

    def actor(self, comm, uid):
        actor = Actor(comm, uid)
        self.stack.callback(actor.end)
        return actor

    @staticmethod
    def inodes(actor):
        """The inodes of its sockets, without the one to this test."""
        folder = f'/proc/{actor.pid}/fd'
        links = [os.readlink(f'{folder}/{name}') for name in
                 sorted(os.listdir(folder), key=int)]
        return {int(link[8:-1]) for link in links
                if link.startswith('socket:[')}

    @over('v4', 'v6')
    def test_owners(self, name):
        """User, file and cgroup, of both sides and after close()."""
        server, client = self.actor('server', 1002), self.actor('cl', 1001)
        groups = {}
        groups['server'] = self.cgroup('server', server)
        groups['client'] = self.cgroup('client-of', client)
        listener = tuple(server.listen('l', name)) + (None, None)
        end = tuple(client.connect('c', listener[:2], name))
        other = tcp.flip(end)
        server.accept('s', 'l')
        wait_for(lambda: not self.compare()[other]['flags'], 'accept()')
        table = self.compare()
        for one, actor, group in ((listener, server, 'server'),
                                  (other, server, 'server'),
                                  (end, client, 'client')):
            row = table[one]
            self.assertEqual((row['pid'], row['uid'], row['cgroup']),
                             (actor.pid, actor.uid, groups[group]))
            self.assertIn(row['inode'], self.inodes(actor))
        self.assertEqual(len({table[one]['inode']
                              for one in (end, other, listener)}), 3)
        client.close('c')
        wait_for(lambda: self.compare()[other]['new'] == 'CLOSE_WAIT', 'FIN')
        server.close('s')
        wait_for(lambda: other not in self.compare(), 'the end')
        row = self.compare()[end]
        self.assertEqual(row['new'], 'TIME_WAIT')
        for key in ('inode', 'cgroup', 'uid', 'pid'):
            self.assertEqual(row[key], table[end][key], key)

    @over('v4', 'v6')
    def test_unaccepted(self, name):
        """It has no file yet; the cgroup is the listener's."""
        server = self.actor('server', 1002)
        group = self.cgroup('server', server)
        address = server.listen('l', name)
        client = self.keep(tcp.FAMILIES[name].open())
        client.connect(tuple(address))
        other = tcp.flip(tcp.ends(client))
        wait_for(lambda: self.compare()[other]['new'] == 'ESTABLISHED',
                 'the handshake')
        row = self.compare()[other]
        self.assertEqual(row['flags'], ['unaccepted'])
        self.assertEqual((row['inode'], row['cgroup'], row['uid']),
                         (None, group, 1002))

    def test_time_wait(self):
        """Age and remaining time of a TIME_WAIT while it lasts."""
        _, client, server = self.pair(tcp.FAMILIES['v4'])
        end = tcp.ends(client)
        client.close()
        server.close()
        wait_for(lambda: self.compare()[end]['new'] == 'TIME_WAIT', 'FIN')
        start = time.monotonic()
        compared = 0
        while time.monotonic() < start + 3:
            self.compare()
            compared += 1
        self.assertTrue(any(one.timer and one.timer[0] == 'timewait'
                            for one in self.shown.values()))
        print(f'# compared {compared} times')


@expand
class Young(unittest.TestCase):
    """Half open, or without an answer yet."""

    setUp = Ss.setUp
    keep = Ss.keep

    @over('v4', 'v6')
    def test_syn_sent(self, name):
        family = tcp.FAMILIES[name]
        sink = self.keep(family.listener())
        tcp.attach_filter(sink, tcp.DROP_ALL)
        client = self.keep(family.open())
        tcp.start_connect(client, sink.getsockname()[:2])

        def again():
            before, shown, _ = look()
            row, = [row for row in before.values() if row['new'] == 'SYN_SENT']
            one = shown[int(row['conn'], 16)]
            self.assertEqual((row['rq'], row['wq'], row['retrans']),
                             (one.rq, one.wq, one.retrans), row['text'])
            return one.retrans
        wait_for(again, 'the SYN is sent again')

    @over('v4', 'v6')
    def test_syn_recv(self, name):
        family = tcp.FAMILIES[name]
        listener = self.keep(family.listener())
        tcp.attach_filter(listener, tcp.ONLY_SYN)
        client = self.keep(family.open())
        client.connect(listener.getsockname()[:2])

        def again():
            before, shown, _ = look()
            row, = [row for row in before.values() if row['new'] == 'SYN_RECV']
            one = shown[int(row['conn'], 16)]
            self.assertEqual(row['retrans'], one.timer[3], row['text'])
            return one.timer[3]
        wait_for(again, 'the SYN-ACK is sent again')


CASES = [Ss, Young]
