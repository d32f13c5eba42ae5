# SPDX-License-Identifier: GPL-2.0
"""The cost of finding stuck connections."""

import socket
import subprocess
import time

import guest
from guest import Module, report

STUCK = 3
SECONDS = 20


def leak(listener):
    """A connection that the peer has closed; it stays in CLOSE_WAIT."""
    socket.create_connection(listener.getsockname()).close()
    return listener.accept()[0]


def busy():
    """Instructions in these seconds, while nothing happens."""
    begin = guest.busy()
    time.sleep(SECONDS)
    return guest.busy() - begin


def cost(idle):
    """Instructions a second, with so many other connections, for a look each
    second at what may be stuck, and the lines about it."""
    with subprocess.Popen([guest.LOAD, 'hold', str(idle)],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder, \
            socket.create_server(('127.0.0.1', 0)) as listener, Module():
        if holder.stdout.readline() != b'ready\n':
            raise RuntimeError(f'no {idle} connections')
        held = [leak(listener) for _ in range(STUCK)]
        runs = {}
        for _ in range(guest.repetitions):
            for limit in 0, 1:
                guest.write('/sys/module/tcpstates/parameters/'
                            'stuck_close_wait', str(limit))
                time.sleep(2)
                runs.setdefault(limit, []).append(busy())
        for sock in held:
            sock.close()
        holder.stdin.close()
    middle = {limit: guest.middle(values) for limit, values in runs.items()}
    return {'value': (middle[1]['value'] - middle[0]['value']) / SECONDS,
            'spread': sum(each['spread']
                          for each in middle.values()) / SECONDS}


def row_stuck():
    """The cost beside a hundred other connections, and a hundred thousand."""
    report('stuck_few', **cost(100))
    report('stuck_many', **cost(100000))
