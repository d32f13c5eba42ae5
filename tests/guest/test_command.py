# SPDX-License-Identifier: GPL-2.0
"""The command tcpstates, on the real device."""

import json
import os
import re
import signal
import subprocess
import unittest

from lib import kernel, tcp, uapi
from lib.device import MAPPED, V4, V6, DeviceTest, lines_of
from lib.harness import expand, over
from lib.processes import Reader, wait_for
from lib.stream import parse_line
from lib.terminal import COMMAND, WIDTH, Terminal

ESCAPES = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


def run(*words, **named):
    named.setdefault('stdout', subprocess.PIPE)
    return subprocess.run([COMMAND, *words], stderr=subprocess.PIPE,
                          check=False, timeout=20, **named)


@expand
class Streaming(DeviceTest):
    def mixture(self):
        """Lines of three families, as bytes."""
        return b''.join(self.traffic(2, family)
                        for family in (V4, V6, MAPPED))

    COUNT = 3 * lines_of(2)

    def test_pipe(self):
        """Into a pipe: the device's lines, as they come."""
        with Reader(COMMAND) as reader:
            expected = self.mixture()
            self.assertEqual(reader.lines(self.COUNT), expected)
            expected += self.traffic()
            self.assertEqual(reader.lines(self.COUNT + lines_of(1)), expected)

    def test_json(self):
        """One object for each line, with the line's keys and values."""
        with Reader(COMMAND, 'watch', '--json') as reader:
            expected = self.mixture().splitlines()
            output = reader.lines(self.COUNT)
        objects = [json.loads(line) for line in output.splitlines()]
        self.assertEqual(len(objects), len(expected))
        for found, line in zip(objects, expected):
            pairs = [pair.split('=', 1) for pair in line.decode().split(' ')]
            self.assertEqual(list(found), [key for key, _ in pairs])
            for key, text in pairs:
                self.assertEqual(found[key], self.value(key, text), line)

    @staticmethod
    def value(key, text):
        """The JSON value for a value of a line."""
        if key == 'flags':
            return [] if text == '-' else text.split(',')
        if text == '-':
            return None
        if key in ('netns', 'lport', 'rport', 'dur_ns', 'pid', 'uid') or \
                key in uapi.HEALTH:
            return int(text)
        return text.strip('"') if key == 'comm' else text

    def test_count(self):
        """Ends by itself after that many lines."""
        with Reader(COMMAND, '--count', '5') as reader:
            expected = self.traffic(3).splitlines(True)[:5]
            self.assertEqual(reader.rest(), b''.join(expected))
            self.assertEqual(reader.process.returncode, 0)

    def test_rewind(self):
        self.traffic()
        fd = self.open()
        uapi.rewind(fd)
        first = os.read(fd, 65536).splitlines(True)[:7]
        result = run('--rewind', '--count', '7')
        self.assertEqual((result.returncode, result.stderr), (0, b''))
        self.assertEqual(result.stdout, b''.join(first))

    @over('SIGINT', 'SIGTERM')
    def test_ends_at(self, name):
        """All lines that were read are written, and the status is 0."""
        with Reader(COMMAND) as reader:
            expected = self.traffic()
            reader.lines(lines_of(1))
            reader.process.send_signal(getattr(signal, name))
            self.assertEqual(reader.rest(), expected)
            self.assertEqual(reader.process.returncode, 0)

    def test_broken_pipe(self):
        """Ends without a message when the pipe's reader has gone."""
        with Reader('sh', '-c', f'{COMMAND} | head -n 2; '
                    f'echo done') as reader:
            self.traffic(2)
            output = reader.read(lambda output: b'done' in output)
        self.assertEqual(output.count(b'\n'), 3)

    def test_full(self):
        """A failed write is reported as an error."""
        before = self.traffic()
        self.assertTrue(before)
        with open('/dev/full', 'wb') as full:
            result = run('--rewind', '--count', '3', stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b'No space left', result.stderr)

    def test_terminal(self):
        """A table within 80 columns, also with IPv6 addresses."""
        terminal = Terminal()
        self.addCleanup(terminal.close)
        wait_for(lambda: self.is_open(terminal.process.pid), 'it opens')
        self.mixture()
        text = terminal.read(
            lambda text: text.count('LISTEN') >= 3 and
            text.count('SYN_SENT') >= 6)
        lines = [ESCAPES.sub('', line) for line in text.split('\r\n')]
        wide = [line for line in lines if len(line) > WIDTH]
        self.assertEqual(wide, [])
        self.assertNotIn('event=', text)
        for address in ('127.0.0.1:', '[::1]:'):
            self.assertIn(address, text)
        os.write(terminal.fd, b'\x03')
        self.assertEqual(terminal.process.wait(timeout=20), 0)

    @staticmethod
    def is_open(pid):
        links = []
        for name in os.listdir(f'/proc/{pid}/fd'):
            try:
                links.append(os.readlink(f'/proc/{pid}/fd/{name}'))
            except OSError:
                continue
        return uapi.DEVICE in links

    def test_lines_on_a_terminal(self):
        terminal = Terminal('--lines')
        self.addCleanup(terminal.close)
        wait_for(lambda: self.is_open(terminal.process.pid), 'it opens')
        expected = self.traffic().decode()
        text = terminal.read(lambda text: text.count('\n') >= lines_of(1))
        self.assertEqual(text.replace('\r\n', '\n'), expected)

    def test_stats(self):
        """The device's own numbers."""
        fd = self.open()
        self.traffic()
        info, stats = uapi.get_info(fd), uapi.get_stats(fd)
        told = json.loads(run('stats', '--json').stdout)
        self.assertEqual(told['abi_version'], info.abi_version)
        self.assertEqual(told['module_version'], info.module_version)
        self.assertEqual(told['recorded'], stats.recorded)
        self.assertEqual(told['ring_records'], info.ring_records)
        calls = [hook['calls'] for hook in told['hooks'].values()]
        self.assertEqual(calls, list(stats.hits[:uapi.HOOK_COUNT]))
        result = run('stats')
        self.assertEqual((result.returncode, result.stderr), (0, b''))
        self.assertIn(str(stats.recorded).encode(), result.stdout)


