# SPDX-License-Identifier: GPL-2.0
"""
Allocations and copies of the kernel that fail when they are told to, and memory
that nobody points to any more; both only on kernels of tests/kernels/debug-list.
"""

import contextlib
import ctypes
import dataclasses
import errno
import os
import re
import time
import unittest

from lib import kernel

DEBUGFS = '/sys/kernel/debug'
FAILSLAB = f'{DEBUGFS}/failslab'
FAIL_PAGE_ALLOC = f'{DEBUGFS}/fail_page_alloc'
FAIL_NTH = '/proc/self/fail-nth'
KMEMLEAK = f'{DEBUGFS}/kmemleak'

# Most allocations skipped at once among places that were met before.
LEAP = 32
# Places met before, one after the other, until it leaps.
PATIENCE = 12
PLENTY = 1000000

FUNCTION = re.compile(r'\w[\w.]*\+0x[0-9a-f]+/0x')


def available():
    return os.path.isdir(FAILSLAB) and os.path.exists(FAIL_NTH)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Of a system call: what it returned, and whether something failed in it."""
    result: int
    error: str          # name of errno, or None
    injected: bool
    stack: tuple        # the functions in which something failed
    said: tuple         # the kernel's messages

    @property
    def place(self):
        """The innermost function of the module among them, or None."""
        for function in self.stack:
            if function.endswith('[tcpstates]'):
                return function.split('+')[0]
        return None


class Injector:
    """Makes the nth allocation or copy of one system call fail."""

    def __init__(self):
        self.fd = os.open(FAIL_NTH, os.O_RDWR)
        self.log = kernel.Log()

    def close(self):
        os.close(self.fd)
        self.log.close()

    def call(self, nth, *arguments):
        syscall = kernel.libc.syscall
        text = str(nth).encode()
        self.log.lines()
        os.write(self.fd, text)
        result = syscall(*arguments)
        number = ctypes.get_errno()
        left = self._left()
        said = tuple(self.log.lines())
        alarms = [line for line in said if kernel.ALARM.search(line)]
        assert not alarms, '\n'.join(said)
        return Outcome(result, errno.errorcode[number] if result < 0 else None,
                       left == 0, tuple(_functions(said)), said)

    def _left(self):
        """How many it would have taken; asking is a copy too, and may fail."""
        try:
            return int(os.pread(self.fd, 16, 0).strip(b'\0\n') or 0)
        except OSError:
            return 1
        finally:
            with contextlib.suppress(OSError):
                os.write(self.fd, b'0')

    def count(self, *arguments):
        """Counts allocations and copies of a system call without failing any."""
        os.write(self.fd, str(PLENTY).encode())
        kernel.libc.syscall(*arguments)
        return PLENTY - self._left()

    @staticmethod
    def sweep(attempt, done=0):
        """
        Calls @attempt(nth) with @done + 1, @done + 2, ... until nothing fails in it any more,
        and yields what it returns, an Outcome. Each place, told by its stack, is
        met: among many that were met before it goes on in leaps, and back to
        where the last one began if that led to something new. Where the kernel
        asks for no warning there is no stack: all of these look alike.
        """
        seen = set()
        step, dull = 1, 0
        while True:
            outcome = attempt(done + step)
            new = outcome.stack not in seen
            seen.add(outcome.stack)
            if outcome.injected:
                yield outcome
            elif step == 1:
                return
            if step > 1 and (new or not outcome.injected):
                step = 1
                continue
            done += step
            dull = 0 if new else dull + 1
            step = min(2 * step, LEAP) if dull > PATIENCE else 1


def _functions(lines):
    """Those of the first trace, innermost first, without what makes it fail."""
    for line in lines:
        words = line.split()
        if words and FUNCTION.match(words[0]):
            yield ' '.join(words[:2])
        elif '</TASK>' in line:
            return


@contextlib.contextmanager
def prepared():
    """Every allocation may be made to fail, and tells from where."""
    values = {f'{FAILSLAB}/ignore-gfp-wait': 'N',
              f'{FAILSLAB}/verbose': '2',
              f'{FAIL_PAGE_ALLOC}/ignore-gfp-wait': 'N',
              f'{FAIL_PAGE_ALLOC}/ignore-gfp-highmem': 'N',
              f'{FAIL_PAGE_ALLOC}/min-order': '0',
              f'{FAIL_PAGE_ALLOC}/verbose': '2'}
    # No message of a failure may be left out.
    for attribute in (FAILSLAB, FAIL_PAGE_ALLOC,
                      f'{DEBUGFS}/fail_usercopy'):
        values[f'{attribute}/verbose_ratelimit_interval_ms'] = '0'
    with contextlib.ExitStack() as stack:
        for path, value in values.items():
            stack.enter_context(setting(path, value))
        yield


@contextlib.contextmanager
def setting(path, value):
    before = kernel.read_file(path)
    kernel.write_file(path, value)
    try:
        yield
    finally:
        kernel.write_file(path, before)


@contextlib.contextmanager
def cache_fails(name):
    """
    Every allocation from a slab cache fails, whoever asks for it. The cache has
    to be marked for it when the machine boots.
    """
    marked = kernel.read_file(f'/sys/kernel/slab/{name}/failslab')
    if marked != '1':
        raise unittest.SkipTest(f'booted without slub_debug=A,{name}')
    values = {f'{FAILSLAB}/cache-filter': 'Y',
              f'{FAILSLAB}/verbose': '0',
              f'{FAILSLAB}/times': '-1',
              f'{FAILSLAB}/probability': '100'}
    with contextlib.ExitStack() as stack:
        for path, value in values.items():
            stack.enter_context(setting(path, value))
        yield


def _is_ours(report):
    """
    kmem_cache_create() of 6.1 does not free the name of a cache whose object in
    sysfs could not be made (sysfs_slab_add()).
    """
    return not ('sysfs_slab_add+' in report and
                'kobject_set_name_vargs+' in report)


def leaks():
    """
    What the second of two scans finds: the first may have met a pointer on its
    way. Objects are told of from their fifth second on. Each is told once.
    """
    if not os.path.exists(KMEMLEAK):
        return ''
    time.sleep(6)
    for command in ('scan', 'scan'):
        kernel.write_file(KMEMLEAK, command)
    found = kernel.read_file(KMEMLEAK)
    kernel.write_file(KMEMLEAK, 'clear')
    reports = re.split(r'^(?=unreferenced object)', found, flags=re.MULTILINE)
    return ''.join(filter(_is_ours, reports))
