# SPDX-License-Identifier: GPL-2.0
"""
The judge of whole lives, with lives made up: it must pass what is right, and
say what is wrong with each life that is wrong in one way. No module needed.
"""

import unittest

from lib import lives, rfc9293
from lib.stream import parse_line

MS = 10**6
CLIENT = [('SYN_SENT', 'connect'), ('ESTABLISHED', 'synack'),
          ('FIN_WAIT1', 'close'), ('FIN_WAIT2', 'fin-acked'),
          ('TIME_WAIT', 'fin'), ('CLOSE', 'tw-expired')]
SERVER = [('SYN_RECV', 'syn'), ('ESTABLISHED', 'ack'),
          ('CLOSE_WAIT', 'fin'), ('LAST_ACK', 'close'),
          ('CLOSE', 'fin-acked')]


def line(place, old, new, **named):
    """A line of the contract, 10 ms after the one before."""
    values = {
        'time': f'2026-11-22T12:38:45.{100 * MS + 10 * MS * place:09d}Z',
        'seq': f'0:{place}', 'event': 'transition', 'conn': '5f3',
        'netns': 4026531840, 'family': 'inet', 'laddr': '10.0.0.5',
        'lport': 443, 'raddr': '10.0.0.9', 'rport': 53122, 'old': old,
        'new': new, 'dur_ns': 10 * MS if place else '-', 'cause': '-',
        'pid': 812, 'comm': '"java"', 'uid': 1001, 'flags': '-'}
    values.update(named)
    text = ' '.join(f'{key}={value}' for key, value in values.items())
    return parse_line(text.encode() + b'\n')


def life(steps, old='CLOSE', changes=None):
    """Lines of a path; @changes are made to the one at each place."""
    events = []
    for place, (new, cause) in enumerate(steps):
        named = {'cause': cause, **(changes or {}).get(place, {})}
        events.append(line(place, old, new, **named))
        old = new
    return events


