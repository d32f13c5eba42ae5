# SPDX-License-Identifier: GPL-2.0
"""
Lives of connections, each step of which is compared with the kernel's tables,
and each of which has exactly one right sequence of lines. One stream is read
from the first scenario to the last, so that what lingers of one is still
watched in the others, and an independent witness sees them all.
"""

import collections

from lib import kernel
from lib.scenario import Scenario
from lib.stream import Stream
from lib.watch import Watch
from lib.witness import Witness
from scenarios.closing import Closing
from scenarios.end import End
from scenarios.failing import Failing, Repair
from scenarios.fast_open import FastOpen
from scenarios.half_open import HalfOpen, Overflow
from scenarios.health import Health
from scenarios.killed import Killed
from scenarios.lingering import Lingering
from scenarios.moving import Moving, Twice
from scenarios.opening import Opening
from scenarios.too_late import NoMemory, TooLate
from scenarios.unanswered import Unanswered, Unreachable
from scenarios.views import Namespaces, Views

# In this order; the end waits for what the others left behind. Once a request
# has moved to another listener, the module knows no duplicates any more.
CASES = [Opening, HalfOpen, Closing, Lingering, FastOpen, Failing, Unreachable,
         Unanswered, TooLate, NoMemory, Overflow, Repair, Killed, Twice, Moving,
         Health, Views, Namespaces, End]


def setUpModule():
    kernel.load()
    Scenario.witness = Witness()
    Scenario.watch = Watch()
    Scenario.records = Stream(binary=True)


def tearDownModule():
    watch = Scenario.watch
    print(f'# {len(watch.model.lives)} lives, {len(watch.events)} transitions, '
          f'compared with /proc {watch.compared} times')
    causes = collections.Counter(event.cause or '-' for event in watch.events)
    print('# causes:', ' '.join(f'{cause} {count}' for cause, count in
                                sorted(causes.items())))
    Scenario.records.close()
    Scenario.watch.close()
    Scenario.witness.close()
    kernel.unload()
