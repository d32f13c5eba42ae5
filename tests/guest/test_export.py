# SPDX-License-Identifier: GPL-2.0
"""
The exporter: its counts against the kernel's own table, at each moment; how it
is asked, and what it may do.
"""

from export.counts import Counts
from export.server import Server
from export.textfile import Textfile
from lib import kernel

CASES = [Counts, Server, Textfile]


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()
