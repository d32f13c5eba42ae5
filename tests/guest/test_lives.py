# SPDX-License-Identifier: GPL-2.0
"""
The checks of whole lives, with lives made up: they must pass what is right, and
say what is wrong with each life that is wrong in one way. No module needed.
"""

import dataclasses
import socket
import unittest

from lib import rfc9293
from lib.causes import CAUSES, UNACCEPTED
from lib.life import group
from lib.life_check import check_lives, counts
from lib.stream import parse_line
from lib.tracepoint_check import compare
from lib.witness import Event

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
        _, faults = check_lives(events, **named)
        self.assertEqual(faults, [])

    def wrong(self, events, what, count=1, **named):
        _, faults = check_lives(events, **named)
        self.assertEqual(len([fault for fault in faults if what in fault]),
                         count, '\n'.join(faults))

    def changed(self, what, steps=None, old='CLOSE', count=1, **changes):
        """One life with another line: wrong in that way alone."""
        changes = {int(place[1:]): change
                   for place, change in changes.items()}
        events = life(steps or CLIENT, old, changes)
        self.wrong(events, what, count)
        self.assertEqual(len(check_lives(events)[1]), count)

    def test_right(self):
        self.right(life(CLIENT))
        self.right(life(SERVER, 'LISTEN'))
        self.right(life([('LISTEN', 'listen'), ('CLOSE', 'close')]))

    def test_table(self):
        """Causes for the transitions of RFC 9293, and for no other."""
        self.assertEqual(set(CAUSES), rfc9293.FIRST | rfc9293.LATER)

    def test_every_arc(self):
        """Each cause that is allowed passes, and each other fails."""
        every = set().union(*CAUSES.values())
        for (old, new), allowed in CAUSES.items():
            for cause in every:
                flags = {'ack': 'syncookie', 'no-memory': 'orphan'}.get(
                    cause, 'unaccepted')
                event = line(0, old, new, cause=cause, flags=flags)
                said = ' is no cause of this' in '\n'.join(
                    check_lives([event], whole=False)[1])
                self.assertEqual(said, cause not in allowed, event.text)

    def test_beginning(self):
        self.wrong(life(CLIENT)[1:], 'not the beginning of a life')
        self.wrong(life(CLIENT)[1:], 'a duration, although')

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
        self.changed('no duration', _3={'dur_ns': '-'})
        self.changed('a duration, although', _0={'dur_ns': 5})
        self.right(life(CLIENT, changes={
            3: {'dur_ns': 7, 'flags': 'atleast'}}))

    def test_causes(self):
        self.changed('no cause', _1={'cause': '-'})
        self.right(life(CLIENT, changes={1: {'cause': '-'}}), strict=False)
        self.changed('ack is no cause of this', _1={'cause': 'ack'})
        self.changed('an ACK creates a connection only from a cookie', SERVER,
                     'LISTEN', _0={'cause': 'ack'})
        for cause in UNACCEPTED:
            steps = SERVER[:1] + [('CLOSE', cause)]
            self.wrong(life(steps, 'LISTEN'), 'of an accepted connection')
            self.right(life(steps, 'LISTEN', {
                place: {'flags': 'unaccepted'} for place in (0, 1)}))
        self.wrong(life(SERVER, 'LISTEN', {
            place: {'flags': 'unaccepted'} for place in range(4)}),
            'close of an unaccepted connection')
        steps = CLIENT[:3] + [('CLOSE', 'no-memory')]
        self.wrong(life(steps), 'of a socket that a process has open')

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
        found, _ = check_lives(events)
        self.assertEqual([one.events for one in found], [first, second])

    def test_owner(self):
        self.changed('another owner', count=2, _2={'pid': 1})
        accepted = {place: {'flags': 'unaccepted', 'pid': 5}
                    for place in (0, 1)}
        self.right(life(SERVER, 'LISTEN', accepted))
        self.changed('unaccepted after accept()', SERVER, 'LISTEN',
                     _2={'flags': 'unaccepted'})

    def test_orphan(self):
        self.changed('orphan flag removed', _3={'flags': 'orphan'})
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
        self.changed('no duration of the handshake', _4=told[4])
        self.changed('the handshake took 10000000 ns',
                     _1={'handshake_ns': 10 * MS - 1})
        self.changed('the handshake took None', _0={'handshake_ns': 0})

    def test_lost(self):
        text = 'time=2026-11-22T12:38:45.100000000Z seq=- event=lost count=3\n'
        self.wrong([parse_line(text.encode())] + life(CLIENT),
                   'the reader lost records')

    def test_counts(self):
        self.assertEqual(
            counts(group(life(SERVER, 'LISTEN'))),
            '1 lives, 5 transitions; '
            'causes: syn 1 ack 1 fin 1 close 1 fin-acked 1')


