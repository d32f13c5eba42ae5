# SPDX-License-Identifier: GPL-2.0
"""
unittest with TAP output, a time limit for every test, and a look at the
kernel's log after each.

A test that is to run for several families or variants is written once, as a
function with further arguments, and listed by @over.
"""

import signal
import sys
import time
import traceback
import unittest

import tap
from lib import account, ending, kernel, proctcp
from lib.processes import wait_for

LIMIT = 60          # seconds for a test that does not say otherwise


class TimeLimit(Exception):
    """The test took longer than its limit."""


def limit(seconds):
    """Decorator: sets the time limit of a test."""
    def mark(function):
        function.limit = seconds
        return function
    return mark


def over(*variants):
    """Decorator: the test runs once for each variant, as its argument."""
    def mark(function):
        function.variants = variants
        return function
    return mark


def expand(cls):
    """Class decorator: makes a method for each variant of each test."""
    for name, function in list(vars(cls).items()):
        variants = getattr(function, 'variants', None)
        if variants is None:
            continue
        delattr(cls, name)
        for place, variant in enumerate(variants):
            def method(self, function=function, variant=variant):
                function(self, variant)
            method.__doc__ = function.__doc__
            method.limit = getattr(function, 'limit', LIMIT)
            method.place = (function.__code__.co_firstlineno, place)
            setattr(cls, f'{name}_{variant}', method)
    return cls


def _place(function):
    """Tests run in the order in which they are written."""
    return getattr(function, 'place', (function.__code__.co_firstlineno, 0))


def find_tests(module):
    """(name, test) of each test in the CASES of a module, in order."""
    tests = []
    file = module.__name__.removeprefix('test_')
    for cls in module.CASES:
        names = [name for name in dir(cls) if name.startswith('test_')]
        names.sort(key=lambda name, cls=cls: _place(getattr(cls, name)))
        tests += [(f'{file}.{name.removeprefix("test_")}', cls(name))
                  for name in names]
    names = [name for name, _ in tests]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f'two tests are called {twice}'
    return tests


class _Result(unittest.TestResult):
    """The outcome of a single test."""

    def __init__(self):
        super().__init__()
        self.skip_reason = None

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip_reason = reason


def _sweep():
    """Connections left by one file must not expire during the next."""
    ending.kill_all()
    wait_for(lambda: not proctcp.read(), 'all of TCP is at rest')


def _on_alarm(*_):
    raise TimeLimit


class Tap(tap.Writer):
    """A test also fails if the kernel logs a warning during it."""

    def __init__(self, total):
        super().__init__(total)
        self.log = kernel.Log()

    def ok(self, name, seconds):
        self.result(True, name, f'{seconds:.2f} s')

    def not_ok(self, name, text):
        self.result(False, name, text.rstrip())

    def run_test(self, name, test):
        method = getattr(test, test._testMethodName)
        seconds = getattr(method, 'limit', LIMIT) * kernel.SLOWNESS
        result = _Result()
        start = time.monotonic()
        signal.signal(signal.SIGALRM, _on_alarm)
        signal.alarm(seconds)
        try:
            test.run(result)
        except TimeLimit:
            # The alarm came inside unittest itself.
            result.addError(test, sys.exc_info())
        finally:
            signal.alarm(0)
        spent = time.monotonic() - start
        alarms = self.log.alarms()
        faults = [text for _, text in result.errors + result.failures]
        if spent >= seconds:
            faults.append(f'longer than {seconds} s')
        if alarms:
            faults.append('the kernel says:\n' + '\n'.join(alarms))
        if faults:
            self.not_ok(name, '\n'.join(faults))
        elif result.skip_reason is not None:
            self.skip(name, result.skip_reason)
        else:
            self.ok(name, spent)

    def run_module(self, module, tests):
        """All selected tests of a module, between its set-up and its end."""
        try:
            getattr(module, 'setUpModule', lambda: None)()
        except Exception:
            text = f'set-up of the file:\n{traceback.format_exc()}'
            for name, _ in tests:
                self.not_ok(name, text)
                text = 'see above'
            if kernel.loaded():
                kernel.rmmod()
            return
        for name, test in tests:
            self.run_test(name, test)
        try:
            if kernel.loaded():
                account.await_balance()
            getattr(module, 'tearDownModule', lambda: None)()
            _sweep()
        except Exception:
            # After the last test of a file: count it, although no test is
            # left that it belongs to.
            self.failed += 1
            self.note(f'end of {module.__name__}:\n'
                      f'{traceback.format_exc()}')
