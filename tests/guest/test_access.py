# SPDX-License-Identifier: GPL-2.0
"""
Who sees what: each cell of the table in lib/openers.py. Three network namespaces
have a listener and make connections: the initial one, that of the process that
opens the device (if it has one of its own), and another one.
"""

import contextlib
import errno
import json
import mmap
import os
import socket
import unittest

from lib import kernel, openers, proctcp, rights, tcp, uapi
from lib.harness import expand, limit, over
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


class Reuse(unittest.TestCase):
    """The kernel gives the number of a namespace that is gone to a new one."""

    @limit(120)
    def test_number(self):
        """A member there sees what is older than the open, but nothing older
        than the namespace."""
        port = next(tcp.ports)
        os.chmod(uapi.DEVICE, openers.MODE_GROUP)

        def use(report):
            kernel.enter_new_netns()
            with V4.listener(port=port) as listener:
                tcp.exchange(V4, listener=listener)
            report(proctcp.netns())

        def reuse(report, wanted):
            kernel.enter_new_netns()
            if proctcp.netns() != wanted:
                report(None)
                return
            with V4.listener(port=next(tcp.ports)) as listener:
                tcp.exchange(V4, listener=listener)
            rights.become(openers.USER, openers.GROUP)
            report(read_from_oldest(wanted))

        wanted = ask(use)
        before = len(read_from_oldest(wanted))
        self.assertGreater(before, 5)
        # The number is given out again when the kernel has removed the namespace.
        seen = None
        while seen is None:
            seen = ask(reuse, wanted)
        # Root has both by the number.
        whole = read_from_oldest(wanted)
        self.assertEqual(whole[before:][:len(seen)], seen)
        self.assertGreater(len(seen), 5)


def read_from_oldest(netns):
    """Lines of a namespace's number that this process may see."""
    with open(uapi.DEVICE, 'rb', buffering=0,
              opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)
              ) as device:
        uapi.set_filter(device.fileno(), netns=netns)
        uapi.rewind(device.fileno())
        found = b''
        with contextlib.suppress(BlockingIOError):
            while piece := device.read(1 << 20):
                found += piece
    return found.decode().splitlines()


def ask(function, *arguments):
    """What a process of its own reports."""
    here, there = os.pipe()

    def run():
        def report(value):
            with open(there, 'w') as file:
                json.dump(value, file)
        function(report, *arguments)
    child = Child(run, keep=[there])
    os.close(there)
    with open(here) as file:
        text = file.read()
    child.join()
    return json.loads(text)


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


CASES = [Access, Reuse]
