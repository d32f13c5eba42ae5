# SPDX-License-Identifier: GPL-2.0
"""tcpstates top, driven in a terminal: what its screen says, and what keys do."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import unittest

from lib import kernel, proctcp, tcp, uapi
from lib.device import V4, V6
from lib.processes import PATIENCE, holders, wait_for
from lib.screen import Screen
from lib.show import show
from lib.stuck import Leak

STATES = ('LISTEN', 'SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'CLOSE_WAIT',
          'FIN_WAIT1', 'FIN_WAIT2', 'CLOSING', 'LAST_ACK', 'TIME_WAIT')
LIST = 10       # the first row of the list


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


def counts(text):
    """The counts by state in the upper part."""
    head = '\n'.join(text.splitlines()[1:6])
    return {name: int(count) for name, count in
            re.findall(r'([A-Z_]+\d?) +(\d+)', head)}


def counted():
    """The counts by state of the kernel."""
    entries = proctcp.read()
    return {name: sum(entry.state == name for entry in entries)
            for name in STATES}


def rows(text):
    return [line for line in text.splitlines()[LIST:23] if line]


def numbers(text):
    """The numbers of the states in the list."""
    return [uapi.STATE_NUMBERS[row.split()[0]] for row in rows(text)]


class Sshd:
    """A server on the loopback, and the beginning of a command to get there."""

    def __init__(self):
        os.makedirs('/run/sshd', exist_ok=True)
        if 'sshd:' not in kernel.read_file('/etc/passwd'):
            with open('/etc/passwd', 'a', encoding='ascii') as file:
                file.write('sshd:x:100:65534::/run/sshd:/bin/false\n')
        self.folder = tempfile.mkdtemp()
        for name in ('host', 'user'):
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f',
                            f'{self.folder}/{name}'], check=True)
        port = next(tcp.ports)
        self.server = subprocess.Popen(
            ['/usr/sbin/sshd', '-D', '-f', '/dev/null', '-h',
             f'{self.folder}/host', '-o', f'ListenAddress=127.0.0.1:{port}',
             '-o', f'AuthorizedKeysFile={self.folder}/user.pub',
             '-o', 'StrictModes=no', '-o', 'UsePAM=no', '-o', 'PidFile=none'],
            stderr=subprocess.DEVNULL)
        wait_for(lambda: any(entry.lport == port for entry in proctcp.read()),
                 'sshd listens')
        self.command = (
            f'ssh -F none -tt -p {port} -i {self.folder}/user '
            '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null '
            '-o LogLevel=ERROR root@127.0.0.1')

    def close(self):
        self.server.terminate()
        self.server.wait()


class Shown(unittest.TestCase):
    def test_states(self):
        """States that can be stuck come first, and the counts are the kernel's."""
        leaks = [Leak(), Leak(tcp.FAMILIES['v6'])]
        with V4.listener() as listener, \
                socket.create_connection(listener.getsockname()), \
                Screen('tcpstates top') as screen:
            text = screen.await_that(
                lambda text: counts(text) == counted() and
                len(rows(text)) == sum(counted().values()),
                'counts as /proc has them, and as many rows')
            show('tcpstates top', text)
            self.assertEqual(counts(text)['CLOSE_WAIT'], 2)
            self.assertEqual(sorted(row.split()[0] for row in rows(text)[:4]),
                             ['CLOSE_WAIT', 'CLOSE_WAIT', 'FIN_WAIT2',
                              'FIN_WAIT2'])
            for leak in leaks:
                host, port = leak.end[:2]
                here = f'[{host}]:{port}' if ':' in host else f'{host}:{port}'
                self.assertIn(f'{os.getpid()}/python3', text)
                self.assertIn(here, text)
                leak.close()
            screen.await_that(lambda text: not counts(text)['CLOSE_WAIT'],
                              'none in CLOSE_WAIT')

    def test_stream(self):
        """What happens is counted by the second."""
        with Screen('tcpstates top') as screen:
            screen.await_text('0/s opened')
            for _ in range(5):
                tcp.close_by_fin(V4)
            screen.await_that(
                lambda text: re.search('[1-9]/s opened.*[1-9]/s arrived', text),
                'opened, and arrived')
            screen.await_that(
                lambda text: re.search(r'here 50% [\d.]+ (us|ms) 99% ', text),
                'handshakes')
            with V4.listener() as listener:
                port = listener.getsockname()[1]
            with V4.open() as sock:
                sock.connect_ex(('127.0.0.1', port))
            screen.await_that(lambda text: '1/s failed' in text, 'failed')

    def test_detail(self):
        """The history of a connection, and its end."""
        with V4.listener() as listener, Screen('tcpstates top') as screen:
            screen.await_text('handshakes')
            client = socket.create_connection(listener.getsockname())
            server = listener.accept()[0]
            client.close()
            screen.await_that(lambda text: rows(text) and
                              'CLOSE_WAIT' in rows(text)[0], 'CLOSE_WAIT first')
            screen.press('Enter')
            past = [r'has not called close\(\)', r'LISTEN +SYN_RECV +syn\n',
                    r'SYN_RECV +[\d.]+ (us|ms|s) +ESTABLISHED +ack\n',
                    r'ESTABLISHED +\S+ \w+ +CLOSE_WAIT +fin\n']
            text = screen.await_that(
                lambda text: all(re.search(each, text) for each in past), past)
            show('tcpstates top: one connection', text)
            server.close()
            past[0] = 'ended, owner'
            past += [r'CLOSE_WAIT +\S+ \w+ +LAST_ACK +close\n',
                     r'LAST_ACK +\S+ \w+ +CLOSE +fin-acked\n']
            screen.await_that(
                lambda text: all(re.search(each, text) for each in past), past)
            screen.press('Escape')
            screen.await_text('STATE           AGE OWNER')

    def test_lost(self):
        """After a loss, the table is read again, and is right."""
        kernel.unload()
        kernel.load('ring_records=64')
        with Screen('tcpstates top') as screen:
            screen.await_text('handshakes')
            [pid] = holders()
            os.kill(pid, signal.SIGSTOP)
            for _ in range(40):
                tcp.close_by_fin(V6)
            os.kill(pid, signal.SIGCONT)
            screen.await_that(lambda text: 'records were lost' in text and
                              counts(text) == counted(), 'right again')
        kernel.unload()
        kernel.load()