class Errors(unittest.TestCase):
    def test_help(self):
        for words in (['--help'], ['watch', '--help'], ['stats', '--help']):
            result = run(*words)
            self.assertEqual((result.returncode, result.stderr), (0, b''))
            self.assertTrue(result.stdout.startswith(b'Usage: tcpstates'))

    def test_version(self):
        result = run('--version')
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout.decode().split(), [
            'tcpstates', kernel.read_file('/sys/module/tcpstates/version')])

    def test_wrong_words(self):
        for words in (['--no-such'], ['nonsense'], ['--count'],
                      ['--count', '0'], ['--count', '-1'],
                      ['--count', '1x'], ['--json=1'], ['stats', '--count'],
                      ['watch', '--format', 'time,']):
            result = run(*words)
            self.assertEqual(result.returncode, 2, words)
            self.assertEqual(result.stdout, b'', words)
            self.assertTrue(result.stderr.startswith(b'tcpstates: '), words)
            self.assertEqual(result.stderr.count(b'\n'), 1, words)

    def test_not_loaded(self):
        """The message says what is missing and what to do."""
        kernel.unload()
        self.addCleanup(kernel.load)
        for words in ([], ['stats']):
            result = run(*words)
            self.assertEqual((result.returncode, result.stdout), (1, b''))
            self.assertIn(b'/dev/tcpstates', result.stderr)
            self.assertIn(b'load the module', result.stderr)

    def test_other_device(self):
        result = run('--device', '/dev/null')
        self.assertEqual((result.returncode, result.stdout), (1, b''))
        self.assertIn(b'/dev/null', result.stderr)

    def test_line_is_parsed(self):
        """The library's lines satisfy the contract's parser as well."""
        tcp.exchange(V4)
        result = run('--rewind', '--count', '8')
        for line in result.stdout.splitlines(True):
            self.assertEqual(parse_line(line).event, 'transition')


CASES = [Streaming, Errors]
