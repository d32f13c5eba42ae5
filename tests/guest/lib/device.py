# SPDX-License-Identifier: GPL-2.0
"""What the tests of the device are written with."""

import errno
import os
import unittest

from lib import tcp, uapi
from lib.stream import Stream

V4 = tcp.FAMILIES['v4']
V6 = tcp.FAMILIES['v6']
MAPPED = tcp.FAMILIES['mapped']

# Lines of exchange(family, n): the listener's two and those of connections.
LISTENER_LINES = 2


def lines_of(connections):
    return LISTENER_LINES + tcp.LINES * connections


class DeviceTest(unittest.TestCase):
    """
    Each test opens the reference first: a large-buffered reader whose lines
    have been parsed, and to which the others are compared.
    """

    maxDiff = 2000

    def setUp(self):
        self.reference = self.enterContext(Stream())

    def open(self, flags=os.O_RDONLY | os.O_NONBLOCK):
        fd = os.open(uapi.DEVICE, flags)
        self.addCleanup(os.close, fd)
        return fd

    def stream(self, **named):
        return self.enterContext(Stream(**named))

    def assertErrno(self, number, function, *arguments):
        with self.assertRaises(OSError) as caught:
            function(*arguments)
        self.assertEqual(errno.errorcode[caught.exception.errno],
                         errno.errorcode[number])

    def traffic(self, connections=1, family=V4):
        """Connections that are over now; their lines as bytes."""
        tcp.exchange(family, connections)
        events = self.reference.collect(
            lambda events: len(events) >= lines_of(connections))
        self.assertEqual(len(events), lines_of(connections))
        return ''.join(event.text for event in events).encode()

    def events(self, connections=1, family=V4):
        """The same, parsed."""
        tcp.exchange(family, connections)
        return self.reference.collect(
            lambda events: len(events) >= lines_of(connections))


def read_all(fd, size=65536):
    """Everything that is there, in reads of one size."""
    chunks = []
    while True:
        try:
            chunks.append(os.read(fd, size))
        except BlockingIOError:
            return chunks
