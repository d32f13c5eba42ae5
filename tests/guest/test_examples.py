# SPDX-License-Identifier: GPL-2.0
"""The examples that come along, on real connections."""

import errno
import os
import re
import signal
import subprocess
import unittest

from lib import kernel, tcp
from lib.device import V4, V6
from lib.processes import (
    PATIENCE, WAITS, Reader, holders, in_call, wait_for)
from lib.screen import Screen
from lib.show import show

EXAMPLES = '/usr/share/tcpstates/examples'
HANDSHAKE = re.compile(r'(\S+) port (\d+) with (\S+) port (\d+): '
                       r'(\d+\.\d{3}) ms \((\S+)\)')


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


class Examples(unittest.TestCase):
    def test_handshakes(self):
        """Both sides of each connection, with a time above zero."""
        with Reader('python3', f'{EXAMPLES}/handshakes.py') as reader:
            ends = [end for family in (V4, V6)
                    for client in tcp.exchange(family)
                    for end in (client, tcp.flip(client))]
            lines = reader.lines(len(ends)).decode().splitlines()
        told = [HANDSHAKE.fullmatch(line).groups() for line in lines]
        self.assertEqual(sorted(
            (laddr, int(lport), raddr, int(rport))
            for laddr, lport, raddr, rport, _, _ in told), sorted(ends))
        self.assertTrue(all(float(each[4]) > 0 for each in told))
        self.assertEqual({each[5] for each in told}, {'python3'})


def paragraphs(text):
    return [part.strip() for part in re.split(r'\n\s*\n', text) if part.strip()]


def of_manual():
    """The commands of the manual page, without their comments."""
    with open(f'{EXAMPLES}/commands', encoding='utf-8') as file:
        return [part.split('\n', 1)[1] for part in paragraphs(file.read())]


def of_readme():
    """The commands of README.md that read the device or run tcpstates."""
    with open(f'{EXAMPLES}/../README.md', encoding='utf-8') as file:
        blocks = re.findall(r'```(?:sh)?\n(.*?)```', file.read(), re.DOTALL)
    scripts = []
    for part in (part for block in blocks for part in paragraphs(block)):
        if part.startswith('tcpstates '):
            scripts += part.splitlines()
        elif '/dev/tcpstates' in part and not part.startswith('make'):
            scripts.append(part)
    return scripts


class Commands(unittest.TestCase):
    """The commands in the manual page and README.md work as described."""

    def run_it(self, script):
        """Runs it until it ends, or interrupts it after its first output."""
        before = set(holders())
        process = subprocess.Popen(['bash', '-c', script], text=True,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE,
                                   start_new_session=True)
        # What ends by itself may not be interrupted before.
        wait_for(lambda: process.poll() is not None or
                 any(in_call(pid, *WAITS) for pid in set(holders()) - before),
                 f'{script!r} waits for news, or ends')
        tcp.exchange(V4)
        if process.poll() is None and not script.startswith('tcpstates run'):
            os.killpg(process.pid, signal.SIGINT)
        output, error = process.communicate(timeout=PATIENCE)
        allowed = (0,) if script.startswith('tcpstates') else (
            -signal.SIGINT, 128 + signal.SIGINT)
        # Nobody serves it here.
        if 'curl -s http' in script:
            allowed = (7,)
        self.assertIn(process.returncode, allowed, (script, output, error))
        if '--watch' not in script:     # which tells of limits that are 0
            self.assertNotIn('tcpstates:', error, script)
        return output

    def test_manual(self):
        for script in of_manual():
            if script == 'tcpstates top':
                with Screen(script) as screen:
                    screen.await_text('handshakes')
                continue
            output = self.run_it(script)
            if script.startswith('tcpstates run'):
                self.assertIn('SYN_SENT    --- SYN, connect ---', output)

    def test_readme(self):
        scripts = of_readme()
        self.assertGreater(len(scripts), 5)
        for script in scripts:
            self.run_it(script)


class Doctor(unittest.TestCase):
    def doctor(self, status, **named):
        done = subprocess.run(['tcpstates', 'doctor'], capture_output=True,
                              text=True, check=False, timeout=PATIENCE, **named)
        self.assertEqual((done.returncode, done.stderr), (status, ''), done)
        self.assertTrue(all(len(line) <= 100 for line in
                            done.stdout.splitlines()), done.stdout)
        return done.stdout

    def test_healthy(self):
        text = self.doctor(0)
        show('tcpstates doctor', text)
        self.assertNotIn('WRONG', text)
        self.assertRegex(text, r'ok +kernel \d')
        self.assertIn('hooks are in place', text)
        self.assertIn('all network namespaces', text)

    def test_not_loaded(self):
        kernel.unload()
        text = self.doctor(1)
        kernel.load()
        self.assertIn('WRONG the module is not loaded\n'
                      '      modprobe tcpstates', text)

    def test_no_right(self):
        os.chmod('/dev/tcpstates', 0o600)
        text = self.doctor(1, user=65534, group=65534, extra_groups=[])
        self.assertIn('usermod -a -G tcpstates', text)

    def test_no_ftrace(self):
        """The message comes while the module is not loaded: it keeps ftrace on."""
        kernel.unload()
        self.addCleanup(kernel.load)
        try:
            with kernel.sysctl('kernel/ftrace_enabled', 0):
                text = self.doctor(1)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            self.skipTest('this kernel does not let it be turned off')
        self.assertIn('sysctl kernel.ftrace_enabled=1', text)

    def test_no_limit(self):
        path = '/sys/module/tcpstates/parameters/stuck_close_wait'
        before = kernel.read_file(path)
        kernel.write_file(path, '0')
        text = self.doctor(0)
        kernel.write_file(path, before)
        self.assertIn('never reported as stuck', text)


CASES = [Examples, Commands, Doctor]
