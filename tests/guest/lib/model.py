# SPDX-License-Identifier: GPL-2.0
"""
The socket table as it follows from the stream alone: every line is replayed
into a table of connections. A line that does not follow from the table (or
from RFC 9293) is an error that fails the test.
"""

import collections

from lib import rfc9293
from lib.life import Life, place, proc_entry, step

# A connect() or listen() that finds no free port: only these lives have none.
NO_PORT_STEPS = {('CLOSE', 'SYN_SENT'), ('SYN_SENT', 'CLOSE'),
                 ('CLOSE', 'LISTEN'), ('LISTEN', 'CLOSE')}


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
        elif step(event) not in rfc9293.LATER:
            self._error(event, 'no such transition in RFC 9293')
        life.add(event)
        self._check_end(life, event)
        if event.new == 'CLOSE':
            self.table.pop(event.conn, None)

    def _begin(self, event):
        life = Life(event)
        if step(event) not in rfc9293.FIRST:
            self._adopt(event)
        self._add(life)
        return life

    def _add(self, life):
        self.table[life.conn] = life
        self.lives.append(life)
        self.by_end[life.netns, life.end].append(life)

    def _adopt(self, event):
        """A connection older than the stream: one that /proc showed."""
        known = event.netns, proc_entry(*place(event), event.old)
        if self.adopted[known]:
            self.adopted[known] -= 1
            if step(event) not in rfc9293.LATER:
                self._error(event, 'no such transition in RFC 9293')
        else:
            self._error(event, 'nothing is known of the connection')

    def _check_end(self, life, event):
        """Checks the addresses and ports of an event."""
        if (life.table, life.end, life.netns) != (*place(event), event.netns):
            self._error(event, f'the connection was {life.end}')
        self._check_known(event, step(event))

    def _check_known(self, event, states):
        if states not in NO_PORT_STEPS and None in (event.laddr, event.lport):
            self._error(event, 'no local address or port')
        if 'LISTEN' in states and states != ('LISTEN', 'SYN_RECV'):
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
        """Adopts the table of /proc after a failed test, for the next one."""
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