class Lives(unittest.TestCase):
    def right(self, events, **named):
        _, faults = lives.judge(events, **named)
        self.assertEqual(faults, [])

    def wrong(self, events, what, count=1, **named):
        _, faults = lives.judge(events, **named)
        self.assertEqual(len([fault for fault in faults if what in fault]),
                         count, '\n'.join(faults))

    def changed(self, what, steps=None, old='CLOSE', count=1, **changes):
        """One life with another line: wrong in that way alone."""
        changes = {int(place[1:]): change
                   for place, change in changes.items()}
        events = life(steps or CLIENT, old, changes)
        self.wrong(events, what, count)
        self.assertEqual(len(lives.judge(events)[1]), count)

    def test_right(self):
        self.right(life(CLIENT))
        self.right(life(SERVER, 'LISTEN'))
        self.right(life([('LISTEN', 'listen'), ('CLOSE', 'close')]))

    def test_table(self):
        """Causes for the transitions of RFC 9293, and for no other."""
        self.assertEqual(set(lives.CAUSES), rfc9293.FIRST | rfc9293.LATER)

    def test_every_arc(self):
        """Each cause that is allowed passes, and each other fails."""
        every = set().union(*lives.CAUSES.values())
        for (old, new), allowed in lives.CAUSES.items():
            for cause in every:
                flags = {'ack': 'syncookie', 'no-memory': 'orphan'}.get(
                    cause, 'unaccepted')
                event = line(0, old, new, cause=cause, flags=flags)
                said = ' is no cause of this' in '\n'.join(
                    lives.judge([event], whole=False)[1])
                self.assertEqual(said, cause not in allowed, event.text)

    def test_beginning(self):
        self.wrong(life(CLIENT)[1:], 'no life begins so')
        self.wrong(life(CLIENT)[1:], 'how long, although')

    def test_end(self):
        self.wrong(life(CLIENT)[:-1], 'not the end of a life')
        self.right(life(CLIENT)[:-1], whole=False)

    def test_missing_line(self):
        for place in range(1, len(CLIENT) - 1):
            events = life(CLIENT)
            del events[place]
            self.wrong(events, 'a jump from')
            self.wrong(events, 'it lasted 20000000 ns')

    def test_double_line(self):
        events = life(CLIENT)
        self.wrong(events[:2] + events[1:], 'a jump from')

    def test_order(self):
        events = life(CLIENT)
        events[1:3] = reversed(events[1:3])
        self.wrong(events, 'a jump from', 3)
        self.wrong(events, 'ns before what came before')

    def test_illegal_arc(self):
        steps = [('SYN_SENT', 'connect'), ('CLOSE_WAIT', 'fin'),
                 ('LAST_ACK', 'close'), ('CLOSE', 'fin-acked')]
        self.wrong(life(steps), 'no such transition in RFC 9293')
        steps = CLIENT[:2] + [('SYN_RECV', 'syn'), ('CLOSE', 'killed')]
        self.wrong(life(steps), 'no such transition in RFC 9293')

    def test_durations(self):
        self.changed('it lasted 10000000 ns', _3={'dur_ns': 10 * MS + 1})
        self.changed('does not know how long', _3={'dur_ns': '-'})
        self.changed('how long, although', _0={'dur_ns': 5})
        self.right(life(CLIENT, changes={
            3: {'dur_ns': 7, 'flags': 'atleast'}}))

    def test_causes(self):
        self.changed('no cause', _1={'cause': '-'})
        self.right(life(CLIENT, changes={1: {'cause': '-'}}), strict=False)
        self.changed('ack is no cause of this', _1={'cause': 'ack'})
        self.changed('an ACK makes a connection only of a cookie', SERVER,
                     'LISTEN', _0={'cause': 'ack'})
        for cause in lives.UNACCEPTED:
            steps = SERVER[:1] + [('CLOSE', cause)]
            self.wrong(life(steps, 'LISTEN'), 'of what was accepted')
            self.right(life(steps, 'LISTEN', {
                place: {'flags': 'unaccepted'} for place in (0, 1)}))
        self.wrong(life(SERVER, 'LISTEN', {
            place: {'flags': 'unaccepted'} for place in range(4)}),
            'close of what nobody has accepted')
        steps = CLIENT[:3] + [('CLOSE', 'no-memory')]
        self.wrong(life(steps), 'of what a process has open')

    def test_identity(self):
        for name, value in (('netns', 1), ('raddr', '10.0.0.8'),
                            ('rport', 1), ('lport', 1), ('laddr', '10.0.0.4')):
            self.changed(f'another {name}', _2={name: value})

    def test_two_lives_of_a_cookie(self):
        """The second begins while the first is in TIME_WAIT."""
        first = life(CLIENT)
        second = life(CLIENT)
        self.right(first + second)
        events = first[:5] + second[:2] + first[5:] + second[2:]
        found, _ = lives.judge(events)
        self.assertEqual(found, [first, second])

    def test_owner(self):
        self.changed('another owner', count=2, _2={'pid': 1})
        accepted = {place: {'flags': 'unaccepted', 'pid': 5}
                    for place in (0, 1)}
        self.right(life(SERVER, 'LISTEN', accepted))
        self.changed('was accepted already', SERVER, 'LISTEN',
                     _2={'flags': 'unaccepted'})

    def test_orphan(self):
        self.changed('a process has it again', _3={'flags': 'orphan'})
        self.right(life(CLIENT, changes={
            place: {'flags': 'orphan'} for place in (3, 4, 5)}))

    def test_further_keys(self):
        self.changed('bytes_in was 9', _2={'bytes_in': 9}, _3={'bytes_in': 8})
        self.changed('inode was 9', _2={'inode': 9}, _3={'inode': 10})
        self.right(life(CLIENT, changes={
            2: {'bytes_in': 8, 'inode': 7}, 3: {'bytes_in': 9},
            5: {'bytes_in': '-', 'inode': 7}}))

    def test_handshake(self):
        told = {place: {'handshake_ns': 10 * MS} for place in range(1, 6)}
        self.right(life(CLIENT, changes=told))
        self.right(life(SERVER, 'LISTEN', {
            **told, 0: {'handshake_ns': '-'}}))
        told[4] = {'handshake_ns': '-'}
        self.changed('does not tell how long', _4=told[4])
        self.changed('the handshake took 10000000 ns',
                     _1={'handshake_ns': 10 * MS - 1})
        self.changed('the handshake took None', _0={'handshake_ns': 0})

    def test_lost(self):
        text = 'time=2026-11-22T12:38:45.100000000Z seq=- event=lost count=3\n'
        self.wrong([parse_line(text.encode())] + life(CLIENT),
                   'the reader lost records')

    def test_counts(self):
        self.assertEqual(
            lives.counts([life(SERVER, 'LISTEN')]),
            '1 lives, 5 transitions; '
            'causes: syn 1 ack 1 fin 1 close 1 fin-acked 1')


CASES = [Lives]
