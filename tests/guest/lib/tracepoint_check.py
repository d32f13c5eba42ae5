# SPDX-License-Identifier: GPL-2.0
"""
Compares the witness with the stream. Every event of the tracepoint must be a
line of the stream, or one of the known cases where the tracepoint is wrong, each
with a precondition that is checked, too:

  T1  CLOSE of a socket that lives on as a timewait minisock: the stream has
      the connection in TIME_WAIT or FIN_WAIT2 then, and ends it later
  T2  a state that is set again
  T3  LISTEN to SYN_RECV of a child, reported when the handshake completes and
      without the peer: the stream reported it at the SYN, or at the same time
  T4  CLOSE to SYN_SENT or LISTEN before the port is chosen, hence with none or
      with an old one: the same line with the right port
  T6  another protocol

In return, what the stream reports and the witness does not must be of a kind
that the tracepoint cannot see: a half-open connection that never became a
socket, and what becomes of a minisock.

Two reports are of one event if they are of one connection, by its tuple, and
stand at the same place in its order. Witness and module are called one after
the other, under the socket's lock, before the socket can change again: so what
the module says of an event lies between what the witness says of the event
before and of the event after, be it one of the next socket at that address.
"""

import collections
import math
import socket

from lib.life import Life

MINISOCK = {('FIN_WAIT2', 'TIME_WAIT'), ('FIN_WAIT2', 'CLOSE'),
            ('TIME_WAIT', 'CLOSE')}
HALF_OPEN = 'LISTEN>SYN_RECV>CLOSE'
CHILD = 'LISTEN', 'SYN_RECV'


class Sighting(Life):
    """
    One life of a socket as the witness saw it. The socket that had its address
    before ended at @before_ns, the next one began at @after_ns.
    """

    def __init__(self, event, previous):
        super().__init__(event)
        self.before_ns = -math.inf
        self.after_ns = math.inf
        if previous:
            self.before_ns = previous.last.boot_ns
            previous.after_ns = event.boot_ns

    def add(self, event):
        super().add(event)
        # The first event may come before the ports are chosen, or with those
        # of the socket's last life; and a listener may have an old peer.
        self.end = event.laddr, event.lport, event.raddr, event.rport
        if self.steps[0][1] == 'LISTEN':
            self.end = event.laddr, event.lport, None, None


def sightings(events, rules):
    """The lives of all TCP sockets; other events only count in @rules."""
    found, alive = [], {}
    for event in events:
        if event.protocol != socket.IPPROTO_TCP:
            rules['T6'] += 1
            continue
        if event.old == event.new:
            rules['T2'] += 1
            continue
        if event.old == 'CLOSE' or (event.old, event.new) == CHILD:
            alive[event.conn] = Sighting(event, alive.get(event.conn))
            found.append(alive[event.conn])
        alive[event.conn].add(event)
    return found


class Explanation:
    """
    The rules by which a life of the stream explains a sighting: @rules, or
    None if it does not.
    """

    def __init__(self, sighting, life):
        self.seen = sighting.events
        self.times = [sighting.before_ns,
                      *(event.boot_ns for event in self.seen),
                      sighting.after_ns]
        self.told = list(life.events)
        self.state = life.start     # after what was taken from @told
        self.rules = []
        if not self._explain(sighting.steps) or self.told:
            self.rules = None

    def _explain(self, steps):
        for place, step in enumerate(steps):
            if place == 0 and step == CHILD:
                if not self._next_is(step, place):
                    return False
                self.rules.append('same' if self.seen[0].rport else 'T3')
            elif self._next_is(step, place):
                self.rules.append(
                    'same' if self.seen[place].lport == self.told[0].lport
                    else 'T4')
            else:
                return step[1] == 'CLOSE' and place == len(steps) - 1 and \
                    self._minisock(step, place)
            self._take()
        return True

    def _take(self):
        self.state = self.told.pop(0).new

    def _next_is(self, step, place):
        """Whether the next line is that step, and in its place in time."""
        if not self.told or (self.told[0].old, self.told[0].new) != step:
            return False
        before, _, after = self.times[place:place + 3]
        if step == CHILD:
            before = -math.inf      # the SYN came before its socket (T3)
        return before < self.told[0].boot_ns < after

    def _minisock(self, step, place):
        """T1: what is left must be the minisock's, and come after CLOSE."""
        if self._next_is((step[0], 'TIME_WAIT'), place):
            self._take()
        if self.state not in ('TIME_WAIT', 'FIN_WAIT2') or not self.told:
            return False
        if any((event.old, event.new) not in MINISOCK or
               event.boot_ns < self.seen[place].boot_ns
               for event in self.told):
            return False
        self.rules += ['T1'] + ['minisock'] * len(self.told)
        self.told = []
        return True


def match(seen, told):
    """
    Pairs as many sightings with lives as possible, each at most once: lives of
    one tuple in two namespaces overlap. Returns {sighting: (life, rules)}.
    """
    possible = {sighting: {life: rules for life in told
                           if (rules := Explanation(sighting, life).rules)}
                for sighting in seen}
    owner = {}

    def give(sighting, refused):
        for life in possible[sighting]:
            if life not in refused:
                refused.add(life)
                if life not in owner or give(owner[life], refused):
                    owner[life] = sighting
                    return True
        return False

    for sighting in seen:
        give(sighting, set())
    return {sighting: (life, possible[sighting][life])
            for life, sighting in owner.items()}


def compare(events, told):
    """(how often each rule explained, what nothing explains)"""
    rules = collections.Counter()
    faults = []
    seen_by_end = collections.defaultdict(list)
    told_by_end = collections.defaultdict(list)
    for sighting in sightings(events, rules):
        seen_by_end[sighting.end].append(sighting)
    for life in told:
        told_by_end[life.end].append(life)
    for end in {**seen_by_end, **told_by_end}:
        pairs = match(seen_by_end[end], told_by_end[end])
        for _, explained in pairs.values():
            rules.update(explained)
        explaining = {life for life, _ in pairs.values()}
        left = [life for life in told_by_end[end] if life not in explaining]
        for sighting in seen_by_end[end]:
            if sighting not in pairs:
                faults.append(f'only the witness saw: {sighting}; the stream '
                              f'has {[str(life) for life in left]}')
        for life in left:
            if life.path == HALF_OPEN:
                rules['half open'] += 1
            else:
                faults.append(f'only the stream reports: {life}')
    return rules, faults
