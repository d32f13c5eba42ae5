# SPDX-License-Identifier: GPL-2.0
"""Ends connections of the loopback that would last for a minute."""

import subprocess

from lib import kernel, proctcp, tcp

MINISOCKS = ('FIN_WAIT2', 'TIME_WAIT')

# The end of TIME_WAIT by kill().
TW_KILLED = (' -killed> CLOSE' if kernel.does('kill_minisock') else
             ' -tw-reset> CLOSE')


def _words(end):
    """A tuple in the language of ss."""
    words = []
    for which, address, port in (('src', *end[:2]), ('dst', *end[2:])):
        if port:
            address = address.removeprefix('::ffff:')
            words += [which, f'[{address}]:{port}' if ':' in address
                      else f'{address}:{port}']
    return words if end[3] else ['state', 'listening', *words]


def destroy(*words):
    """Runs ss -K with this filter."""
    subprocess.run(['ss', '-K', '-H', '-t', '-a', *words], check=True,
                   capture_output=True)


def _provoke(end):
    """
    A segment out of the window of a minisock. Its answer tells the number that
    it waits for to nobody, whose RST has that number. No end, if there is
    somebody.
    """
    family = tcp.FAMILIES['v6' if end[0] == '::1' else 'v4']
    with family.raw() as raw:
        tcp.send_segment(raw, tcp.flip(end), tcp.ACK, 0)


def kill(end):
    """Ends what has this tuple; a minisock perhaps only without a peer."""
    destroy(*_words(end))
    if kernel.does('kill_minisock'):
        return
    for entry in proctcp.read():
        if entry[1:5] == tuple(end) and entry.state in MINISOCKS:
            _provoke(end)


def _provoke_all(states):
    if kernel.does('kill_minisock'):
        return
    for entry in proctcp.read():
        if entry.state in states:
            _provoke(entry[1:5])


def kill_all():
    """Ends all connections of this network namespace."""
    destroy()
    _provoke_all(MINISOCKS)


def kill_time_wait():
    """Ends those in TIME_WAIT."""
    destroy('state', 'time-wait')
    _provoke_all(('TIME_WAIT',))
