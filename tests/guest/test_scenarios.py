# SPDX-License-Identifier: GPL-2.0
"""
Lives of connections, each step of which is compared with the kernel's tables,
and each of which has exactly one right sequence of lines. One stream is read
from the first scenario to the last, so that what lingers of one is still
watched in the others, and an independent witness sees them all.
"""

from lib import kernel
from lib.scenario import Scenario
from lib.stream import Stream
from lib.watch import Watch
from lib.witness import Witness
from scenarios.closing import Closing
from scenarios.end import End
from scenarios.fast_open import FastOpen
from scenarios.half_open import HalfOpen
from scenarios.lingering import Lingering
from scenarios.opening import Opening
from scenarios.views import Killed, Namespaces, Views

# In this order; the end waits for what the others left behind.
CASES = [Opening, HalfOpen, Closing, Lingering, FastOpen, Killed, Views,
         Namespaces, End]


def setUpModule():
    kernel.load()
    Scenario.witness = Witness()
    Scenario.watch = Watch()
    Scenario.records = Stream(binary=True)


def tearDownModule():
    print(f'# compared with /proc {Scenario.watch.compared} times')
    Scenario.records.close()
    Scenario.watch.close()
    Scenario.witness.close()
    kernel.unload()
