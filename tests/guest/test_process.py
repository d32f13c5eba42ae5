# SPDX-License-Identifier: GPL-2.0
"""
What a process may have been started with, and how it ends: every command under
masks, dispositions, descriptors and limits of its parent; and each place where
it may wait, when a signal comes.
"""

from lib import kernel
from process.ends import Ends
from process.leftovers import Leftovers
from process.started import Descriptors, Started

CASES = [Started, Descriptors, Ends, Leftovers]


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()
