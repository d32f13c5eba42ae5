# SPDX-License-Identifier: GPL-2.0
"""
Somebody sets the clock: lines show it from the next tick on, their order and
their durations do not mind.
"""

import time

from lib import kernel, tcp
from lib.device import V4, DeviceTest, lines_of
from lib.harness import expand, over

SECOND = 10**9
HOUR = 3600 * SECOND
TICK = 10**7            # the longest there is, HZ=100


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


def offset_ns():
    """CLOCK_REALTIME minus CLOCK_BOOTTIME, as exactly as two calls allow."""
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    real = time.clock_gettime_ns(time.CLOCK_REALTIME)
    after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return real - (before + after) // 2


@expand
class SetClock(DeviceTest):
    def setUp(self):
        super().setUp()
        self.binary = self.stream(binary=True)

    def move(self, by):
        time.clock_settime_ns(time.CLOCK_REALTIME, time.clock_gettime_ns(
            time.CLOCK_REALTIME) + by)

    def events_after(self, boot_ns):
        """Of connections one after the other, until enough began later."""
        events = []
        while sum(event.boot_ns > boot_ns for event in events) < lines_of(5):
            tcp.exchange(V4, 1)
            events += self.binary.fetch()
        return events

    @over('forth', 'back')
    def test_shows_in_a_tick(self, way):
        by = HOUR if way == 'forth' else -HOUR
        # An earlier test may have set it just now.
        settled = time.clock_gettime_ns(time.CLOCK_BOOTTIME) + TICK
        before = [event for event in self.events_after(settled)
                  if event.boot_ns > settled]
        self.move(by)
        self.addCleanup(self.move, -by)
        set_at = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        now = offset_ns()
        after = self.events_after(set_at + TICK)
        for event in before:
            self.assertLess(abs(event.real_ns - event.boot_ns - (now - by)),
                            SECOND)
        for event in after:
            if event.boot_ns > set_at + TICK:
                self.assertLess(abs(event.real_ns - event.boot_ns - now),
                                SECOND)
        times = [event.boot_ns for event in before + after]
        self.assertEqual(times, sorted(times))
        for event in before + after:
            self.assertLess(event.dur_ns or 0, 100 * SECOND)


CASES = [SetClock]
