# SPDX-License-Identifier: GPL-2.0
"""tcpstates watch, as people use it: times, names, groups, figures, floods."""

import re
import signal
import socket
import subprocess
import unittest

from lib import kernel, services, tcp
from lib.device import V4, V6
from lib.harness import limit
from lib.processes import PATIENCE, Reader
from lib.show import show

# Connections, and records of each of them: its listener comes and goes as well.
FLOOD = 300
EACH = 8


def setUpModule():
    services.provide()
    kernel.load()


def tearDownModule():
    kernel.unload()


def refused(*words, status=2):
    return subprocess.run(['tcpstates', *words], capture_output=True, text=True,
                          check=False, timeout=PATIENCE).returncode == status


def rows_of(output):
    """The rows of a table, without its heads."""
    return [line for line in output.decode().splitlines()
            if line and not line.startswith('TIME')]


class Times(unittest.TestCase):
    def seconds(self, which):
        with Reader('tcpstates', '--table', '--timestamps', which) as reader:
            for _ in range(3):
                tcp.exchange(V4)
            output = reader.lines(19)
        return [float(row[:12]) for row in rows_of(output)]

    def test_relative(self):
        seconds = self.seconds('relative')
        self.assertEqual(seconds[0], 0)
        self.assertEqual(seconds, sorted(seconds))
        self.assertGreater(seconds[-1], 0)

    def test_delta(self):
        seconds = self.seconds('delta')
        self.assertEqual(seconds[0], 0)
        self.assertTrue(all(each >= 0 for each in seconds))
        self.assertGreater(sum(seconds), max(seconds))

    def test_wrong(self):
        self.assertTrue(refused('--timestamps', 'nosuch', '--table'))
        self.assertTrue(refused('--timestamps', 'delta', '--json'))
        self.assertTrue(refused('--resolve'))
        self.assertTrue(refused('--rate', '-1', '--table'))


class Names(unittest.TestCase):
    def shown(self, *words):
        with Reader('tcpstates', '--table', *words) as reader:
            for family in (V4, V6):
                with family.listener(port=80):
                    pass
            return '\n'.join(rows_of(reader.lines(5)))

    def test_ports(self):
        text = self.shown('--services')
        self.assertIn('127.0.0.1:http', text)
        self.assertIn('[::1]:http', text)
        self.assertNotIn(':http', self.shown())

    def test_hosts(self):
        self.addCleanup(kernel.write_file, '/etc/hosts',
                        kernel.read_file('/etc/hosts') + '\n')
        with open('/etc/hosts', 'w', encoding='ascii') as file:
            file.write('127.0.0.1 four.example\n::1 six.example\n')
        text = self.shown('--resolve')
        self.assertIn(' four.example:http ', text)
        self.assertIn(' six.example:http ', text)

    def test_hosts_that_look_like_others(self):
        """A name that looks like another address is not shown as one."""
        self.addCleanup(kernel.write_file, '/etc/hosts',
                        kernel.read_file('/etc/hosts') + '\n')
        for name in ('10.9.8.7', '10.9', '0x7f.1', '-', '*', 'a:22', 'x[31m',
                     '[::2]', 'fe80::1', 'a?b'):
            kernel.write_file('/etc/hosts', f'127.0.0.1 {name}\n::1 {name}\n')
            text = self.shown('--resolve')
            self.assertIn(' 127.0.0.1:http ', text)
            self.assertIn(' [::1]:http ', text)


class Together(unittest.TestCase):
    def test_flow(self):
        """Two connections at once: the lines of each follow each other."""
        with V4.listener() as listener:
            with Reader('tcpstates', '--flow') as reader:
                ends = []
                for _ in range(2):
                    client = socket.create_connection(listener.getsockname())
                    ends.append((client, listener.accept()[0]))
                for client, server in ends:
                    client.close()
                for client, server in ends:
                    server.close()
                output = reader.lines(18)
        conns = re.findall(r'conn=(\w+)', output.decode())
        changes = [conn for place, conn in enumerate(conns)
                   if not place or conns[place - 1] != conn]
        self.assertEqual(len(changes), 4)
        self.assertEqual(len(set(changes)), 4)

    def test_what_has_not_ended(self):
        """A connection that has not ended is shown at the end."""
        with V4.listener() as listener:
            with Reader('tcpstates', '--flow') as reader:
                client = socket.create_connection(listener.getsockname())
                server = listener.accept()[0]
                tcp.close_by_fin(V6)
                reader.lines(9)
                reader.process.send_signal(signal.SIGINT)
                output = reader.rest().decode()
            client.close()
            server.close()
        self.assertIn('family=inet ', output)
        self.assertLess(output.index('family=inet6'), output.index('family=inet '))


class Flood(unittest.TestCase):
    @limit(120)
    def test_rate(self):
        """Few rows, and the number of rows that are left out: the sum is right."""
        with Reader('tcpstates', '--table', '--rate', '20', '--summary',
                    '--count', str(EACH * FLOOD)) as reader:
            for _ in range(FLOOD):
                tcp.exchange(V4)
            output = reader.rest().decode()
        table, _, summary = output.partition('\n\n')
        show('tcpstates --rate 20 --summary', table[:600] + '\n...\n\n' + summary)
        hidden = sum(map(int, re.findall(r'\*\*\* (\d+) more, not shown', table)))
        shown = len([row for row in table.splitlines() if '***' not in row and
                     not row.startswith('TIME')])
        self.assertEqual(hidden + shown, EACH * FLOOD)
        self.assertGreater(hidden, shown)
        self.assertIn(f'{EACH * FLOOD} changes ({hidden} not shown); '
                      f'{FLOOD} connections opened here, {FLOOD} by others',
                      summary)
        self.assertRegex(summary, rf'here +{FLOOD} ')

    def test_no_rate(self):
        """Output for programs is complete."""
        with Reader('tcpstates', '--count', str(EACH * FLOOD)) as reader:
            for _ in range(FLOOD):
                tcp.exchange(V4)
            self.assertEqual(reader.rest().count(b'\n'), EACH * FLOOD)

    def test_summary_of_failures(self):
        with V4.listener() as listener:
            port = listener.getsockname()[1]
        process = subprocess.Popen(
            ['tcpstates', '--summary', '--count', '3', 'dport', '=', f':{port}'],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.poll() is None:
            with V4.open() as sock:
                sock.connect_ex(('127.0.0.1', port))
        output, error = process.communicate(timeout=PATIENCE)
        self.assertEqual(output.count('\n'), 3)
        # It may have begun in the middle of one.
        refused = output.count(' cause=refused ')
        self.assertGreater(refused, 0)
        self.assertRegex(error, r'ended other than by FIN and ACK\n'
                         rf'  refused +{refused}\n')


CASES = [Times, Names, Together, Flood]