class Keys(unittest.TestCase):
    def test_filter_while_typing(self):
        leak = Leak()
        with V4.listener(), Screen('tcpstates top') as screen:
            everything = len(rows(screen.await_text('LISTEN  ')))
            self.assertGreater(everything, 1)
            screen.type('/')
            screen.type('state close-wa')
            screen.await_text("'close-wa' is not a valid state")
            screen.type('it')
            text = screen.await_that(lambda text: len(rows(text)) == 1,
                                     'one row')
            self.assertIn('CLOSE_WAIT', rows(text)[0])
            screen.press('Enter')
            screen.press('/')
            screen.press('Escape')
            screen.await_that(lambda text: len(rows(text)) >= everything,
                              'all rows')
        leak.close()

    def test_filter_of_words(self):
        with V4.listener(), V6.listener() as listener:
            port = listener.getsockname()[1]
            with Screen(f'tcpstates top state listening and sport = :{port}') \
                    as screen:
                text = screen.await_that(lambda text: len(rows(text)) == 1,
                                         'one row')
                self.assertIn(f'[::1]:{port}', rows(text)[0])

    def test_order(self):
        leak = Leak()
        with Screen('tcpstates top exclude time-wait') as screen:
            screen.await_text('by trouble')
            for name in ('age', 'state', 'owner', 'local', 'remote', 'trouble'):
                screen.press('s')
                screen.await_text(f'by {name}')
            screen.press('S', 'S', 'S', 'S')
            text = screen.await_that(
                lambda text: 'by state' in text and
                numbers(text) == sorted(numbers(text)), 'sorted by state')
            screen.press('r')
            screen.await_that(
                lambda after: 'reversed' in after and
                numbers(after) == numbers(text)[::-1], 'the other way round')
        leak.close()

    def test_pause(self):
        with Screen('tcpstates top state listening') as screen:
            screen.await_text('handshakes')
            screen.press('Space')
            screen.await_text('PAUSED')
            before = rows(screen.await_that(
                lambda text: rows(text) == rows(screen.text()), 'it stands'))
            with V4.listener() as listener:
                port = listener.getsockname()[1]
                screen.await_that(lambda text: counts(text) == counted(),
                                  'counts go on')
                self.assertEqual(rows(screen.text()), before)
                screen.press('Space')
                screen.await_text(f':{port} ')

    def test_scroll(self):
        listeners = [V4.listener() for _ in range(30)]
        with Screen('tcpstates top state listening') as screen:
            text = screen.await_that(lambda text: len(rows(text)) == 13,
                                     'a full screen')
            first = rows(text)[0].split()[3]
            screen.press('End')
            screen.await_that(lambda text: first not in text, 'the end')
            screen.press('PPage', 'PPage', 'PPage')
            screen.await_that(lambda text: first in text, 'the beginning')
        for each in listeners:
            each.close()

    def test_help(self):
        with Screen('tcpstates top') as screen:
            screen.await_text('handshakes')
            screen.press('?')
            screen.await_text('PgUp')
            screen.press('?')
            screen.await_text('STATE ')


