# SPDX-License-Identifier: GPL-2.0
"""
The comparison that the scenarios rest on: the whole table that follows from
the stream, against the kernel's own, at every step.

A look at /proc counts only if the stream says that nothing happened around
it: it is drained before and after, and with a line in between the look is
taken again. When nothing moves any more, table and /proc must be equal. Both
change within one call of the kernel, but not in one instruction (a line is
recorded just before the state is stored), so a difference is a failure if it
lasts: it is looked at until it goes away or SETTLE seconds have passed.
Order, completeness and legality of the lines do not depend on that: each line
must follow from the one before.
"""

import time

from lib import proctcp
from lib.model import Model
from lib.stream import Stream

SETTLE = 5          # seconds in which the table must equal /proc
PATIENCE = 20       # seconds for what a scenario waits for


class Watch:
    def __init__(self):
        self.stream = Stream()
        self.model = Model()
        self.netns = proctcp.netns()
        self.compared = 0
        self.events = []    # all that was replayed
        # Adopt the existing connections. A line that arrives meanwhile would be
        # compared with a table that may hold its result already, so read again.
        while True:
            entries = proctcp.read()
            if not self.stream.fetch():
                break
        self.model.adopt(self.netns, entries)

    def close(self):
        self.stream.close()

    def pump(self):
        """Replays what has happened since the last time."""
        events = self.stream.fetch()
        for event in events:
            self.model.apply(event)
        self.events += events
        return events

    def check_errors(self):
        errors = self.model.errors
        if errors:
            raise AssertionError(f'{len(errors)} lines do not fit:\n' +
                                 '\n'.join(errors[:20]))

    def look(self, pid='self'):
        """/proc at a moment around which nothing happened."""
        while True:
            self.pump()
            entries = proctcp.read(pid)
            if not self.pump():
                return entries

    def settle(self, name, want=None, patience=PATIENCE, pid='self'):
        """
        Waits for the states in @want (by tuple; None is absence), then for
        the table to equal /proc.
        """
        netns = self.netns if pid == 'self' else proctcp.netns(pid)
        want = want or {}
        start = time.monotonic()
        reached = None
        while True:
            entries = self.look(pid)
            unmet = _unmet(entries, want)
            difference = self.model.difference(netns, entries)
            now = time.monotonic()
            if not unmet:
                reached = reached or now
                if not difference:
                    self.compared += 1
                    break
            if (reached and now - reached > SETTLE) or now - start > patience:
                self._fail(name, unmet, difference, now - start)
            self.stream.wait(0.02)
        self.check_errors()

    def _fail(self, name, unmet, difference, seconds):
        lines = [f'at step "{name}" after {seconds:.1f} s:']
        lines += [f'/proc has not reached: {text}' for text in unmet]
        lines += difference + self.model.errors[:20] + ['the last lines:']
        last = sorted((event.real_ns, event.text.strip())
                      for life in self.model.lives[-10:]
                      for event in life.events)
        lines += [text for _, text in last[-25:]]
        raise AssertionError('\n'.join(lines))

    def lives(self, end):
        """The connections that ever had this tuple, in order."""
        self.pump()
        return self.model.by_end[self.netns, end]

    def paths(self, end):
        """Their stories, see Life.story."""
        return [life.story for life in self.lives(end)]


def _unmet(entries, want):
    states = {}
    for entry in entries:
        states.setdefault(entry[1:5], []).append(entry.state)
    return [f'{end} {state}, but {states.get(end)}'
            for end, state in want.items()
            if states.get(end) != (None if state is None else [state])]
