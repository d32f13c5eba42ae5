# SPDX-License-Identifier: GPL-2.0
"""
Judges whole lives: the lines of one connection from the first to CLOSE, by
themselves and without any other knowledge of it. What lib/model.py judges line
by line against the kernel's tables is judged here as a path: legal, without a
jump, with times that add up and causes that the ABI allows for each step.
"""

import collections
import re

from lib import rfc9293

ALWAYS = {'killed', 'netns-exit'}

# A socket that has a peer can be aborted by either side, or give up.
SYNCHRONISED = ALWAYS | {'rst-received', 'abort', 'unread', 'timeout'}
# Data beyond what will be read is answered with a RST once no more can come.
RECEIVED_ALL = SYNCHRONISED | {'rst-sent'}
# Only what no process has any more can fall victim to the lack of memory.
OURS_CLOSED = RECEIVED_ALL | {'no-memory'}

# The causes that the ABI text allows for each pair of states.
CAUSES = {
    ('CLOSE', 'LISTEN'): {'listen'},
    ('CLOSE', 'SYN_SENT'): {'connect', 'repair'},
    ('LISTEN', 'SYN_RECV'): {'syn', 'ack'},
    ('SYN_SENT', 'SYN_RECV'): {'syn'},
    ('SYN_SENT', 'ESTABLISHED'): {'synack', 'repair'},
    ('SYN_RECV', 'ESTABLISHED'): {'ack'},
    ('SYN_RECV', 'FIN_WAIT1'): {'close', 'shutdown'},
    ('ESTABLISHED', 'FIN_WAIT1'): {'close', 'shutdown'},
    ('ESTABLISHED', 'CLOSE_WAIT'): {'fin'},
    ('CLOSE_WAIT', 'LAST_ACK'): {'close', 'shutdown'},
    ('FIN_WAIT1', 'FIN_WAIT2'): {'fin-acked'},
    ('FIN_WAIT1', 'CLOSING'): {'fin'},
    ('FIN_WAIT1', 'TIME_WAIT'): {'fin'},
    ('FIN_WAIT2', 'TIME_WAIT'): {'fin'},
    ('CLOSING', 'TIME_WAIT'): {'fin-acked'},
    ('LISTEN', 'CLOSE'): ALWAYS | {'close', 'disconnect', 'listen-failed'},
    ('SYN_SENT', 'CLOSE'): ALWAYS | {
        'close', 'disconnect', 'abort', 'refused', 'unreachable', 'timeout',
        'connect-failed'},
    ('SYN_RECV', 'CLOSE'): ALWAYS | {
        'rst-received', 'rst-sent', 'abort', 'unread', 'unreachable',
        'synack-timeout', 'overflow', 'listener-closed', 'duplicate',
        'no-memory'},
    ('ESTABLISHED', 'CLOSE'): SYNCHRONISED | {'listener-closed'},
    ('CLOSE_WAIT', 'CLOSE'): RECEIVED_ALL | {'listener-closed'},
    ('FIN_WAIT1', 'CLOSE'): OURS_CLOSED,
    ('FIN_WAIT2', 'CLOSE'): OURS_CLOSED | {'tw-overflow', 'tw-reused'},
    ('CLOSING', 'CLOSE'): OURS_CLOSED | {'tw-overflow'},
    ('LAST_ACK', 'CLOSE'): OURS_CLOSED | {'fin-acked'},
    ('TIME_WAIT', 'CLOSE'): ALWAYS | {'tw-expired', 'tw-reused', 'tw-reset'},
}

# Nobody has accepted what ends so.
UNACCEPTED = {'listener-closed', 'duplicate', 'overflow'}

# A process that has it open did it.
ACTED = {'close', 'shutdown', 'abort', 'unread'}

# What a line's further keys can only do: grow, or stay once they are known.
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


def step(event):
    return event.old, event.new


def group(events):
    """
    The lines of each life, in order of their beginnings. A cookie may have
    several: one after the other, or the next while TIME_WAIT still lasts.
    """
    lives = []
    living = collections.defaultdict(list)
    for event in events:
        if event.event != 'transition':
            continue
        mine = living[event.conn]
        fitting = [life for life in mine if life[-1].new == event.old]
        if step(event) in rfc9293.FIRST or not mine:
            life = []
            lives.append(life)
            mine.append(life)
        else:
            life = (fitting or mine)[0]
        life.append(event)
        if event.new == 'CLOSE':
            mine.remove(life)
    return lives


