# SPDX-License-Identifier: GPL-2.0
"""
What a process may have been started with, and how it ends: every command under
masks, dispositions, descriptors and limits of its parent; and each place where it may
wait, when a signal comes.
"""

import contextlib
import fcntl
import functools
import os
import pty
import re
import resource
import select
import signal
import socket
import subprocess
import termios
import unittest

from lib import kernel, tcp
from lib.harness import expand, limit, over
from lib.processes import PATIENCE, holders, wait_for
from lib.traffic import load_on

WRITE, WAIT4 = '1', '61'
POLLS = ('7', '271', '232', '281')
CGROUPS = '/sys/fs/cgroup'
NSSWITCH = '/etc/nsswitch.conf'

# Each ends by itself, with a status that is known.
SHORT = {
    'list': (['list'], 0),
    'list_table': (['list', '--table'], 0),
    'list_exec': (['list', '--exec', 'true'], 0),
    'stuck': (['stuck', '--older', '1'], 0),
    'stuck_check': (['stuck', '--check', '1000,2000'], 0),
    'watch_none': (['watch', '--rewind', '--count', '1'], 0),
    'run': (['run', '--wait', '1s', '--', 'sh', '-c', 'exit 7'], 7),
    'run_nothing': (['run', '--', '/nosuch/command'], 127),
    'doctor': (['doctor'], 0),
    'stats': (['stats'], 0),
    'filter': (['filter', 'state', 'listening'], 0),
    'complete': (['complete', '--', 'wat'], 0),
    'complete_export': (['complete', '--', 'export', '--'], 0),
    'export_help': (['export', '--help'], 0),
    'top_help': (['top', '--help'], 0),
    'top_no_terminal': (['top'], 2),
}

# Each goes on until it is asked to end; what it ends with then.
ENDLESS = {
    'watch': (['watch'], 0),
    'watch_table': (['watch', '--table'], 0),
    'watch_flow': (['watch', '--flow', '--summary'], 0),
    'stuck_watch': (['stuck', '--watch'], 0),
    'run': (['run', '--', 'sleep', '1000'], 128),
    'export': (['export'], 0),
    'export_textfile': (['export', '--textfile', '/tmp/process.prom'], 0),
}


def ignore(*numbers):
    return lambda: [signal.signal(number, signal.SIG_IGN) for number in numbers]


def block_all():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def close_descriptor(number):
    return lambda: os.close(number)


CONDITIONS = {
    'blocked': block_all,
    'chld': ignore(signal.SIGCHLD),
    'pipe': ignore(signal.SIGPIPE),
    'all_ignored': ignore(*(signal.valid_signals() - {9, 19, 32, 33})),
    'stdin_closed': close_descriptor(0),
    'stderr_closed': close_descriptor(2),
}

ENVIRONMENTS = {
    'no_term': {'TERM': None},
    'no_columns': {'COLUMNS': '0', 'LINES': '-1'},
    'bad_tz': {'TZ': ':../../../etc/\x01\xff' + 'x' * 5000},
    'bad_locale': {'LC_ALL': 'nosuch.locale', 'LANG': '\xff'},
    'nothing': dict.fromkeys(os.environ, None) | {'PATH': os.environ['PATH']},
}

LIMITS = {
    'files_3': (resource.RLIMIT_NOFILE, 3),
    'files_4': (resource.RLIMIT_NOFILE, 4),
    'files_6': (resource.RLIMIT_NOFILE, 6),
    'memory': (resource.RLIMIT_AS, 6 << 20),
    'size': (resource.RLIMIT_FSIZE, 0),
    'stack': (resource.RLIMIT_STACK, 1 << 20),
}


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


def environment(changes):
    changed = {**os.environ, **{name: value for name, value in changes.items()
                                if value is not None}}
    return {name: value for name, value in changed.items()
            if name not in changes or changes[name] is not None}


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


