# SPDX-License-Identifier: GPL-2.0
"""
What a process may have been started with: masks, dispositions, environment,
limits and descriptors of its parent.
"""

import functools
import os
import resource
import signal
import subprocess

from lib import tcp
from lib.harness import expand, limit, over
from lib.processes import PATIENCE, holders, wait_for
from process.base import POLLS, ProcessTest, await_call

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


def environment(changes):
    changed = {**os.environ, **{name: value for name, value in changes.items()
                                if value is not None}}
    return {name: value for name, value in changed.items()
            if name not in changes or changes[name] is not None}


@expand
class Started(ProcessTest):
    """Signal masks, dispositions, environment and limits of the parent."""

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
        """Ignored signals stay ignored, as in the background of a shell."""
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
        """The parent has set an alarm."""
        process = self.start('watch', preexec_fn=functools.partial(
            signal.setitimer, signal.ITIMER_REAL, 1))
        self.assertEqual(process.wait(PATIENCE), 0)

    @over(*LIMITS)
    def test_limits(self, name):
        """If it fails, it says why."""
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
        """A user's limit of processes; root has none."""
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
    """Nothing is written to a file that has got a standard descriptor's number."""

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