def path(life):
    """CLOSE>SYN_SENT>ESTABLISHED..."""
    return '>'.join([life[0].old] + [event.new for event in life])


def causes(life):
    return [event.cause for event in life]


class Judge:
    """
    Collects what is wrong with one life. @whole: it must have ended. @strict:
    causes and how long the handshake took must be known.
    """

    def __init__(self, life, whole, strict):
        self.life, self.whole, self.strict = life, whole, strict
        self.faults = []

    def fault(self, text, event):
        self.faults.append(f'{text}: {event.text.strip() or event}')

    def judge(self):
        self._ends()
        before = None
        for event in self.life:
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
        first, last = self.life[0], self.life[-1]
        if step(first) not in rfc9293.FIRST:
            self.fault('no life begins so', first)
        if self.whole and last.new != 'CLOSE':
            self.fault('not the end of a life', last)

    def _step(self, before, event):
        if step(event) not in CAUSES:
            self.fault('no such transition in RFC 9293', event)
        if before is None:
            if event.dur_ns is not None:
                self.fault('how long, although the life begins here', event)
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
            self.fault('does not know how long', event)
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
            self.fault('an ACK makes a connection only of a cookie', event)
        if cause in UNACCEPTED and 'unaccepted' not in flags:
            self.fault(f'{cause} of what was accepted', event)
        if cause in ACTED and 'unaccepted' in flags:
            self.fault(f'{cause} of what nobody has accepted', event)
        if cause == 'no-memory' and 'orphan' not in flags:
            self.fault(f'{cause} of what a process has open', event)

    def _identity(self, event):
        first, last = self.life[0], self.life[-1]
        for name in ('conn', 'netns', 'family', 'raddr', 'rport'):
            if getattr(event, name) != getattr(first, name):
                self.fault(f'another {name}', event)
        # connect() that finds no port tells none, and gets none later.
        for name in ('laddr', 'lport'):
            if getattr(event, name) != getattr(last, name):
                self.fault(f'another {name}', event)

    def _after(self, before, event):
        """What can change from one line to the next in one way only."""
        if 'orphan' in before.flags and 'orphan' not in event.flags:
            self.fault('a process has it again', event)
        if 'unaccepted' in event.flags and 'unaccepted' not in before.flags:
            self.fault('was accepted already', event)
        for flag in ('v4mapped', 'syncookie', 'mptcp'):
            if (flag in before.flags) != (flag in event.flags):
                self.fault(f'{flag} comes or goes', event)
        accepted = 'unaccepted' in before.flags and \
            'unaccepted' not in event.flags
        if not accepted and (before.pid, before.comm, before.uid) != \
                (event.pid, event.comm, event.uid):
            self.fault('another owner', event)

    def _kept(self):
        """The further keys over the whole life."""
        for key in GROWING + STAYING:
            last = None
            for event in self.life:
                value = number(event, key)
                if value is None:
                    continue
                if last is not None and (
                        value < last if key in GROWING else value != last):
                    self.fault(f'{key} was {last}', event)
                last = value

    def _handshake(self):
        """From the first line, which tells of the SYN, to ESTABLISHED."""
        took = None
        for event in self.life:
            if step(event) in HANDSHAKE:
                took = event.real_ns - self.life[0].real_ns
            told = number(event, 'handshake_ns')
            if told is not None and told != took and \
                    'syncookie' not in event.flags:
                self.fault(f'the handshake took {took} ns', event)
            if told is None and took is not None and self.strict and \
                    'handshake_ns' in keys(event) and \
                    'syncookie' not in event.flags:
                self.fault('does not tell how long the handshake took', event)


def judge(events, whole=True, strict=True):
    """(lives, what is wrong with them as lines of text)"""
    lives = group(events)
    faults = [f'the reader lost records: {event}' for event in events
              if event.event == 'lost']
    for life in lives:
        faults += Judge(life, whole, strict).judge()
    return lives, faults


def counts(lives):
    """One line for people: how many, of what."""
    told = collections.Counter(
        event.cause or '-' for life in lives for event in life)
    transitions = sum(told.values())
    listed = ' '.join(f'{cause} {count}'
                      for cause, count in told.most_common())
    return (f'{len(lives)} lives, {transitions} transitions; '
            f'causes: {listed}')
