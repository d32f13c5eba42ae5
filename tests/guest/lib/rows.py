# SPDX-License-Identifier: GPL-2.0
"""
Snapshots: a reader that begins with what is there, and the table that follows
from rows and lines. Nothing else fills it, so that a gap shows as a line of a
connection that nobody told of, and a double as a row of one that is known.
"""

import os
import time

from lib import uapi
from lib.life import Life
from lib.model import Model
from lib.stream import Order, Stream


class Table(Model):
    """@rows: those of the snapshot; @reported: all connections in rows or lines."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.reported = set()

    def apply(self, event):
        if event.event == 'existing':
            self._row(event)
        else:
            super().apply(event)
        self.reported.add(event.conn)

    def _row(self, event):
        if event.conn in self.reported:
            self._error(event, 'a row of a connection that was reported already')
            return
        self.rows.append(event)
        self._add(Life(event))
        # The rules for a line that leaves the row's state.
        self._check_known(event, (event.new, event.new))


class Snapshot(Stream):
    """A reader, and the table that follows from what it has read."""

    def __init__(self, fd=None, gapless=True, **filter_members):
        super().__init__(gapless=gapless)
        if fd is not None:
            os.close(self.fd)
            self.fd = fd
            self.poller.register(fd)
        if filter_members:
            uapi.set_filter(self.fd, **filter_members)
        self.table = None
        self.again()

    def again(self):
        """Begins again, without what was not read yet."""
        uapi.snapshot(self.fd)
        self.table = Table()
        self.order = Order(self.order.gapless)

    def pump_some(self):
        events = self.fetch_some()
        for event in events:
            self.table.apply(event)
        return events

    def pump(self):
        events = []
        while some := self.pump_some():
            events += some
        return events

    def pump_for(self, seconds):
        """Reads for so long, however much comes."""
        end = time.monotonic() + seconds
        count = 0
        while (left := end - time.monotonic()) > 0:
            count += len(self.pump_some())
            self.wait(left)
        return count

    def faults(self, limit=20):
        return '\n'.join(self.table.errors[:limit])


def inexact(lives):
    """Lines whose duration is not the difference of two times, as text."""
    faults = []
    for life in lives:
        before = None
        for event in life.events:
            if event.event != 'transition':
                continue
            want = event.real_ns - before.real_ns if before else None
            row = life.row
            if before is None and row is not None:
                want = event.dur_ns     # checked by the caller
                if event.dur_ns is not None and row.dur_ns is not None and \
                        event.dur_ns < row.dur_ns:
                    want = f'at least {row.dur_ns}'
            if event.dur_ns != want:
                faults.append(f'{event.dur_ns} instead of {want}: '
                              f'{event.text.strip()}')
            before = event
    return faults