@expand
class Started(ProcessTest):
    """With what a parent may hand down."""

    def statuses(self, **named):
        done = {}
        for name, (words, _) in SHORT.items():
            done[name] = subprocess.run(
                ['tcpstates', *words], capture_output=True, check=False,
                timeout=PATIENCE, **named)
        return {name: one.returncode for name, one in done.items()}, done

    def expect_statuses(self, **named):
        tcp.exchange(tcp.FAMILIES['v4'], 1)
        self.listener()
        found, done = self.statuses(**named)
        self.assertEqual(found, {name: status for name, (_, status)
                                 in SHORT.items()}, done)
        return done

    @over(*CONDITIONS)
    def test_short(self, name):
        self.expect_statuses(preexec_fn=CONDITIONS[name])

    @over(*ENVIRONMENTS)
    def test_environment(self, name):
        self.expect_statuses(env=environment(ENVIRONMENTS[name]))

    @over(*(name for name in CONDITIONS if name != 'stderr_closed'))
    @limit(120)
    def test_ends(self, name):
        """Whatever was blocked or ignored, SIGTERM ends it."""
        for words, status in ENDLESS.values():
            process = self.start(*words, preexec_fn=CONDITIONS[name])
            self.await_start(process)
            self.expect_end(process, status + signal.SIGTERM if status else 0)

    def await_start(self, process):
        wait_for(lambda: process.pid in holders(), 'it has opened the device')
        await_call(process, *POLLS)

    def test_ignored_stays_so(self):
        """As in the background of a shell, and by nohup(1)."""
        for number in signal.SIGINT, signal.SIGHUP:
            process = self.start('watch', preexec_fn=ignore(number))
            self.await_start(process)
            process.send_signal(number)
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(0.3)
            self.expect_end(process, 0)
            process = self.start('watch')
            self.await_start(process)
            self.expect_end(process, 0, number)

    def test_handed_on(self):
        """What "run" starts has the signals that "run" was started with."""
        def ask(preexec):
            return subprocess.run(
                ['tcpstates', 'run', '--', 'grep', '-E', 'SigIgn|SigBlk',
                 '/proc/self/status'], stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, check=True, timeout=PATIENCE,
                text=True, preexec_fn=preexec).stdout

        def own(preexec):
            return subprocess.run(
                ['grep', '-E', 'SigIgn|SigBlk', '/proc/self/status'],
                stdout=subprocess.PIPE, check=True, text=True,
                preexec_fn=preexec).stdout

        for preexec in (None, ignore(signal.SIGCHLD, signal.SIGINT),
                        ignore(signal.SIGPIPE), ignore(signal.SIGHUP)):
            self.assertEqual(ask(preexec), own(preexec))

    def test_limit_of_time(self):
        """Of who has set an alarm for it."""
        process = self.start('watch', preexec_fn=functools.partial(
            signal.setitimer, signal.ITIMER_REAL, 1))
        self.assertEqual(process.wait(PATIENCE), 0)

    @over(*LIMITS)
    def test_limits(self, name):
        """It may fail, and then says why."""
        which, value = LIMITS[name]
        tcp.exchange(tcp.FAMILIES['v4'], 1)

        def restrict():
            resource.setrlimit(which, (value, value))

        for words, _ in SHORT.values():
            done = subprocess.run(['tcpstates', *words], capture_output=True,
                                  check=False, timeout=PATIENCE, text=True,
                                  preexec_fn=restrict)
            self.assertIn(done.returncode, (0, 1, 2, 3, 7, 125, 126, 127),
                          (words, done))
            if done.returncode and words[0] != 'doctor' and \
                    '--check' not in words and 'sh' not in words:
                self.assertRegex(done.stderr, 'tcpstates|error while loading',
                                 (words, done))

    def test_limit_of_processes(self):
        """Of a user's; root has none."""
        os.chmod('/dev/tcpstates', 0o644)
        self.addCleanup(os.chmod, '/dev/tcpstates', 0o600)
        self.listener()

        def restrict():
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
            os.setgroups([])
            os.setresgid(1000, 1000, 1000)
            os.setresuid(1000, 1000, 1000)

        done = subprocess.run(['tcpstates', 'list', '--exec', 'true'],
                              capture_output=True, check=False, text=True,
                              timeout=PATIENCE, preexec_fn=restrict)
        self.assertEqual(done.returncode, 1)
        self.assertIn('--exec: Resource temporarily unavailable', done.stderr)


