# SPDX-License-Identifier: GPL-2.0
"""
Compares the witness with the stream. Every event of the tracepoint must be a
line of the stream, or be one of its known untruths, each of which has a
precondition that is checked as well:

  T1  CLOSE of a socket that lives on as a timewait minisock: the stream has
      the connection in TIME_WAIT or FIN_WAIT2 then, and ends it later
  T2  a state that is set again
  T3  LISTEN to SYN_RECV of a child, told when the handshake completes and
      without the peer: the stream told it at the SYN, or at the same time
  T4  CLOSE to SYN_SENT or LISTEN before the port is chosen, hence with none or
      with an old one: the same line with the right port
  T6  another protocol

In return, what the stream tells and the witness does not must be of a kind
that the tracepoint cannot see: a half-open connection that never became a
socket, and what becomes of a minisock.
"""

import collections
import socket

from lib import lives, uapi

# Witness and module are called one after the other for the same event.
SAME_NS = 500 * 10**6

MINISOCK = {('FIN_WAIT2', 'TIME_WAIT'), ('FIN_WAIT2', 'CLOSE'),
            ('TIME_WAIT', 'CLOSE')}
HALF_OPEN = 'LISTEN>SYN_RECV>CLOSE'


# TCP_REPAIR ends a connection from every state in which it can be set.
REPAIRED = {('ESTABLISHED', 'CLOSE'), ('CLOSE_WAIT', 'CLOSE'),
            ('FIN_WAIT1', 'CLOSE'), ('FIN_WAIT2', 'CLOSE'),
            ('CLOSING', 'CLOSE'), ('LAST_ACK', 'CLOSE')}


def fault_of_cause(event):
    """What is wrong with the cause of a line, if anything is."""
    step = event.old, event.new
    if event.cause is None:
        return f'no cause: {event.text.strip()}'
    if event.cause not in lives.CAUSES.get(step, ()) and \
            not (event.cause == 'repair' and step in REPAIRED):
        return f'{event.cause} is no cause of this: {event.text.strip()}'
    return None


class Sighting:
    """One life of a socket as the witness saw it."""

    def __init__(self):
        self.events = []
        self.steps = []

    def add(self, event):
        self.events.append(event)
        self.steps.append((uapi.STATES[event.old], uapi.STATES[event.new]))

    def end(self):
        """
        Its tuple, as the last event has it: the first may come before the
        ports are chosen, or with those of the socket's last life.
        """
        last = self.events[-1]
        lport, rport = last.sport or None, last.dport or None
        laddr, raddr = last.saddr, last.daddr
        if last.family == socket.AF_INET:
            laddr, raddr = [address.removeprefix('::ffff:')
                            for address in (laddr, raddr)]
        if self.steps[0][1] == 'LISTEN':
            raddr = rport = None
        return laddr, lport, raddr, rport

    def __str__(self):
        return f'{self.end()} {self.steps}'


def sightings(events, rules):
    """The lives of all TCP sockets; the others are counted."""
    lives, open_lives = [], {}
    for event in events:
        if event.protocol != socket.IPPROTO_TCP:
            rules['T6'] += 1
            continue
        if event.old == event.new:
            rules['T2'] += 1
            continue
        step = uapi.STATES[event.old], uapi.STATES[event.new]
        if step[0] == 'CLOSE' or step == ('LISTEN', 'SYN_RECV'):
            open_lives[event.sk] = Sighting()
            lives.append(open_lives[event.sk])
        open_lives[event.sk].add(event)
    return lives


def _same_time(seen, told):
    return abs(seen.boot_ns - told.boot_ns) < SAME_NS


def _explain(sighting, life):
    """The rules by which a life explains a sighting, or None."""
    rules = []
    told = list(life.events)
    for number, (seen, step) in enumerate(zip(sighting.events,
                                              sighting.steps)):
        following = (told[0].old, told[0].new) if told else None
        if number == 0 and step == ('LISTEN', 'SYN_RECV'):
            if following != step or \
                    told[0].boot_ns > seen.boot_ns + SAME_NS:
                return None
            rules.append('T3' if not seen.dport else 'same')
        elif following == step and _same_time(seen, told[0]):
            rules.append('same' if (seen.sport or None) == told[0].lport
                         else 'T4')
        elif step[1] == 'CLOSE':
            return _explain_minisock(rules, step, seen, life, told)
        else:
            return None
        told.pop(0)
    return None if told else rules


def _explain_minisock(rules, step, seen, life, told):
    """T1: what is left in @told must be the minisock's."""
    if told and (told[0].old, told[0].new) == (step[0], 'TIME_WAIT') and \
            _same_time(seen, told[0]):
        told.pop(0)
        state = 'TIME_WAIT'
    else:
        state = life.events[len(life.events) - len(told) - 1].new
    if state not in ('TIME_WAIT', 'FIN_WAIT2') or not told:
        return None
    if any((event.old, event.new) not in MINISOCK or
           event.boot_ns < seen.boot_ns for event in told):
        return None
    return rules + ['T1'] + ['minisock'] * len(told)


def compare(events, told):
    """(how often each rule explained, what nothing explains)"""
    rules = collections.Counter()
    faults = []
    by_end = collections.defaultdict(list)
    for life in told:
        by_end[life.end].append(life)
    for sighting in sightings(events, rules):
        candidates = by_end[sighting.end()]
        for life in candidates:
            explanation = _explain(sighting, life)
            if explanation is not None:
                rules.update(explanation)
                candidates.remove(life)
                break
        else:
            faults.append(f'only the witness saw: {sighting}; the stream '
                          f'has {[str(life) for life in candidates]}')
    for life in (life for left in by_end.values() for life in left):
        if life.path == HALF_OPEN:
            rules['half open'] += 1
        else:
            faults.append(f'only the stream tells: {life}')
    return rules, faults
