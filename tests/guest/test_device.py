# SPDX-License-Identifier: GPL-2.0
"""The system calls of /dev/tcpstates."""

from device.control import Facts, Filters, Ioctl
from device.mapping import Mapped, Mapping
from device.order import Order
from device.reading import Bytes, Programs
from device.sight import Sight
from device.waiting import Waiting
from lib import kernel

CASES = [Facts, Ioctl, Filters, Bytes, Waiting, Programs, Mapping, Mapped,
         Sight, Order]


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()
