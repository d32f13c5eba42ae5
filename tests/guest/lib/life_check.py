# SPDX-License-Identifier: GPL-2.0
"""
Checks whole lives: the lines of one connection from the first to CLOSE, by
themselves and without any other knowledge of it. Where lib/model.py compares
line by line with the kernel's tables, this looks at the path: legal, without a
jump, with times that add up and causes that the ABI allows for each step.
"""

import collections
import re

from lib import rfc9293
from lib.causes import ACTED, CAUSES, UNACCEPTED
from lib.life import group, step

# Keys of a line that can only grow, and those that stay once they are known.
GROWING = ('retrans', 'bytes_in', 'bytes_out')
STAYING = ('inode', 'handshake_ns')

HANDSHAKE = {('SYN_SENT', 'ESTABLISHED'), ('SYN_RECV', 'ESTABLISHED')}
KEY = re.compile(r'(?:^| )([a-z][a-z0-9_]*)=("[^"\n]*"|[^" \n]*)')


def keys(event):
    """All keys of a line as text; None where it says "-"."""
    return {key: None if value == '-' else value
            for key, value in KEY.findall(event.text)}


def number(event, key):
    """The value of a key; None if it is unknown, or no key of the line."""
    value = keys(event).get(key)
    return None if value is None else int(value)


class LifeCheck:
    """
    Collects what is wrong with one life. @whole: it must have ended. @strict:
    causes and how long the handshake took must be known.
    """

    def __init__(self, life, whole, strict):
        self.events = life.events
        self.whole, self.strict = whole, strict
        self.faults = []

    def fault(self, text, event):
        self.faults.append(f'{text}: {event.text.strip() or event}')

    def run(self):
        self._ends()
        before = None
        for event in self.events:
            self._step(before, event)
            self._cause(event)
            self._identity(event)
            if before:
                self._after(before, event)
            before = event
        self._kept()
        self._handshake()
        return self.faults

    def _ends(self):
        first, last = self.events[0], self.events[-1]
        if step(first) not in rfc9293.FIRST:
            self.fault('not the beginning of a life', first)
        if self.whole and last.new != 'CLOSE':
            self.fault('not the end of a life', last)

    def _step(self, before, event):
        if step(event) not in CAUSES:
            self.fault('no such transition in RFC 9293', event)
        if before is None:
            if event.dur_ns is not None:
                self.fault('a duration, although the life begins here', event)
            return
        if event.old != before.new:
            self.fault(f'a jump from {before.new}', event)
        if step(event) in rfc9293.FIRST:
            self.fault('a beginning in the middle', event)
        if before.new == 'CLOSE':
            self.fault('life after the end', event)
        passed = event.real_ns - before.real_ns
        if passed < 0:
            self.fault(f'{-passed} ns before what came before', event)
        if event.dur_ns is None:
            self.fault('no duration', event)
        elif 'atleast' not in event.flags and event.dur_ns != passed:
            self.fault(f'it lasted {passed} ns', event)

    def _cause(self, event):
        cause, flags = event.cause, event.flags
        if cause is None:
            if self.strict:
                self.fault('no cause', event)
            return
        if cause not in CAUSES.get(step(event), {cause}):
            self.fault(f'{cause} is no cause of this', event)
        if step(event) == ('LISTEN', 'SYN_RECV') and \
                (cause == 'ack') != ('syncookie' in flags):
            self.fault('an ACK creates a connection only from a cookie', event)
        if cause in UNACCEPTED and 'unaccepted' not in flags:
            self.fault(f'{cause} of an accepted connection', event)
        if cause in ACTED and 'unaccepted' in flags:
            self.fault(f'{cause} of an unaccepted connection', event)
        if cause == 'no-memory' and 'orphan' not in flags:
            self.fault(f'{cause} of a socket that a process has open', event)

    def _identity(self, event):
        first, last = self.events[0], self.events[-1]
        for name in ('conn', 'netns', 'family', 'raddr', 'rport'):
            if getattr(event, name) != getattr(first, name):
                self.fault(f'another {name}', event)
        # A connect() that finds no port has none in any line.
        for name in ('laddr', 'lport'):
            if getattr(event, name) != getattr(last, name):
                self.fault(f'another {name}', event)

    def _after(self, before, event):
        """What can change from one line to the next, and how."""
        if 'orphan' in before.flags and 'orphan' not in event.flags:
            self.fault('orphan flag removed', event)
        if 'unaccepted' in event.flags and 'unaccepted' not in before.flags:
            self.fault('unaccepted after accept()', event)
        for flag in ('v4mapped', 'syncookie', 'mptcp'):
            if (flag in before.flags) != (flag in event.flags):
                self.fault(f'{flag} comes or goes', event)
        accepted = 'unaccepted' in before.flags and \
            'unaccepted' not in event.flags
        if not accepted and (before.pid, before.comm, before.uid) != \
                (event.pid, event.comm, event.uid):
            self.fault('another owner', event)

    def _kept(self):
        """GROWING and STAYING keys over the whole life."""
        for key in GROWING + STAYING:
            last = None
            for event in self.events:
                value = number(event, key)
                if value is None:
                    continue
                if last is not None and (
                        value < last if key in GROWING else value != last):
                    self.fault(f'{key} was {last}', event)
                last = value

    def _handshake(self):
        """handshake_ns: from the first line, the SYN, to ESTABLISHED."""
        took = None
        for event in self.events:
            if step(event) in HANDSHAKE:
                took = event.real_ns - self.events[0].real_ns
            told = number(event, 'handshake_ns')
            if told is not None and told != took and \
                    'syncookie' not in event.flags:
                self.fault(f'the handshake took {took} ns', event)
            if told is None and took is not None and self.strict and \
                    'handshake_ns' in keys(event) and \
                    'syncookie' not in event.flags:
                self.fault('no duration of the handshake', event)


def check_life(life, whole=True, strict=True):
    """What is wrong with one life, as lines of text."""
    return LifeCheck(life, whole, strict).run()


def check_lives(events, whole=True, strict=True):
    """(lives in these events, what is wrong with them as lines of text)"""
    lives = group(events)
    faults = [f'the reader lost records: {event}' for event in events
              if event.event == 'lost']
    for life in lives:
        faults += check_life(life, whole, strict)
    return lives, faults


def counts(lives):
    """A summary for people."""
    told = collections.Counter(
        cause or '-' for life in lives for cause in life.causes)
    transitions = sum(told.values())
    listed = ' '.join(f'{cause} {count}'
                      for cause, count in told.most_common())
    return (f'{len(lives)} lives, {transitions} transitions; '
            f'causes: {listed}')
