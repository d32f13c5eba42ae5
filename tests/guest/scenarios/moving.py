# SPDX-License-Identifier: GPL-2.0
"""Half-open connections that change their listener, or are made twice."""

import contextlib
import mmap
import os
import socket

from lib import kernel, tcp
from lib.harness import expand, limit, over
from lib.processes import Child
from lib.scenario import (
    A_OPENS, BOTH, B_OPENS, HALF_OPEN, LISTENER, RESET, Scenario)


@expand
class Moving(Scenario):
    """net.ipv4.tcp_migrate_req: what is half open goes to another listener."""

    def setUp(self):
        super().setUp()
        self.migrates = kernel.does('migrate')
        if self.migrates:
            self.sysctl('tcp_migrate_req', 1)

    def sharing(self, port):
        listener = self.keep(self.f.open())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((self.f.host, port))
        listener.listen(16)
        return listener

    def moved(self):
        """
        Half open at a listener that is closed; there is another one now that
        gets nothing but SYNs. Returns that one and the client.
        """
        port = next(tcp.ports)
        first = self.sharing(port)
        end = tcp.listening(first)
        _, client = self.half_open(first)
        second = self.sharing(port)
        tcp.attach_filter(second, tcp.ONLY_SYN)
        first.close()
        self.step('moved', a='ESTABLISHED')
        self.paths(end, LISTENER, 'CLOSE -listen> LISTEN')
        return second, client

    @over(*BOTH)
    def test_migrated_by_ack(self, name):
        """The last ACK finds the other listener."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 5)
        second, client = self.moved()
        begun = self.watch.lives(self.b)[0].conn
        tcp.detach_filter(second)
        client.sendall(b'x')
        if not self.migrates:
            self.step('reset', a=None, b=None)
            self.paths(self.b, HALF_OPEN + ' -listener-closed> CLOSE')
            return
        server = self.keep(second.accept()[0])
        self.step('complete', a='ESTABLISHED', b='ESTABLISHED')
        self.assertEqual(tcp.cookie(server), begun)
        self.paths(self.b, B_OPENS)
        self.reset(client)
        self.step('closed', a=None, b=None)
        self.paths(self.b, B_OPENS + RESET)

    @over(*BOTH)
    def test_migrated_by_timer(self, name):
        """The next SYN-ACK finds it, and is not answered."""
        self.family(name)
        self.sysctl('tcp_synack_retries', 2)
        _, client = self.moved()
        self.step('given up', a='ESTABLISHED', b=None)
        self.paths(self.b, HALF_OPEN + (
            ' -synack-timeout> CLOSE' if self.migrates else
            ' -listener-closed> CLOSE'))
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_migrated_unaccepted(self, name):
        """An unaccepted connection goes to the other listener's queue."""
        self.family(name)
        port = next(tcp.ports)
        first = self.sharing(port)
        client = self.socket()
        client.connect((self.f.host, port))
        self.sides(client)
        self.step('waits', a='ESTABLISHED', b='ESTABLISHED')
        second = self.sharing(port)
        first.close()
        if not self.migrates:
            self.step('reset', a=None, b=None)
            self.paths(self.a, A_OPENS + RESET)
            self.paths(self.b, B_OPENS + ' -listener-closed> CLOSE')
            return
        server = self.keep(second.accept()[0])
        self.step('accepted', a='ESTABLISHED', b='ESTABLISHED')
        self.check_cookie(server, self.b)
        self.paths(self.b, B_OPENS)
        tcp.reset_on_close(client)


@expand
class Twice(Scenario):
    """The same SYN on two processors at once."""

    TRIES = 400

    @staticmethod
    def send(family, cpu, ends, turns):
        """For each of @ends a SYN, in step with the other process."""
        os.sched_setaffinity(0, {cpu})
        raw = family.raw()
        for number, end in enumerate(ends, 1):
            turns[cpu] = number & 0xff
            while turns[1 - cpu] != number & 0xff and \
                    turns[1 - cpu] != (number + 1) & 0xff:
                pass
            with contextlib.suppress(OSError):
                tcp.send_segment(raw, end, tcp.SYN, 1000)

    @limit(180)
    @over(*BOTH)
    def test_duplicate_syn(self, name):
        """
        One of them is the connection; the other, if it got as far as a request,
        is told as a duplicate. How often that happens is left to chance.
        """
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest('one processor')
        self.family(name)
        self.sysctl('tcp_syncookies', 0)
        self.sysctl('tcp_max_syn_backlog', 4 * self.TRIES)
        self.sysctl('tcp_synack_retries', 1)
        self.enterContext(kernel.sysctl('net.core.somaxconn',
                                        4 * self.TRIES))
        sink = self.sink()
        ends = [(self.f.host, sink.getsockname()[1], self.f.host,
                 self.listener(backlog=4 * self.TRIES).getsockname()[1])
                for _ in range(self.TRIES)]
        turns = mmap.mmap(-1, 2)
        children = [Child(self.send, self.f, cpu, ends, turns)
                    for cpu in (0, 1)]
        for child in children:
            child.join(60)
        self.step('given up', {tcp.flip(end): None for end in ends})
        twice = 0
        for end in ends:
            lives = self.watch.lives(tcp.flip(end))
            kept = HALF_OPEN + ' -synack-timeout> CLOSE'
            lost = (HALF_OPEN + ' -duplicate> CLOSE'
                    if kernel.does('one_request') else kept)
            self.assertIn(len(lives), (1, 2))
            twice += len(lives) - 1
            self.stories(sorted(lives, key=lambda life: life.story == kept),
                         *[lost, kept][2 - len(lives):])
        print(f'# made twice: {twice} of {self.TRIES}')
