# SPDX-License-Identifier: GPL-2.0
"""How each command ends at a signal, at each place where it may wait."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import socket
import subprocess
import termios

from lib import kernel, tcp
from lib.harness import expand, limit, over
from lib.processes import PATIENCE, holders, wait_for
from lib.traffic import load_on
from process.base import WAIT4, WRITE, ProcessTest, await_call, children

NSSWITCH = '/etc/nsswitch.conf'


def full_pipe():
    """(read, write) ends of a pipe into which nothing more fits."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b'x' * 4096)
    os.set_blocking(write, True)
    return read, write


def catches(pid, number):
    """Whether a process has a handler for a signal."""
    status = kernel.read_file(f'/proc/{pid}/status')
    mask = re.search(r'^SigCgt:\s*(\w+)', status, re.MULTILINE)[1]
    return int(mask, 16) >> (number - 1) & 1


@expand
class Ends(ProcessTest):
    """Commands end at a signal, whatever they wait for."""

    @over('SIGTERM', 'SIGINT', 'SIGHUP')
    @limit(120)
    def test_under_load(self, name):
        """Lines come all the time, and for each a command runs."""
        number = getattr(signal, name)
        with load_on():
            self.end_each(number)

    def end_each(self, number):
        for words in (['watch', '--exec', 'sleep 0.2'],
                      ['watch', '--exec', 'true'], ['watch', '--json'],
                      ['watch', '--rewind', '--exec', 'true'], ['export'],
                      ['list', '--exec', 'sleep 0.2']):
            process = self.start(*words, stderr=subprocess.PIPE)
            wait_for(lambda process=process: process.pid in holders() and
                     catches(process.pid, number) and
                     (process.args[-1] in ('--json', 'export') or
                      children(process.pid)), f'{words} works')
            process.send_signal(number)
            self.assertIn(process.wait(PATIENCE), (0, 1), words)

    def test_command_that_does_not_end(self):
        """It gets SIGTERM, and is not waited for."""
        listeners = [self.listener() for _ in range(3)]
        self.assertEqual(len(listeners), 3)
        for command in ('exec sleep 1000',
                        'trap "" TERM INT; while :; do sleep 1; done'):
            process = self.start('list', '--exec', command,
                                 stderr=subprocess.PIPE, text=True)
            await_call(process, WAIT4)
            [child] = children(process.pid)
            self.expect_end(process, 1)
            self.assertIn('was still running, and got SIGTERM',
                          process.stderr.readline())
            if 'exec' in command:
                wait_for(lambda child=child: not os.path.exists(
                    f'/proc/{child}'), 'it has ended')
            else:
                os.kill(int(child), signal.SIGKILL)

    def test_command_that_ends(self):
        """It is waited for as long as that takes less than a second."""
        self.listener()
        os.mkfifo('/tmp/go')
        self.addCleanup(os.unlink, '/tmp/go')
        process = self.start('list', '--exec', 'read line </tmp/go; exit 0',
                             stderr=subprocess.PIPE)
        await_call(process, WAIT4)
        process.send_signal(signal.SIGTERM)
        with open('/tmp/go', 'w', encoding='ascii') as file:
            file.write('go\n')
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(process.stderr.read(), b'')

    @over('list', 'watch', 'stats', 'doctor', 'filter', 'complete', 'help',
          'run', 'export_help', 'top_help')
    def test_full_output(self, name):
        self.listener()
        tcp.exchange(tcp.FAMILIES['v4'], 1)
        words = {'list': ['list'], 'watch': ['watch', '--rewind'],
                 'help': ['--help'], 'filter': ['filter', 'sport', '=', '1'],
                 'complete': ['complete', '--', ''],
                 'run': ['run', '--json', '--', 'python3', '-c',
                         'import socket; s = socket.socket(); '
                         's.bind(("127.0.0.1", 0)); s.listen()'],
                 'export_help': ['export', '--help'],
                 'top_help': ['top', '--help']}.get(name, [name])
        read, write = full_pipe()
        process = self.start(*words, stdout=write)
        os.close(write)
        await_call(process, WRITE, file=1)
        process.send_signal(signal.SIGTERM)
        if name == 'run':
            # Its command has ended; the second wish is ours.
            process.send_signal(signal.SIGTERM)
        self.assertIsNotNone(process.wait(PATIENCE))
        os.close(read)

    @over('list', 'watch', 'stuck', 'stats', 'run', 'export', 'usage')
    def test_full_errors(self, name):
        """Its standard error is a full pipe."""
        words = {'usage': ['list', '--nosuch'],
                 'run': ['run', '--', '/nosuch/command'],
                 'stats': ['stats', '--device', '/nosuch']}.get(
                     name, [name, '--device', '/nosuch'])
        read, write = full_pipe()
        process = self.start(*words, stderr=write)
        os.close(write)
        await_call(process, WRITE, file=2)
        process.send_signal(signal.SIGTERM)
        self.assertIsNotNone(process.wait(PATIENCE))
        os.close(read)

    @over('hosts', 'filter', 'listen')
    def test_name_that_does_not_come(self, name):
        """A name server that does not answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(('127.0.0.1', 53))
            kernel.write_file('/etc/resolv.conf',
                              'nameserver 127.0.0.1\noptions timeout:30\n')
            self.addCleanup(os.unlink, '/etc/resolv.conf')
            sources = kernel.read_file(NSSWITCH)
            kernel.write_file(NSSWITCH, 'hosts: dns\n')
            self.addCleanup(kernel.write_file, NSSWITCH, sources + '\n')
            words = {'hosts': ['watch', '--table', '--resolve', '--rewind'],
                     'filter': ['list', 'src', 'host.example'],
                     'listen': ['export', '--listen', 'host.example:1']}[name]
            family = tcp.FAMILIES['v4']
            with socket.socket() as listener:
                listener.bind(('127.0.0.77', 0))
                listener.listen()
                client = family.open()
                client.connect(listener.getsockname())
                client.close()
            process = self.start(*words)
            self.assertTrue(select.select([server], [], [], PATIENCE)[0])
            process.send_signal(signal.SIGTERM)
            self.assertIsNotNone(process.wait(PATIENCE))

    @over('SIGTERM', 'SIGINT', 'SIGHUP')
    def test_top(self, name):
        """The terminal is read, or has been stopped; it is restored."""
        number = getattr(signal, name)
        for stopped in False, True:
            main, slave = pty.openpty()
            before = termios.tcgetattr(slave)
            process = subprocess.Popen(
                ['tcpstates', 'top'], stdin=slave, stdout=slave,
                stderr=subprocess.DEVNULL, env={**os.environ, 'TERM': 'xterm'})
            self.addCleanup(self.finish, process)
            wait_for(lambda process=process: process.pid in holders(),
                     'it is there')
            if stopped:
                termios.tcflow(slave, termios.TCOOFF)
                await_call(process, WRITE, file=1)
            else:
                self.assertTrue(select.select([main], [], [], PATIENCE)[0])
            process.send_signal(number)
            self.drain_until_end(process, None if stopped else main)
            self.assertEqual(process.returncode, 1 if stopped else 0)
            termios.tcflow(slave, termios.TCOON)
            self.assertEqual(termios.tcgetattr(slave)[3], before[3])
            os.close(main)
            os.close(slave)

    def test_top_closes(self):
        """It closes what it has opened if the terminal is unknown."""
        main, slave = pty.openpty()
        done = subprocess.run(
            ['strace', '-f', '-y', '-e', 'trace=close', '-o', '/tmp/closed',
             'tcpstates', 'top'], stdin=slave, stdout=slave, text=True,
            stderr=subprocess.PIPE, env={**os.environ, 'TERM': 'nosuch'},
            check=False, timeout=PATIENCE)
        os.close(main)
        os.close(slave)
        self.assertEqual(done.returncode, 1)
        self.assertIn("'nosuch' is not known", done.stderr)
        self.assertIn('/dev/tcpstates>', kernel.read_file('/tmp/closed'))

    @staticmethod
    def drain_until_end(process, main):
        def ended():
            if main is not None and select.select([main], [], [], 0)[0]:
                os.read(main, 65536)
            return process.poll() is not None
        wait_for(ended, 'it ends')
