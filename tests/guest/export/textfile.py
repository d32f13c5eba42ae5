# SPDX-License-Identifier: GPL-2.0
"""The exporter's file for the node exporter."""

import os
import shutil
import subprocess

from export.base import NOBODY, ExportTest, Exporter, expect_identity, parse
from lib import kernel
from lib.processes import PATIENCE, wait_for


class Textfile(ExportTest):
    def read(self):
        try:
            with open('/tmp/tcpstates.prom', encoding='utf-8') as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def test_textfile(self):
        exporter = Exporter('--textfile', '/tmp/tcpstates.prom',
                            '--interval', '1')
        self.addCleanup(exporter.close)
        wait_for(self.read, 'a file')
        leak = self.leak()

        def told():
            text = self.read()
            self.assertTrue(text.endswith('\n'))
            found = parse(text)['owner_connections']
            return found.get((('comm', 'python3'),
                              ('state', 'close_wait'))) == 1

        wait_for(told, 'the connection')
        leak.close()
        self.assertEqual(os.stat('/tmp/tcpstates.prom').st_mode & 0o777,
                         0o644)

    def test_no_folder(self):
        """Without a folder it ends with an error."""
        self.expect_refusal(['/tmp/nowhere/x.prom'], 'No such file')
        self.expect_refusal(['/tmp/'], 'Is a directory')
        self.expect_refusal(['/etc/hosts/x'], 'Not a directory')

    def expect_refusal(self, words, text):
        done = subprocess.run(['tcpstates', 'export', '--textfile', *words],
                              text=True, capture_output=True, check=False,
                              timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stderr.count('\n'), 1)

    def folder(self, owner):
        path = '/tmp/collected'
        os.mkdir(path)
        self.addCleanup(shutil.rmtree, path)
        os.chown(path, owner, owner)
        return path

    def test_owner(self):
        """It runs as the owner of the folder, also if that is root."""
        for owner in NOBODY, 1, 0:
            path = self.folder(owner)
            exporter = Exporter('--textfile', f'{path}/x.prom',
                                '--interval', '1')
            wait_for(lambda path=path: os.path.exists(f'{path}/x.prom'),
                     'a file')
            expect_identity(exporter.process.pid, owner)
            self.assertEqual(os.stat(f'{path}/x.prom').st_uid, owner)
            exporter.close()
            self.doCleanups()

    def test_other_user(self):
        """A user who may not write there is an error."""
        path = self.folder(0)
        self.expect_refusal([f'{path}/x.prom', '--user', 'nobody'],
                            f'as uid {NOBODY}: Permission denied')

    def test_link(self):
        """In a folder for all users, no other user's link is followed."""
        kernel.write_file('/tmp/precious', 'as before\n')
        os.symlink('/tmp/precious', '/tmp/tcpstates.prom.tmp')
        os.lchown('/tmp/tcpstates.prom.tmp', 1000, 1000)
        exporter = Exporter('--textfile', '/tmp/tcpstates.prom')
        self.addCleanup(exporter.close)
        wait_for(lambda: self.read() or exporter.process.poll() is not None,
                 'it has tried')
        self.assertEqual(kernel.read_file('/tmp/precious'), 'as before')

    def test_later(self):
        """A later failure is reported once and counted, and its end reported."""
        path = self.folder(0)
        file = f'{path}/x.prom'
        exporter = Exporter('--textfile', file, '--interval', '1')
        self.addCleanup(exporter.close)
        wait_for(lambda: os.path.exists(file), 'a file')
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4k', 'none', path],
                       check=True)
        self.assertIn('No space left', exporter.process.stderr.readline())
        self.assertEqual(os.listdir(path), [])
        subprocess.run(['umount', path], check=True)
        self.assertIn('is written again', exporter.process.stderr.readline())
        with open(file, encoding='utf-8') as text:
            count = parse(text.read())['textfile_failures_total'][()]
        self.assertGreater(count, 0)
        os.rename(path, f'{path}.away')
        self.assertIn('No such file', exporter.process.stderr.readline())
        exporter.process.terminate()
        self.assertEqual(exporter.process.wait(PATIENCE), 1)
        os.rename(f'{path}.away', path)
        self.assertEqual(exporter.process.stderr.read(), '')
