# SPDX-License-Identifier: GPL-2.0
"""
What the tests of processes share: commands that are started, and asked of /proc
what they do.
"""

import contextlib
import os
import signal
import subprocess
import unittest

from lib import tcp
from lib.processes import PATIENCE, wait_for

# As /proc/PID/syscall numbers them.
WRITE, WAIT4 = '1', '61'
POLLS = ('7', '271', '232', '281')
CGROUPS = '/sys/fs/cgroup'


def call_of(pid):
    with contextlib.suppress(OSError), \
            open(f'/proc/{pid}/syscall', encoding='ascii') as file:
        return file.read().split()
    return []


def await_call(process, *numbers, file=None):
    """Waits until the process is in one of these calls, and it is of that file."""
    def there():
        assert process.poll() is None, f'it has ended: {process.returncode}'
        words = call_of(process.pid)
        return words and words[0] in numbers and (
            file is None or int(words[1], 16) == file)
    wait_for(there, f'in call {numbers}')


def children(pid):
    path = f'/proc/{pid}/task/{pid}/children'
    with contextlib.suppress(OSError), open(path, encoding='ascii') as file:
        return file.read().split()
    return []


def groups():
    """Cgroups of "run"."""
    return sorted(name for name in os.listdir(CGROUPS)
                  if name.startswith('tcpstates-run-'))


class ProcessTest(unittest.TestCase):
    def tearDown(self):
        self.doCleanups()
        self.assertEqual(groups(), [])

    def start(self, *words, **named):
        named.setdefault('stdout', subprocess.DEVNULL)
        named.setdefault('stderr', subprocess.DEVNULL)
        process = subprocess.Popen(['tcpstates', *words],
                                   stdin=subprocess.DEVNULL, **named)
        self.addCleanup(self.finish, process)
        return process

    @staticmethod
    def finish(process):
        if process.poll() is None:
            process.kill()
            process.wait()
        for file in (process.stdout, process.stderr):
            if file:
                file.close()

    def expect_end(self, process, status, number=signal.SIGTERM):
        """
        It ends at the signal. How long it takes at most, in seconds, is less by far
        than what it would have waited for otherwise.
        """
        process.send_signal(number)
        self.assertEqual(process.wait(PATIENCE), status)

    def listener(self):
        listener = tcp.FAMILIES['v4'].listener()
        self.addCleanup(listener.close)
        return listener
