# SPDX-License-Identifier: GPL-2.0
"""
Whose a connection is: the process that called connect, listen or accept, in
every line, whatever runs on the CPU when it is recorded. All goes over the
loopback, where each side's handshake runs under the other side's process.
"""

import os
import signal

from lib import kernel, tcp
from lib.actor import Actor
from lib.ending import TW_KILLED, kill
from lib.harness import expand, over
from lib.scenario import (
    ACTIVE, A_OPENS, BOTH, B_OPENS, HALF_OPEN, PASSIVE, RESET, Scenario)
from lib.stream import Stream
from lib.watch import Watch


def setUpModule():
    kernel.load()
    Scenario.watch = Watch()


def tearDownModule():
    Scenario.watch.close()
    kernel.unload()


class Owned(Scenario):
    def setUp(self):
        super().setUp()
        self.actors = []

    def tearDown(self):
        for actor in self.actors:
            actor.end()
        super().tearDown()

    def actor(self, comm, uid=0, **socks):
        actor = Actor(comm, uid, **socks)
        self.actors.append(actor)
        return actor

    def name_sides(self, end):
        """@end is what an actor's connect() returns."""
        self.a = tuple(end)
        self.b = tcp.flip(self.a)

    def establish(self, family='v4', accept=True):
        """A client of uid 1001, a server of uid 1002."""
        self.client = self.actor('client', 1001)
        self.server = self.actor('server', 1002)
        self.address = self.server.listen('listener', family)
        self.name_sides(self.client.connect('c', self.address, family))
        if accept:
            self.assertEqual(tuple(self.server.accept('s', 'listener')),
                             self.b)
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')

    def end_with_time_wait(self):
        """A closes first; its TIME_WAIT is ended, too."""
        self.client.close('c')
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.server.close('s')
        self.step('both closed', a='TIME_WAIT', b=None)
        kill(self.a)
        self.step('killed', a=None)

    def life(self, end):
        return self.watch.lives(end)[-1]

    def owned(self, end, *owners):
        """
        The owner of each line; the last one given is that of all the rest.
        An owner is an actor, or a triple of pid, comm and uid.
        """
        wrong = []
        for number, event in enumerate(self.life(end).events):
            owner = owners[min(number, len(owners) - 1)]
            if isinstance(owner, Actor):
                owner = owner.pid, owner.comm, owner.uid
            if (event.pid, event.comm, event.uid) != owner:
                wrong.append(f'not {owner}: {event.text.strip()}')
        self.assertEqual('\n'.join(wrong), '')

    def flagged(self, end, flag):
        """Which lines have a flag, as old>new."""
        return [f'{event.old}>{event.new}' for event in self.life(end).events
                if flag in event.flags]