class Descriptors(ProcessTest):
    """Nothing is written to a file that has got the number of another one."""

    @staticmethod
    def closing(*numbers):
        return lambda: [os.close(number) for number in numbers]

    def test_output_closed(self):
        for words, _ in SHORT.values():
            if words[0] == 'export' or words[0] == 'top':
                continue
            done = subprocess.run(['tcpstates', *words],
                                  stderr=subprocess.PIPE, check=False,
                                  timeout=PATIENCE, text=True,
                                  preexec_fn=self.closing(1))
            self.assertEqual(done.returncode, 1, words)
            self.assertIn('standard output', done.stderr)

    def test_all_closed(self):
        svg = '/tmp/process.svg'
        for numbers in (0, 2), (2,), (0,):
            subprocess.run(['tcpstates', 'run', '--svg', svg, '--', 'true'],
                           stdout=subprocess.PIPE, check=False,
                           timeout=PATIENCE, preexec_fn=self.closing(*numbers))
            with open(svg, encoding='utf-8') as file:
                self.assertTrue(file.read().startswith('<svg'))
            os.unlink(svg)

    def test_export_without_any(self):
        """Its messages do not get into its file, nor to a scraper."""
        path = '/tmp/none.prom'
        process = self.start('export', '--textfile', path, '--interval', '1',
                             stdout=None, stderr=None)
        self.expect_file(path)
        self.expect_end(process, 0)
        os.unlink(path)
        process = subprocess.Popen(
            ['tcpstates', 'export', '--textfile', path],
            preexec_fn=self.closing(0, 2))
        self.addCleanup(self.finish, process)
        self.expect_file(path)
        self.expect_end(process, 0)

    @staticmethod
    def expect_file(path):
        wait_for(lambda: os.path.exists(path), 'a file')
        with open(path, encoding='utf-8') as file:
            text = file.read()
        assert text.startswith('# HELP') and text.endswith('\n'), text


def catches(pid, number):
    """Whether a process has a handler for a signal."""
    status = kernel.read_file(f'/proc/{pid}/status')
    mask = re.search(r'^SigCgt:\s*(\w+)', status, re.MULTILINE)[1]
    return int(mask, 16) >> (number - 1) & 1