class AgainstTracepoint(unittest.TestCase):
    """The same lives as the witness would see them, 1 us before each line."""

    def told(self, *lives):
        return group([dataclasses.replace(event, boot_ns=event.real_ns)
                      for events in lives for event in events])

    def seen(self, events, sk=1):
        """What the tracepoint reports of a connection."""
        return [Event(text='', event='transition', real_ns=None,
                      boot_ns=event.real_ns - 1000, conn=sk, family='inet',
                      laddr=event.laddr, lport=event.lport, raddr=event.raddr,
                      rport=event.rport, old=event.old, new=event.new,
                      protocol=socket.IPPROTO_TCP) for event in events]

    def client(self):
        """A client whose minisock the tracepoint cannot see."""
        seen = self.seen(life(CLIENT)[:5])
        seen[-1] = dataclasses.replace(seen[-1], new='CLOSE')
        return seen, life(CLIENT)

    def faults(self, seen, *lives):
        return compare(seen, self.told(*lives))[1]

    def test_same(self):
        rules, faults = compare(self.seen(life(SERVER, 'LISTEN')),
                                self.told(life(SERVER, 'LISTEN')))
        self.assertEqual((dict(rules), faults), ({'same': 5}, []))

    def test_minisock(self):
        seen, told = self.client()
        rules, faults = compare(seen, self.told(told))
        self.assertEqual((dict(rules), faults),
                         ({'same': 4, 'T1': 1, 'minisock': 1}, []))
        self.assertTrue(self.faults(seen, told[:-1]))
        early = dataclasses.replace(told[-1], real_ns=told[4].real_ns - 2000)
        self.assertTrue(self.faults(seen, told[:-1] + [early]))

    def test_missing_and_additional(self):
        events = life(SERVER, 'LISTEN')
        self.assertEqual(len(self.faults(self.seen(events))), 1)
        self.assertEqual(len(self.faults([], events)), 1)
        for place in range(len(events)):
            self.assertTrue(self.faults(
                self.seen(events), events[:place] + events[place + 1:]))
            if place:
                seen = self.seen(events)
                del seen[place]
                self.assertTrue(self.faults(seen, events))

    def test_late(self):
        """A line that comes after the next event of its socket, or early."""
        events = life(SERVER, 'LISTEN')
        for place in range(1, len(events) - 1):
            for other in (place - 1, place + 1):
                moved = list(events)
                moved[place] = dataclasses.replace(
                    events[place], real_ns=events[other].real_ns - 2000 *
                    (1 if other < place else -1))
                self.assertTrue(self.faults(self.seen(events), moved), place)

    def test_next_at_the_address(self):
        """The last line comes before the next socket at that address does."""
        first, second = life(SERVER, 'LISTEN'), [
            dataclasses.replace(event, conn=2, lport=444,
                                real_ns=event.real_ns + 100 * MS)
            for event in life(SERVER, 'LISTEN')]
        seen = self.seen(first) + self.seen(second)
        self.assertEqual(self.faults(seen, first, second), [])
        late = dataclasses.replace(first[-1],
                                   real_ns=second[0].real_ns)
        self.assertTrue(self.faults(seen, first[:-1] + [late], second))

    def test_one_tuple_twice(self):
        """
        In two namespaces, at the same time. What fits both goes to the one that
        nothing else fits.
        """
        events = life(SERVER, 'LISTEN')
        late = [dataclasses.replace(event, conn=2) for event in events]
        late[-1] = dataclasses.replace(late[-1],
                                       real_ns=late[-1].real_ns + 2 * MS)
        # The next at the address of the socket that is not late.
        third = dataclasses.replace(self.seen(events)[0], lport=444,
                                    boot_ns=events[-1].real_ns + MS)
        seen = self.seen(events, 2) + self.seen(events) + [third]
        for order in ((events, late), (late, events)):
            faults = self.faults(seen, *order)
            self.assertEqual(len(faults), 1, faults)    # the third has no line


CASES = [Lives, AgainstTracepoint]
