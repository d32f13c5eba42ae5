# SPDX-License-Identifier: GPL-2.0
"""
The socket table as it follows from the stream alone: every line is replayed
into a table of connections. A line that does not follow from the table (or
from RFC 9293) is an error that fails the test.
"""

import collections

from lib import rfc9293
from lib.proctcp import NOWHERE, Entry

# A connect() or listen() that finds no free port: the only lives without one.
NO_PORT_STEPS = {('CLOSE', 'SYN_SENT'), ('SYN_SENT', 'CLOSE'),
                 ('CLOSE', 'LISTEN'), ('LISTEN', 'CLOSE')}


class Life:
    """One connection or listener, from its first line to CLOSE."""

    def __init__(self, event):
        self.conn = event.conn
        self.netns = event.netns
        self.events = []
        self.state = event.old
        self.abandoned = False  # lost by resync()
        self.table = None
        self.end = None         # (laddr, lport, raddr, rport) as in sockets

    @property
    def path(self):
        """CLOSE>SYN_SENT>ESTABLISHED..."""
        return '>'.join([self.events[0].old] +
                        [event.new for event in self.events])

    @property
    def story(self):
        """CLOSE -connect> SYN_SENT -synack> ESTABLISHED..."""
        return self.events[0].old + ''.join(
            f' -{event.cause or "-"}> {event.new}' for event in self.events)

    @property
    def flags(self):
        return {flag for event in self.events for flag in event.flags}

    def entry(self):
        """How /proc/net/tcp prints it."""
        laddr, lport, raddr, rport = self.end
        nowhere = NOWHERE[self.table]
        return Entry(self.table, laddr or nowhere, lport or 0,
                     raddr or nowhere, rport or 0, self.state)

    def __str__(self):
        return f'conn {self.conn:x} {self.end} {self.story}'


def place(event):
    """The table of /proc, and the tuple as that table and sockets spell it."""
    if event.family == 'inet6':
        return 'tcp6', (event.laddr, event.lport, event.raddr, event.rport)
    if 'v4mapped' not in event.flags:
        return 'tcp', (event.laddr, event.lport, event.raddr, event.rport)
    mapped = [address and f'::ffff:{address}'
              for address in (event.laddr, event.raddr)]
    return 'tcp6', (mapped[0], event.lport, mapped[1], event.rport)


class Model:
    """
    @table: what lives, by cookie; @lives: all that ever lived, in order;
    @adopted: entries that existed before the stream began, each waiting for
    the first line of its connection; @errors: lines that do not fit.
    """

    def __init__(self):
        self.table = {}
        self.lives = []
        self.adopted = collections.Counter()
        self.errors = []
        self.by_end = collections.defaultdict(list)

    def apply(self, event):
        if event.event == 'lost':
            self._error(event, 'the reader lost records')
            return
        life = self.table.get(event.conn)
        if event.event == 'stuck':
            if life and life.state != event.new:
                self._error(event, f'the connection is in {life.state}')
            return
        if life is None:
            life = self._begin(event)
        elif life.state != event.old:
            self._error(event, f'the connection is in {life.state}')
        elif (event.old, event.new) not in rfc9293.LATER:
            self._error(event, 'no such transition in RFC 9293')
        life.events.append(event)
        life.state = event.new
        self._place(life, event)
        if event.new == 'CLOSE':
            self.table.pop(event.conn, None)

    def _begin(self, event):
        step = (event.old, event.new)
        life = Life(event)
        if step not in rfc9293.FIRST:
            self._adopt(event, step)
        self.table[event.conn] = life
        self.lives.append(life)
        return life

    def _adopt(self, event, step):
        """A connection older than the stream: one that /proc showed."""
        table, end = place(event)
        laddr, lport, raddr, rport = end
        nowhere = NOWHERE[table]
        known = (event.netns, Entry(table, laddr or nowhere, lport or 0,
                                    raddr or nowhere, rport or 0, event.old))
        if self.adopted[known]:
            self.adopted[known] -= 1
            if step not in rfc9293.LATER:
                self._error(event, 'no such transition in RFC 9293')
        else:
            self._error(event, 'nothing is known of the connection')

    def _place(self, life, event):
        table, end = place(event)
        if life.end is None:
            life.table, life.end = table, end
            self.by_end[life.netns, end].append(life)
        if (life.table, life.end, life.netns) != (table, end, event.netns):
            self._error(event, f'the connection was {life.end}')
        step = (event.old, event.new)
        if step not in NO_PORT_STEPS and None in (event.laddr, event.lport):
            self._error(event, 'no local address or port')
        if 'LISTEN' in step and step != ('LISTEN', 'SYN_RECV'):
            if (event.raddr, event.rport) != (None, None):
                self._error(event, 'a listener has no peer')
        elif event.raddr is None or event.rport is None:
            self._error(event, 'no peer')

    def _error(self, event, text):
        self.errors.append(f'{text}: {event.text.strip() or event}')

    def adopt(self, netns, entries):
        """What existed before the stream began."""
        for entry in entries:
            self.adopted[netns, entry] += 1

    def entries(self, netns):
        """The table of a namespace, to be compared with /proc."""
        entries = collections.Counter(
            life.entry() for life in self.table.values()
            if life.netns == netns)
        for (owner, entry), count in self.adopted.items():
            if owner == netns and count:
                entries[entry] += count
        return entries

    def difference(self, netns, entries):
        """Lines that tell how the table differs from /proc; none if equal."""
        kernel = collections.Counter(entries)
        stream = self.entries(netns)
        return ([f'only in /proc: {entry}'
                 for entry in (kernel - stream).elements()] +
                [f'only in the stream: {entry}'
                 for entry in (stream - kernel).elements()])

    def resync(self, netns, entries):
        """After a failed test: forget the difference, to judge the next."""
        kernel = collections.Counter(entries)
        for conn, life in list(self.table.items()):
            if life.netns != netns or not kernel[life.entry()]:
                life.abandoned = True
                del self.table[conn]
            else:
                kernel[life.entry()] -= 1
        self.adopted = collections.Counter()
        self.adopt(netns, kernel.elements())
        self.errors.clear()
