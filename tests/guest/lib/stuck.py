# SPDX-License-Identifier: GPL-2.0
"""Connections that stay in CLOSE_WAIT, and their lines with event=stuck."""

import os
import time

from lib import kernel, tcp
from lib.processes import Child


def limit_path(state):
    return f'/sys/module/tcpstates/parameters/stuck_{state.lower()}'


def set_limit(state, seconds):
    kernel.write_file(limit_path(state), str(seconds))


def stuck(events):
    return [event for event in events if event.event == 'stuck']


def of(events, conn):
    return [event for event in events if event.conn == conn]


class Leak:
    """A connection whose peer has closed, and whose owner does not."""

    def __init__(self, family=tcp.FAMILIES['v4']):
        self.listener = family.listener()
        client = family.open()
        client.connect(self.listener.getsockname()[:2])
        self.sock = self.listener.accept()[0]
        self.conn = tcp.cookie(self.sock)
        self.end = tcp.ends(self.sock)
        client.close()
        assert self.sock.recv(1) == b''

    def close(self):
        self.sock.close()
        self.listener.close()

    def lines(self, count):
        """A condition: at least so many of its lines are among the events."""
        return lambda events: len(stuck(of(events, self.conn))) >= count


def leak_of(case, comm, enter=lambda: None):
    """
    (cookie, descriptor, pid) of a leak by a process of that name, which calls
    @enter first. It lives until the test ends.
    """
    def inside(pipe):
        enter()
        kernel.write_file('/proc/self/comm', comm)
        leak = Leak()
        os.write(pipe, b'%d %d\n' % (leak.conn, leak.sock.fileno()))
        time.sleep(1000)

    read, write = os.pipe()
    child = Child(inside, write, keep=(write,))
    case.addCleanup(child.kill)
    os.close(write)
    with open(read, encoding='ascii') as pipe:
        return (*map(int, pipe.readline().split()), child.pid)
