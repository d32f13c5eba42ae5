# SPDX-License-Identifier: GPL-2.0
"""Processes that open and end connections in every way, as fast as they can."""

import contextlib
import os
import random
import signal
import socket

from lib import tcp
from lib.processes import Child, wait_for

BOTH = ('v4', 'v6')

# Connections that a process holds at a time, and how many it makes with a
# listener before that is closed.
HELD = 20
OF_A_LISTENER = 50

# Seconds that a call may take where others end its connections.
PATIENCE = 5


class Maker:
    """
    One process. @disturbed: others end its connections as well; then what fails
    is begun anew.
    """

    def __init__(self, number, disturbed=False):
        self.choose = random.Random(number)
        self.disturbed = disturbed
        self.listeners = [self.listen(tcp.FAMILIES[name]) for name in BOTH]
        self.held = []
        self.count = 0      # tried
        self.made = 0

    def patient(self, sock):
        if self.disturbed:
            sock.settimeout(PATIENCE)
        return sock

    def listen(self, family):
        listener = self.patient(family.open())
        listener.bind((family.host, 0))
        listener.listen(16)
        return family, listener

    def step(self):
        """Opens a connection, and ends one when there are enough."""
        turn = self.count % 2
        self.count += 1
        family, listener = self.listeners[turn]
        client = self.patient(family.open())
        try:
            client.connect(listener.getsockname()[:2])
            self.held.append((client, listener.accept()[0]))
            self.made += 1
        except OSError:
            client.close()
            if not self.disturbed:
                raise
        if len(self.held) > HELD:
            self.end(*self.held.pop(self.choose.randrange(len(self.held))))
        if self.count % OF_A_LISTENER < 2:
            listener.close()
            self.listeners[turn] = self.listen(family)

    def end(self, client, server):
        how = self.choose.randrange(4)
        with contextlib.suppress(OSError if self.disturbed else ()):
            if how == 0:
                tcp.reset_on_close(client)
            if how == 1:
                client.shutdown(socket.SHUT_WR)
        if how == 2:
            server.close()
        client.close()
        server.close()

    def close(self):
        for pair in (*self.held, *((sock,) for _, sock in self.listeners)):
            for sock in pair:
                sock.close()


def mixed_load(stop, number, quota, disturbed=False):
    """Until it is told to stop, at most so many; the number as bytes."""
    os.set_blocking(stop[0], False)
    if disturbed:
        os.nice(10)     # whoever reads has more to do
    with contextlib.suppress(OSError):
        os.close(stop[1])
    maker = Maker(number, disturbed)
    while maker.count < quota:
        with contextlib.suppress(BlockingIOError):
            if os.read(stop[0], 1) == b'':
                break
        maker.step()
    maker.close()
    return str(maker.made).encode()


class Load:
    """Several of these processes. @counts: of each, when they have ended."""

    def __init__(self, workers, quota, disturbed):
        self.stop = os.pipe()
        self.children = [Child(mixed_load, self.stop, number, quota, disturbed)
                         for number in range(workers)]
        os.close(self.stop[0])
        self.counts = []

    @contextlib.contextmanager
    def paused(self):
        """Stops all of them for the length of a with block."""
        for child in self.children:
            os.kill(child.pid, signal.SIGSTOP)
        for child in self.children:
            wait_for(child.is_stopped, 'the makers of connections pause')
        try:
            yield
        finally:
            for child in self.children:
                os.kill(child.pid, signal.SIGCONT)

    def end(self):
        os.close(self.stop[1])
        self.counts += [int(child.join()) for child in self.children]


@contextlib.contextmanager
def load_on(workers=3, quota=10**9, disturbed=False):
    """Runs beside a with block; each makes so many connections at most."""
    load = Load(workers, quota, disturbed)
    try:
        yield load
    finally:
        load.end()
