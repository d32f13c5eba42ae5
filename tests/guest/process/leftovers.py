# SPDX-License-Identifier: GPL-2.0
"""Cgroups of "run", and what becomes of them."""

import contextlib
import os
import signal
import subprocess

from lib import kernel
from lib.processes import PATIENCE, wait_for
from process.base import CGROUPS, ProcessTest, children, groups


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
        """doctor finds it in any cgroup."""
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
        """An empty one whose maker lives stays, also in a PID namespace."""
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
        """Cgroups made by the command are removed, and processes in them moved."""
        errors = self.run_below()
        self.assertEqual(groups(), [])
        self.assertIn('processes of the command are still running', errors)

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
