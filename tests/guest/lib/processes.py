# SPDX-License-Identifier: GPL-2.0
"""
Other processes of a test: readers of the device, and makers of connections.
What they are doing is asked of /proc, so that no test has to wait and hope.
"""

import contextlib
import errno
import os
import select
import signal
import subprocess
import sys
import time
import traceback
import tty

from lib import kernel, uapi

PATIENCE = 20 * kernel.SLOWNESS


def wait_for(condition, what, limit=PATIENCE):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f'not within {limit} s: {what}')
        time.sleep(0.005)


def holders():
    """Processes that have the device open."""
    pids = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            names = os.listdir(f'/proc/{pid}/fd')
            if any(os.readlink(f'/proc/{pid}/fd/{name}') == uapi.DEVICE
                   for name in names):
                pids.append(int(pid))
    return pids


# select() and epoll_wait() in their forms, and sleeps.
READ, POLL = '0', '7'
WAITS = (READ, POLL, '271', '23', '270', '232', '281', '35', '230')


def in_call(pid, *numbers):
    """Whether a process waits in one of these system calls."""
    with contextlib.suppress(OSError), \
            open(f'/proc/{pid}/syscall', encoding='ascii') as file:
        return file.read().split()[0] in numbers
    return False


class Reader:
    """A command that reads the device, and writes to a pipe or a terminal."""

    def __init__(self, *command, terminal=False):
        before = set(holders())
        self.fd, write = os.openpty() if terminal else os.pipe()
        if terminal:
            tty.setraw(write)
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=write)
        os.close(write)
        self.output = b''
        wait_for(lambda: set(holders()) - before, f'{command} opens it')
        # The stream of a library begins a little later, with its first wait.
        with contextlib.suppress(AssertionError):
            wait_for(lambda: any(in_call(pid, READ, POLL)
                                 for pid in set(holders()) - before),
                     f'{command} waits', 2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.fd)

    def read(self, enough, limit=PATIENCE):
        """Its output up to the moment when enough(output) is true."""
        end = time.monotonic() + limit
        while not enough(self.output):
            chunk = self._chunk(max(0, end - time.monotonic()))
            if not chunk:
                raise AssertionError(f'its output ends with '
                                     f'{self.output[-500:]!r}')
            self.output += chunk
        return self.output

    def _chunk(self, limit):
        """More output; none at its end or after the limit."""
        ready, _, _ = select.select([self.fd], [], [], limit)
        try:
            return os.read(self.fd, 65536) if ready else b''
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return b''      # a terminal whose other side is closed

    def lines(self, count):
        """Its output when it has so many lines."""
        return self.read(lambda output: output.count(b'\n') >= count)

    def rest(self):
        """Everything it has written, after it has ended by itself."""
        while chunk := self._chunk(PATIENCE):
            self.output += chunk
        self.process.wait(timeout=PATIENCE)
        return self.output


def close_files(*but):
    """Of this process, all but the standard ones and those."""
    for number in map(int, os.listdir('/proc/self/fd')):
        if number not in (0, 1, 2, *but):
            with contextlib.suppress(OSError):
                os.close(number)


class Child:
    """
    A forked process that runs a function. Its exception is this process's
    failure, its result (bytes) is handed back.
    """

    def __init__(self, function, *arguments, keep=None):
        """@keep: of the files that are open here, those that it needs."""
        read, write = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(read)
                if keep is not None:
                    close_files(write, *keep)
                for number in (signal.SIGALRM, signal.SIGTERM):
                    signal.signal(number, signal.SIG_DFL)
                result = function(*arguments)
                os.write(write, result or b'')
                status = 0
            except BaseException:
                os.write(write, traceback.format_exc().encode())
            finally:
                os._exit(status)
        os.close(write)
        self.pipe = read

    def has_ended(self):
        return bool(select.select([self.pipe], [], [], 0)[0])

    def kill(self):
        """Whatever it is doing; nothing if it has been joined."""
        if self.pipe is None:
            return
        os.kill(self.pid, signal.SIGKILL)
        self._reap()

    def _reap(self):
        os.close(self.pipe)
        self.pipe = None
        return os.waitpid(self.pid, 0)[1]

    def is_stopped(self):
        """By SIGSTOP."""
        with open(f'/proc/{self.pid}/stat', encoding='utf-8') as file:
            return file.read().rpartition(')')[2].split()[0] == 'T'

    def join(self, limit=PATIENCE):
        result = b''
        end = time.monotonic() + limit
        while True:
            left = max(0, end - time.monotonic())
            ready, _, _ = select.select([self.pipe], [], [], left)
            chunk = os.read(self.pipe, 65536) if ready else None
            if not chunk:
                break
            result += chunk
        if chunk is None:
            os.kill(self.pid, signal.SIGKILL)
        status = self._reap()
        assert chunk is not None, f'the process takes longer than {limit} s'
        assert status == 0, f'status {status}: {result.decode()}'
        return result

    def await_read(self):
        wait_for(lambda: in_call(self.pid, READ),
                 'the process waits in read()')
