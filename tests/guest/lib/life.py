# SPDX-License-Identifier: GPL-2.0
"""
The life of a connection or listener: its transitions from the first to CLOSE,
as the stream tells them, or the tracepoint. An event has at least @old,
@new and @conn, which identifies the connection.
"""

import collections

from lib import rfc9293
from lib.proctcp import NOWHERE, Entry


def step(event):
    return event.old, event.new


def place(event):
    """The table of /proc, and the tuple as that table and sockets spell it."""
    end = event.laddr, event.lport, event.raddr, event.rport
    if event.family == 'inet6':
        return 'tcp6', end
    if 'v4mapped' not in event.flags:
        return 'tcp', end
    laddr, raddr = (address and f'::ffff:{address}'
                    for address in (event.laddr, event.raddr))
    return 'tcp6', (laddr, event.lport, raddr, event.rport)


def proc_entry(table, end, state):
    """How /proc/net/tcp prints it."""
    laddr, lport, raddr, rport = end
    nowhere = NOWHERE[table]
    return Entry(table, laddr or nowhere, lport or 0, raddr or nowhere,
                 rport or 0, state)


class Life:
    """
    Made of the event that it begins with: a transition, which add() then adds,
    or a row of a snapshot (@row), which is none.
    """

    def __init__(self, event):
        self.conn = event.conn
        self.netns = event.netns
        self.row = event if event.event == 'existing' else None
        self.start = event.new if self.row else event.old
        self.state = self.start
        self.events = []
        self.table, self.end = place(event)
        self.abandoned = False  # lost by Model.resync()

    def add(self, event):
        self.events.append(event)
        self.state = event.new

    @property
    def first(self):
        return self.events[0]

    @property
    def last(self):
        return self.events[-1]

    @property
    def steps(self):
        return [step(event) for event in self.events]

    @property
    def path(self):
        """CLOSE>SYN_SENT>ESTABLISHED..."""
        return '>'.join([self.start] + [event.new for event in self.events])

    @property
    def causes(self):
        return [event.cause for event in self.events]

    @property
    def story(self):
        """CLOSE -connect> SYN_SENT -synack> ESTABLISHED..."""
        return self.start + ''.join(
            f' -{event.cause or "-"}> {event.new}' for event in self.events)

    @property
    def flags(self):
        return {flag for event in self.events for flag in event.flags}

    def entry(self):
        return proc_entry(self.table, self.end, self.state)

    def __str__(self):
        return f'conn {self.conn:x} {self.end} {self.story}'


def group(events):
    """
    The lives in these events, in order of their beginnings. A cookie may have
    several: one after the other, or the next while TIME_WAIT still lasts.
    """
    lives = []
    living = collections.defaultdict(list)
    for event in events:
        if event.event != 'transition':
            continue
        mine = living[event.conn]
        fitting = [life for life in mine if life.state == event.old]
        if step(event) in rfc9293.FIRST or not mine:
            life = Life(event)
            lives.append(life)
            mine.append(life)
        else:
            life = (fitting or mine)[0]
        life.add(event)
        if event.new == 'CLOSE':
            mine.remove(life)
    return lives