class Terminals(unittest.TestCase):
    def test_resize(self):
        listeners = [V6.listener() for _ in range(30)]
        with Screen('tcpstates top') as screen:
            screen.await_that(lambda text: len(rows(text)) == 13, '24 lines')
            screen.resize(140, 50)
            text = screen.await_that(
                lambda text: text.splitlines()[-1].startswith('q quit') and
                len(text.splitlines()) == 50, '50 lines')
            self.assertGreaterEqual(len(text.splitlines()[LIST:49]), 30)
            screen.resize(60, 20)
            screen.await_text('at least 80 columns and 12 lines are needed')
            screen.resize(80, 24)
            screen.await_that(lambda text: len(rows(text)) == 13, '24 again')
        for each in listeners:
            each.close()

    def test_end(self):
        """By key or signal: the terminal is as it was, and so is the shell's."""
        for end in (lambda screen: screen.press('q'),
                    lambda screen: os.kill(holders()[0], signal.SIGTERM),
                    lambda screen: screen.press('C-c')):
            with Screen('tcpstates top') as screen:
                screen.await_text('handshakes')
                end(screen)
                text = screen.await_text('ended with 0')
                self.assertNotIn('handshakes', text)
                screen.type('typed')
                screen.await_text('typed')

    def test_plain(self):
        """Without Unicode or colour, neither is used."""
        with Screen('tcpstates top', locale='C', NO_COLOR=1) as screen:
            with V4.listener():
                text = screen.await_text('LISTEN ')
                self.assertTrue(text.isascii())
                self.assertNotRegex(screen.text('-e'), '\033\\[3[1-7]m')
        with Screen('tcpstates top') as screen:
            screen.await_text('handshakes')
            self.assertRegex(screen.text('-e'), '\033\\[3[1-7]m')

    def test_ssh(self):
        """Over ssh."""
        ssh = Sshd()
        with Screen(f'{ssh.command} tcpstates top') as screen:
            screen.await_text('handshakes')
            screen.resize(100, 30)
            screen.await_that(lambda text: len(text.splitlines()) == 30 and
                              text.splitlines()[-1].startswith('q quit'),
                              'as large as the terminal')
            screen.press('q')
            screen.await_text('ended with 0')
        ssh.close()

    def test_no_terminal(self):
        done = subprocess.run(['tcpstates', 'top'], capture_output=True,
                              text=True, check=False, timeout=PATIENCE,
                              stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertIn('top needs a terminal', done.stderr)
        with Screen('tcpstates top', TERM='nosuch') as screen:
            screen.await_text("the terminal type 'nosuch' is not known")
            screen.await_text('ended with 1')
        with Screen("tcpstates top 'state nosuch'") as screen:
            screen.await_text("'nosuch' is not a valid state")
            screen.await_text('ended with 2')

    def test_no_module(self):
        kernel.unload()
        with Screen('tcpstates top') as screen:
            screen.await_text('load the module with')
            screen.await_text('ended with 1')
        kernel.load()


CASES = [Shown, Keys, Terminals]