@expand
class Ends(ProcessTest):
    """At a signal, whatever it waits for."""

    @over('SIGTERM', 'SIGINT', 'SIGHUP')
    @limit(120)
    def test_under_load(self, name):
        """Where there is always something to do, and for each a command."""
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
        """It is told, and not waited for."""
        listeners = [self.listener() for _ in range(3)]
        self.assertEqual(len(listeners), 3)
        for command in ('exec sleep 1000',
                        'trap "" TERM INT; while :; do sleep 1; done'):
            process = self.start('list', '--exec', command,
                                 stderr=subprocess.PIPE, text=True)
            await_call(process, WAIT4)
            [child] = children(process.pid)
            self.expect_end(process, 1)
            self.assertIn('has not ended, and got SIGTERM',
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
        """Nobody reads what it says."""
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
        """A server for names that does not answer."""
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
        """Its terminal reads, or has been stopped; and is as before."""
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
        """What it has opened, where the terminal is none that it knows."""
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


class Leftovers(ProcessTest):
    """Cgroups of "run"."""

    def begin(self, *words, **named):
        process = self.start('run', *words, **named)
        wait_for(lambda: any(f'-{process.pid}-' in name
                             for name in groups()), 'its cgroup')
        wait_for(lambda: children(process.pid), 'its command')
        return process

    def kill(self, process):
        """Returns its cgroup, with the command in it."""
        [group] = [name for name in groups()
                   if f'-{process.pid}-' in name]
        process.kill()
        process.wait()
        return os.path.join(CGROUPS, group)

    def test_killed(self):
        """The next one removes what is left, when it is empty."""
        group = self.kill(self.begin('--', 'sleep', '1000'))
        subprocess.run(['tcpstates', 'run', '--', 'true'], check=True,
                       capture_output=True, timeout=PATIENCE)
        self.assertEqual(len(groups()), 1)
        kernel.write_file(f'{group}/cgroup.kill', '1')
        wait_for(lambda: 'populated 0' in
                 kernel.read_file(f'{group}/cgroup.events'), 'it is empty')
        os.makedirs(f'{group}/below/it')
        subprocess.run(['tcpstates', 'run', '--', 'true'], check=True,
                       capture_output=True, timeout=PATIENCE)
        self.assertEqual(groups(), [])

    def test_doctor(self):
        """Wherever it is."""
        os.mkdir(f'{CGROUPS}/elsewhere')
        self.addCleanup(os.rmdir, f'{CGROUPS}/elsewhere')
        os.mkdir(f'{CGROUPS}/elsewhere/tcpstates-run-1-1')
        os.mkdir(f'{CGROUPS}/elsewhere/tcpstates-run-x')
        self.addCleanup(os.rmdir, f'{CGROUPS}/elsewhere/tcpstates-run-x')
        text = subprocess.run(['tcpstates', 'doctor'], check=False, text=True,
                              capture_output=True, timeout=PATIENCE).stdout
        self.assertIn('was killed: 1 removed', text)
        self.assertEqual(os.path.exists(f'{CGROUPS}/elsewhere/tcpstates-run-1-1'),
                         False)
        self.assertTrue(os.path.exists(f'{CGROUPS}/elsewhere/tcpstates-run-x'))

    def test_living(self):
        """One that is empty, and whose maker lives, stays; in a PID namespace too."""
        listener = self.listener()
        program = ('import socket; s = socket.create_connection('
                   f'("127.0.0.1", {listener.getsockname()[1]})); s.close()')
        words = ['--time-wait', '--wait', '1000s', '--', 'python3', '-c', program]
        process = self.start('run', *words)
        inside = subprocess.Popen(
            ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child',
             'tcpstates', 'run', *words], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.addCleanup(self.finish, inside)

        def both_empty():
            found = groups()
            return len(found) == 2 and all(
                'populated 0' in kernel.read_file(
                    f'{CGROUPS}/{name}/cgroup.events') for name in found)

        for _ in range(2):
            listener.accept()[0].close()
        wait_for(both_empty, 'both commands have ended')
        before = groups()
        for words in (['run', '--', 'true'], ['doctor']):
            subprocess.run(['tcpstates', *words], check=False,
                           capture_output=True, timeout=PATIENCE)
            self.assertEqual(groups(), before)
        [inner] = [int(pid) for pid in children(inside.pid)]
        for one, pid in ((process, process.pid), (inside, inner)):
            for _ in range(2):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            one.wait(PATIENCE)

    def test_below(self):
        """What the command has made goes, and what runs there is moved."""
        errors = self.run_below()
        self.assertEqual(groups(), [])
        self.assertIn('processes of the command go on', errors)

    def run_below(self):
        process = self.start(
            'run', '--', 'sh', '-c',
            f'C={CGROUPS}$(cut -d: -f3 /proc/self/cgroup); '
            'mkdir -p $C/inner/deep; '
            'sh -c "echo 0 >$C/inner/deep/cgroup.procs; exec sleep 1000" & '
            'until grep -q . $C/inner/deep/cgroup.procs; do sleep 0.01; done; '
            'echo $! >/tmp/below; echo $$ >$C/inner/cgroup.procs',
            stderr=subprocess.PIPE, text=True)
        wait_for(lambda: os.path.exists('/tmp/below') and
                 kernel.read_file('/tmp/below').strip(), 'it runs')
        self.addCleanup(os.unlink, '/tmp/below')
        pid = int(kernel.read_file('/tmp/below'))
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        wait_for(lambda: not children(process.pid), 'the command has ended')
        process.send_signal(signal.SIGTERM)
        errors = process.stderr.readline() + process.stderr.readline()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertNotIn('tcpstates-run', kernel.read_file(f'/proc/{pid}/cgroup'))
        return errors

    def test_hangup(self):
        """A terminal that goes away leaves nothing behind."""
        process = self.begin('--', 'sleep', '1000')
        self.expect_end(process, 128 + signal.SIGHUP, signal.SIGHUP)
        self.assertEqual(groups(), [])


CASES = [Started, Descriptors, Ends, Leftovers]
