# SPDX-License-Identifier: GPL-2.0
"""What the module states of itself: nothing is left that the kernel has not."""

import os

from lib import ending, proctcp, uapi
from lib.processes import wait_for


def read():
    fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return uapi.get_account(fd)
    finally:
        os.close(fd)


def faults(account):
    """What is wrong with the statistics when the kernel has no connection left."""
    return [text for text, wrong in (
        (f'{account.entries} entries are left', account.entries),
        ('requests: started is not done and ended', account.requests_started -
         account.requests_done - account.requests_ended),
        ('minisocks: started is not ended',
         account.minisocks_started - account.minisocks_ended),
        ('entries: started is not ended',
         account.entries_started - account.entries_ended),
        (f'{account.vanished} ends were not seen', account.vanished),
    ) if wrong]


def await_balance():
    """
    Everything of TCP ends, and the module's table with it: by itself, and not
    by an audit, which would be counted.
    """
    ending.kill_all()
    wait_for(lambda: not proctcp.read(), 'all of TCP is at rest')
    try:
        wait_for(lambda: not faults(read()), 'the table is empty')
    except AssertionError as error:
        account = read()
        raise AssertionError(f'{error}: {"; ".join(faults(account))}: '
                             f'{account}') from None
