# SPDX-License-Identifier: GPL-2.0
"""
Who sees what: each cell of the table in lib/openers.py. Three network namespaces
have a listener and make connections: the initial one, that of the process that
opens the device (if it has one of its own), and another one.
"""

import errno
import json
import mmap
import os
import socket
import unittest

from lib import kernel, openers, proctcp, tcp, uapi
from lib.harness import expand, over
from lib.mapped import Map
from lib.processes import Child
from lib.stream import Order, Stream

V4 = tcp.FAMILIES['v4']
TRACE_PIPE = '/sys/kernel/tracing/trace_pipe'


def setUpModule():
    kernel.load()
    os.chown(uapi.DEVICE, 0, openers.GROUP)


def tearDownModule():
    kernel.unload()


class Place:
    """A network namespace that makes connections when it is asked to."""

    def __init__(self, enter):
        """@enter: how the process gets there."""
        self.socket, there = socket.socketpair()
        self.child = Child(self._serve, there, enter, next(tcp.ports),
                           keep=[there.fileno()])
        there.close()
        self.netns = int(self.socket.recv(64))

    @staticmethod
    def _serve(sock, enter, port):
        enter()
        with V4.listener(port=port) as listener:
            sock.send(str(proctcp.netns()).encode())
            while sock.recv(1):
                tcp.exchange(V4, listener=listener)
                sock.send(b'.')

    def exchange(self):
        """One connection, which is over now: LINES of the stream."""
        self.socket.send(b'.')
        assert self.socket.recv(1) == b'.'

    def close(self):
        self.socket.close()
        self.child.join()


class Ways:
    """
    One file for each way. The result of each is the set of namespaces that it
    shows, or a text for the table.
    """

    def __init__(self, other):
        """@other: the namespace that makes connections, and is nobody's."""
        self.other = other
        self.finish = {}
        self.result = {}

    def attempt(self, way, step, *arguments):
        """The result of the step; if it fails, the error is the way's result."""
        try:
            return step(*arguments)
        except OSError as error:
            self.result[way] = errno.errorcode[error.errno]
            return None

    def open(self):
        for way in openers.WAYS:
            begun = self.attempt(way, getattr(self, '_' + way))
            if begun:
                self.finish[way] = begun

    def end(self):
        for way, finish in self.finish.items():
            seen = self.attempt(way, finish)
            if seen is not None:
                self.result[way] = seen

    @staticmethod
    def _namespaces(stream):
        return sorted({event.netns for event in stream.fetch()})

    def _read(self):
        stream = Stream(gapless=False)
        return lambda: self._namespaces(stream)

    def _rewind(self):
        stream = Stream(binary=True, gapless=False)

        def finish():
            uapi.rewind(stream.fd)
            return self._namespaces(stream)
        return finish

    def _snapshot(self):
        stream = Stream(gapless=False)

        def finish():
            uapi.snapshot(stream.fd)
            return sorted({event.netns for event in stream.fetch()
                           if event.event == 'existing'})
        return finish

    def _filter(self):
        stream = Stream(gapless=False)
        uapi.set_filter(stream.fd, netns=self.other)

        def finish():
            seen = self._namespaces(stream)
            uapi.rewind(stream.fd)
            stream.order = Order(gapless=False)
            seen += self._namespaces(stream)
            return {(): openers.OWN, (self.other,): openers.ALL}.get(
                tuple(sorted(set(seen))), seen)
        return finish

    def _poll(self):
        """Polls while something happens only in other namespaces."""
        self.sleeper = Stream(gapless=False)

    def look(self):
        """Whether it was woken up."""
        if 'poll' not in self.result:
            self.result['poll'] = (openers.ALL if self.sleeper.wait(0) else
                                   openers.OWN)

    def _map(self):
        fd = os.open(uapi.DEVICE, os.O_RDONLY)

        def finish():
            mmap.mmap(fd, mmap.PAGESIZE, mmap.MAP_SHARED,
                      mmap.PROT_READ).close()
            mapped = Map(fd)
            oldest = [max(0, mapped.ring(cpu).head - mapped.info.ring_records)
                      for cpu in range(mapped.info.cpus)]
            return sorted({uapi.Record(*uapi.RECORD.unpack(raw)).netns
                           for raw in mapped.records(oldest)})
        return finish

    def _count(self):
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        before = uapi.get_stats(fd).recorded
        return lambda: uapi.get_stats(fd).recorded - before

    def _trace(self):
        def finish():
            os.close(os.open(TRACE_PIPE, os.O_RDONLY | os.O_NONBLOCK))
            return openers.ALL
        return finish


@expand
class Access(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.other = Place(kernel.enter_new_netns)
        self.addCleanup(self.other.close)
        self.initial = Place(lambda: None)
        self.addCleanup(self.initial.close)

    @staticmethod
    def _open_and_read(opener, other, sock):
        """The process that this is about; what it has seen, as JSON."""
        opener.before()
        own = Place(lambda: None)
        ways = Ways(other)
        ways.open()
        opener.after()
        sock.send(str(own.netns).encode())
        sock.recv(1)
        ways.look()
        own.exchange()
        ways.end()
        own.close()
        return json.dumps(ways.result).encode()

    def _elsewhere(self, own):
        """Connections in all namespaces but that; how many of these are."""
        places = [place for place in (self.initial, self.other)
                  if place.netns != own]
        with Stream(gapless=False) as reference:
            for place in places:
                place.exchange()
            self.assertTrue(reference.wait(20))
        return len(places)

    def _in_a_word(self, way, seen, own, connections):
        """What it sees, as a word of the table."""
        if isinstance(seen, str):
            return seen
        if way == 'count':
            return openers.ALL if seen == tcp.LINES * connections else seen
        if {own, self.initial.netns, self.other.netns} <= set(seen):
            return openers.ALL
        return openers.OWN if seen == [own] else seen

    @over(*openers.OPENERS)
    def test_access(self, name):
        opener = openers.OPENERS[name]
        os.chmod(uapi.DEVICE, opener.mode)
        here, there = socket.socketpair()
        process = Child(self._open_and_read, opener, self.other.netns, there,
                        keep=[there.fileno()])
        there.close()
        with here:
            own = int(here.recv(64) or process.join())
            connections = 1 + self._elsewhere(own)
            here.send(b'.')
            result = json.loads(process.join())
        seen = {way: self._in_a_word(way, result[way], own, connections)
                for way in openers.WAYS}
        self.assertEqual(seen, opener.sees)


CASES = [Access]