@expand
class Owners(Owned):
    @over(*BOTH)
    def test_both_sides(self, family):
        """In softirqs, in the minisock and in TIME_WAIT."""
        self.establish(family)
        self.end_with_time_wait()
        self.paths(self.a, A_OPENS + ACTIVE + TW_KILLED)
        self.paths(self.b, B_OPENS + PASSIVE)
        self.owned(self.a, self.client)
        self.owned(self.b, self.server)
        end = (*self.address, None, None)
        self.server.close('listener')
        self.step('listener closed', {end: None})
        self.owned(end, self.server)

    @over(*BOTH)
    def test_time_wait_of_the_server(self, family):
        self.establish(family)
        self.server.close('s')
        self.step('B closed', a='CLOSE_WAIT', b='FIN_WAIT2')
        self.client.close('c')
        self.step('A closed', a=None, b='TIME_WAIT')
        kill(self.b)
        self.step('killed', b=None)
        self.owned(self.a, self.client)
        self.owned(self.b, self.server)

    @over(*BOTH)
    def test_unaccepted(self, family):
        """The listener's owner, with the flag unaccepted, until accept()."""
        self.establish(family, accept=False)
        self.assertEqual(self.flagged(self.b, 'unaccepted'),
                         ['LISTEN>SYN_RECV', 'SYN_RECV>ESTABLISHED'])
        self.owned(self.b, self.server)
        self.client.shutdown('c')
        self.step('A\'s FIN', b='CLOSE_WAIT')
        self.assertIn('ESTABLISHED>CLOSE_WAIT',
                      self.flagged(self.b, 'unaccepted'))
        self.server.accept('s', 'listener')
        self.server.close('s')
        self.step('B closed', a='TIME_WAIT', b=None)
        self.assertEqual(
            [text for text in self.flagged(self.b, 'unaccepted')
             if text.startswith(('CLOSE_WAIT', 'LAST_ACK'))], [])
        self.owned(self.b, self.server)

    @over(*BOTH)
    def test_never_accepted(self, family):
        self.establish(family, accept=False)
        self.server.close('listener')
        self.step('listener closed', a=None, b=None)
        self.assertEqual(len(self.flagged(self.b, 'unaccepted')), 3)
        self.owned(self.b, self.server)
        self.owned(self.a, self.client)

    @over(*BOTH)
    def test_half_open(self, family):
        """A request has its listener's owner, to its end."""
        self.family(family)
        server = self.actor('server', 1002)
        address = server.listen('l', family)
        listener = server.take('l')
        self.keep(listener)
        tcp.attach_filter(listener, tcp.ONLY_SYN)
        client = self.actor('client', 1001)
        self.name_sides(client.connect('c', address, family))
        self.step('half open', b='SYN_RECV')
        tcp.detach_filter(listener)
        client.reset('c')
        self.step('reset', a=None, b=None)
        self.paths(self.b, HALF_OPEN + RESET)
        self.assertEqual(len(self.flagged(self.b, 'unaccepted')), 2)
        self.owned(self.b, server)

    @over(*BOTH)
    def test_worker_accepts(self, family):
        """A worker that was forked after listen(): its pid from accept() on."""
        self.family(family)
        listener = self.listener()
        master = os.getpid(), kernel.read_file('/proc/self/comm'), 0
        worker = self.actor('worker', 1003, l=listener)
        client = self.actor('client', 1001)
        self.name_sides(client.connect('c', listener.getsockname()[:2],
                                       family))
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        worker.accept('s', 'l')
        client.close('c')
        self.step('A closed', b='CLOSE_WAIT')
        worker.close('s')
        self.step('B closed', b=None)
        self.owned(self.b, master, master, worker)
        self.owned(self.a, client)

    def test_reuseport(self):
        """Each belongs to the worker of its queue; all workers have one user."""
        workers = [self.actor(f'worker{number}', 1010)
                   for number in range(4)]
        port = next(tcp.ports)
        for worker in workers:
            address = worker.listen('l', port=port, reuseport=True)
        client = self.actor('client', 1001)
        ends = [tuple(client.connect(f'c{number}', address))
                for number in range(24)]
        self.step('connected', {tcp.flip(end): 'ESTABLISHED' for end in ends})
        pids = [self.life(tcp.flip(end)).events[0].pid for end in ends]
        self.assertGreater(len(set(pids)), 1, 'all in one queue')
        for worker in workers:
            for number in range(pids.count(worker.pid)):
                end = tuple(worker.accept(f's{number}', 'l'))
                self.owned(end, worker)
        for number in range(len(ends)):
            client.reset(f'c{number}')
        self.step('reset', {tcp.flip(end): None for end in ends})
        for end, pid in zip(ends, pids):
            worker, = [one for one in workers if one.pid == pid]
            self.owned(tcp.flip(end), worker)
            self.owned(end, client)

    @over(*BOTH)
    def test_orphan(self, family):
        """The flag orphan is set from the last close() on."""
        self.establish(family)
        self.end_with_time_wait()
        for transition in ('FIN_WAIT1>FIN_WAIT2', 'FIN_WAIT2>TIME_WAIT',
                           'TIME_WAIT>CLOSE'):
            self.assertIn(transition, self.flagged(self.a, 'orphan'))
        self.assertIn('LAST_ACK>CLOSE', self.flagged(self.b, 'orphan'))
        for end in (self.a, self.b):
            for event in self.life(end).events:
                if event.new in ('SYN_SENT', 'SYN_RECV', 'ESTABLISHED',
                                 'CLOSE_WAIT'):
                    self.assertNotIn('orphan', event.flags, event.text)

    @over(*BOTH)
    def test_orphan_after_shutdown(self, family):
        """Shut down, then closed: the minisock is an orphan."""
        self.establish(family)
        self.client.shutdown('c')
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.assertEqual(self.flagged(self.a, 'orphan'), [])
        self.client.close('c')
        self.server.close('s')
        self.step('both closed', a='TIME_WAIT', b=None)
        kill(self.a)
        self.step('killed', a=None)
        self.assertEqual(self.flagged(self.a, 'orphan'),
                         ['FIN_WAIT2>TIME_WAIT', 'TIME_WAIT>CLOSE'])

    def test_thread(self):
        """The pid is that of the process, not of the thread."""
        server = self.actor('server', 1002)
        address = server.listen('l')
        client = self.actor('client', 1001)
        end, thread = client.connect_in_thread('c', address, 'thread')
        self.assertNotEqual(thread, client.pid)
        self.a = tuple(end)
        client.reset('c')
        self.step('closed', a=None)
        self.owned(self.a, client)

    def test_fork(self):
        """A forked process has the socket, too, and lives longer."""
        self.establish()
        copy = self.client.fork_and_wait()
        self.client.end()
        self.watch.settle('the connector is gone')
        self.step('still open', a='ESTABLISHED', b='ESTABLISHED')
        self.server.close('s')
        self.step('B closed', a='CLOSE_WAIT')
        os.kill(copy, signal.SIGKILL)
        self.step('the copy is gone', a=None, b='TIME_WAIT')
        self.owned(self.a, self.client)

    def test_exec(self):
        self.establish()
        self.client.exec_cat()
        self.server.close('s')
        self.step('B closed', a='CLOSE_WAIT', b='FIN_WAIT2')
        self.client.end()
        self.step('killed', a=None, b='TIME_WAIT')
        self.paths(self.a, A_OPENS + PASSIVE)
        self.owned(self.a, self.client)

    def test_passed_on(self):
        """SCM_RIGHTS does not change who called connect()."""
        self.establish()
        sock = self.client.take('c')
        self.client.end()
        sock.close()
        self.step('closed here', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.owned(self.a, self.client)

    def test_renamed_later(self):
        """The owner is the name and user at connect()."""
        client = self.actor('client')
        server = self.actor('server')
        address = server.listen('l')
        self.a = tuple(client.connect('c', address))
        client.rename('other')
        client.seteuid(1001)
        client.reset('c')
        self.step('reset', a=None)
        self.owned(self.a, (client.pid, 'client', 0))

    def test_hostile_names(self):
        """No name breaks or forges a line; binary has the bytes."""
        names = {
            b'a"b\\c': 'a\\x22b\\x5cc',
            b'x\nseq=0:0 e': 'x\\x0aseq=0:0 e',
            b'\x01\x1b[2J\x7f': '\\x01\\x1b[2J\\x7f',
            b'\xff\xfe\xc3': '\\xff\\xfe\\xc3',
            'äöü€'.encode(): 'äöü€',
            b'0123456789abcdefg': '0123456789abcde',
            b' " pid=1 comm=': ' \\x22 pid=1 comm=',
        }
        server = self.actor('server')
        address = server.listen('l')
        with Stream(binary=True) as records:
            for name, shown in names.items():
                client = self.actor(name, 1001)
                self.a = tuple(client.connect('c', address))
                client.reset('c')
                self.step('closed', a=None)
                self.owned(self.a, (client.pid, shown, 1001))
                told = [event for event in records.fetch()
                        if event.lport == self.a[1]]
                self.assertEqual([event.comm for event in told],
                                 [shown] * 3)

    def test_reconnected_by_another(self):
        """connect() again, by the process that has the socket now."""
        self.establish()
        sock = self.keep(self.client.take('c'))
        tcp.disconnect(sock)
        self.step('disconnected', a=None)
        sock.connect(tuple(self.address))
        end = tcp.ends(sock)
        self.step('again', {end: 'ESTABLISHED'})
        self.owned(self.a, self.client)
        me = os.getpid(), kernel.read_file('/proc/self/comm'), 0
        life = self.watch.lives(end)[-1]
        self.assertEqual({(event.pid, event.comm, event.uid)
                          for event in life.events}, {me})

    def test_nobody_at_the_cpu(self):
        """A minisock that ends by its timer."""
        self.sysctl('tcp_fin_timeout', 2)
        self.establish()
        self.client.close('c')
        self.step('A closed', a='FIN_WAIT2')
        self.step('expired', a=None)
        self.owned(self.a, self.client)
        self.assertIn('FIN_WAIT2>CLOSE', self.flagged(self.a, 'orphan'))


CASES = [Owners]
