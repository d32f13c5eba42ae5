# SPDX-License-Identifier: GPL-2.0
"""
The language of filters, on real connections: what ss has for an expression, and
the forms in which the commands show what is left.
"""

import csv
import io
import json
import os
import signal
import socket
import subprocess
import unittest

from lib import kernel, services, tcp
from lib.all_states import AllStates
from lib.device import V4, V6
from lib.harness import expand
from lib.processes import PATIENCE, Child, Reader, wait_for
from lib.stuck import Leak

FAMILIES = ('v4', 'v6', 'mapped')
STATES = ('established', 'syn-sent', 'syn-recv', 'fin-wait-1', 'fin-wait-2',
          'time-wait', 'closed', 'close-wait', 'last-ack', 'listening',
          'closing', 'all', 'connected', 'synchronized', 'bucket', 'big',
          'unconnected', 'CLOSE-WAIT')


def setUpModule():
    services.provide()
    kernel.load()


def tearDownModule():
    kernel.unload()


def run(*words, status=0, **named):
    done = subprocess.run(['tcpstates', *words], capture_output=True,
                          check=False, text=True, timeout=30, **named)
    assert done.returncode == status, (words, done)
    return done


def listed(text):
    """The objects that the command lists, by cookie."""
    rows = [json.loads(line)
            for line in run('list', '--json', text).stdout.splitlines()]
    return {int(row['conn'], 16): row for row in rows}


def shown(text):
    """The cookies of the sockets that ss shows."""
    done = subprocess.run(['ss', '-Htaneo', *text.split()], check=True,
                          text=True, capture_output=True)
    return {int(word[3:], 16) for word in done.stdout.split()
            if word.startswith('sk:')}


class AllStatesTest(unittest.TestCase):
    """Beside connections in every state, of every family."""
    maxDiff = 4000

    def setUp(self):
        self.held = AllStates(FAMILIES)
        self.addCleanup(self.held.close)

    def chosen(self, text, wanted):
        """
        The filter leaves those rows for which @wanted is true, of what is there
        before and after: a TIME_WAIT may end meanwhile.
        """
        before, some, after = listed(''), listed(text), listed('')
        stay = before.keys() & after.keys()
        self.assertEqual(sorted(some.keys() & stay), sorted(
            cookie for cookie in stay if wanted(before[cookie])), text)
        self.assertLessEqual(some.keys(), before.keys() | after.keys())
        return some


class AgainstSs(AllStatesTest):
    def compare(self, text):
        """Of a moment at which nothing changed for ss. Returns how many."""
        seen = []

        def still():
            before = shown(text)
            seen[:] = before, set(listed(text))
            return before == shown(text)
        wait_for(still, 'nothing changes')
        self.assertEqual(seen[1], seen[0], text)
        return len(seen[0])

    def test_states(self):
        for state in STATES:
            self.compare(f'state {state}')
            # Of no state at all ss shows everything.
            if state != 'all':
                self.compare(f'exclude {state}')
        count = self.compare('state close-wait state syn-sent')
        self.assertGreater(count, 0)
        self.assertGreater(self.compare(
            'state all exclude listening exclude time-wait'), 0)

    def test_ports(self):
        client = next(end for end, state in sorted(self.held.wanted)
                      if state == 'FIN_WAIT2')
        port, peer = client[1], client[3]
        counts = [self.compare(text) for text in (
            f'sport = :{port}', f'sport :{port}', f'sport {port}',
            f'dport = {peer}', f'sport eq {port} dport == {peer}',
            f'sport = {port} or dport = {port}')]
        self.assertNotIn(0, counts)
        for sign in ('!=', 'ne', 'neq', '<', 'lt', '<=', 'le', 'leq', '>',
                     'gt', '>=', 'ge', 'geq'):
            self.assertGreater(self.compare(f'sport {sign} :{port}'), 0)
            self.assertGreater(self.compare(f'dport {sign} {peer}'), 0)
        self.assertEqual(self.compare('sport = :https'), 0)
        self.assertGreater(self.compare('sport != http'), 0)

    def test_hosts(self):
        end = next(end for end, state in sorted(self.held.wanted)
                   if state == 'ESTABLISHED' and end[0] == '127.0.0.1')
        six = next(end for end, state in sorted(self.held.wanted)
                   if state == 'ESTABLISHED' and end[0] == '::1')
        counts = [self.compare(text) for text in (
            f'src {end[0]}', f'src = {end[0]}', f'dst {end[2]}:{end[3]}',
            f'src {end[0]}:{end[1]} dst {end[2]}', 'src 127.0.0.0/8',
            'src 127/8', 'dst 127.1.2.3/8', f'src :{end[1]}',
            f'dst *:{end[3]}', f'src [{six[0]}]', f'dst [{six[2]}]:{six[3]}',
            f'src [{six[0]}/112]', f'src inet6:[{six[0]}]',
            'not src 127.0.0.1')]
        self.assertNotIn(0, counts)
        self.assertEqual(self.compare('src 10.0.0.0/8'), 0)
        self.assertEqual(self.compare('dst [2001:db8::/32]'), 0)

    def test_together(self):
        client = next(end for end, state in sorted(self.held.wanted)
                      if state == 'FIN_WAIT2')
        port, peer = client[1], client[3]
        counts = [self.compare(text) for text in (
            f'sport {port} or sport {peer}',
            f'sport {port} || sport {peer}', f'sport {port} | sport {peer}',
            f'sport {port} and dport {peer}', f'sport {port} & dport {peer}',
            f'sport {port} && dport {peer}', f'not sport {port}',
            f'! sport {port}', f'not not sport {port}',
            f'not ( sport {port} or sport {peer} )',
            f'( ( sport {port} or sport {peer} ) and src 127.0.0.0/8 )'
            f' or dport {port}',
            f'( sport {port} dport {peer} ) or ( sport {peer} dport {port} )',
            f'state all sport {port} or sport {peer}',
            f'state fin-wait-2 sport {port} or sport {peer}',
            f'exclude time-wait ( sport {port} or not dport {peer} )',
            'state connected autobound', 'autobound')]
        self.assertNotIn(0, counts)
        # Here ss does not do what its manual says.
        self.assertEqual(
            set(listed(f'sport {port} or sport {peer} and dport 1')),
            shown(f'sport {port} or ( sport {peer} and dport 1 )'))


@expand
class Beyond(AllStatesTest):
    """Filters that ss does not have."""

    def test_owner(self):
        mine = os.getpid()
        self.assertTrue(self.chosen(f'pid {mine}',
                                    lambda row: row['pid'] == mine))
        self.assertFalse(listed(f'pid {mine + 1}'))
        self.assertTrue(self.chosen('comm python*',
                                    lambda row: row['comm'] == 'python3'))
        self.assertFalse(listed('comm pytho'))
        self.assertTrue(self.chosen('uid root', lambda row: row['uid'] == 0))
        self.assertFalse(listed('uid 12345'))

    def test_places(self):
        inode = os.stat('/proc/self/ns/net').st_ino
        for word in (inode, '/proc/self/ns/net'):
            self.assertTrue(self.chosen(f'netns {word}',
                                        lambda row: row['netns'] == inode))
        self.assertFalse(listed('netns 1'))
        root = os.stat('/sys/fs/cgroup').st_ino
        self.chosen('cgroup /', lambda row: row['cgroup'] == root)

    def test_one(self):
        cookie = next(iter(listed('')))
        self.assertEqual(set(listed(f'conn {cookie:x}')), {cookie})
        self.assertEqual(set(listed(f'conn sk:{cookie:x}')), {cookie})

    def test_family(self):
        for name in ('inet', 'inet6'):
            self.assertTrue(self.chosen(f'family {name}',
                                        lambda row, name=name:
                                        row['family'] == name))

    def test_age(self):
        """What is old enough stays so; a young one is made after these."""
        wait_for(lambda: listed('age > 1500ms'), 'time passes')
        before = set(listed('age > 1500ms'))
        with V4.listener() as young:
            rows = listed(f'sport {young.getsockname()[1]}')
            self.assertEqual(len(rows), 1)
            self.assertFalse(set(rows) & set(listed('age > 1h')))
            self.assertTrue(set(rows) & set(listed('age < 1h')))
        after = set(listed('age > 1500ms'))
        # A TIME_WAIT may have ended meanwhile.
        self.assertLessEqual(before & set(listed('')), after)

    def test_ports_in_a_range(self):
        ports = sorted({row['lport'] for row in listed('').values()})
        low, high = ports[1], ports[-2]
        self.assertTrue(self.chosen(
            f'sport = :{low}-{high}',
            lambda row: low <= row['lport'] <= high))


@expand
class Stream(unittest.TestCase):
    def test_only_what_is_wanted(self):
        with Reader('tcpstates', '--json', 'old = established and cause = '
                    'rst-received or new listen') as reader:
            for family in (V4, V6):
                tcp.exchange(family)
            lines = reader.lines(4).splitlines()
        self.assertEqual(len(lines), 4)
        seen = {(line['old'], line['new'], line['cause'])
                for line in map(json.loads, lines)}
        self.assertEqual(seen, {('CLOSE', 'LISTEN', 'listen'),
                                ('ESTABLISHED', 'CLOSE', 'rst-received')})

    def test_count_is_of_those(self):
        with Reader('tcpstates', '--count', '1', 'state',
                    'listening') as reader:
            tcp.exchange(V4)
            lines = reader.rest().splitlines()
        self.assertEqual(len(lines), 1)
        self.assertIn(b'new=LISTEN', lines[0])

    def test_stuck(self):
        leaks = [Leak() for _ in range(2)]
        for leak in leaks:
            self.addCleanup(leak.close)
        port = leaks[0].sock.getsockname()[1]
        words = ('stuck', '--older', '1s', '--json')

        def found(*more):
            return {int(json.loads(line)['conn'], 16)
                    for line in run(*words, *more).stdout.splitlines()}
        wait_for(lambda: {leak.conn for leak in leaks} <= found(), 'a second')
        self.assertEqual(found('sport', str(port)), {leaks[0].conn})
        self.assertEqual(found('state', 'close-wait', 'and', 'not', 'sport',
                               str(port)) & {leak.conn for leak in leaks},
                         {leaks[1].conn})
        self.assertEqual(found('state', 'established'), set())
        done = run('stuck', '--older', '1s', '--check', '1,2', 'sport',
                   str(port), status=1)
        self.assertIn('WARNING', done.stdout)


class Forms(AllStatesTest):
    def rows(self, *words):
        return list(csv.reader(io.StringIO(
            run('list', '--csv', *words).stdout, newline=''), strict=True))

    def test_csv(self):
        """A strict reader gets the same values from it as from the objects."""
        head, *rows = self.rows('state', 'established')
        objects = listed('state established')
        self.assertEqual(len(rows), len(objects))
        self.assertEqual(head[:4], ['time', 'seq', 'event', 'count'])
        for row in rows:
            self.assertEqual(len(row), len(head))
            told = dict(zip(head, row))
            want = objects[int(told['conn'], 16)]
            self.assertEqual(set(told) - {'count'}, set(want))
            for key in set(want) - {'time', 'dur_ns', 'flags'}:
                text = '' if want[key] is None else str(want[key])
                self.assertEqual(told[key], text, key)

    def test_csv_ends_lines_as_rfc4180_has_it(self):
        done = subprocess.run(['tcpstates', 'list', '--csv'], check=True,
                              capture_output=True)
        lines = done.stdout.split(b'\r\n')
        self.assertEqual(lines[-1], b'')
        self.assertNotIn(b'\n', b''.join(lines))

    def test_csv_of_nothing(self):
        head, *rows = self.rows('sport 0')
        self.assertEqual((head[0], rows), ('time', []))

    def test_csv_with_hostile_names(self):
        for name in (b'a,b', b'a"b', b'a\nb', b'a\rb', b'\xff\xfe', b'-', b' '):
            def listen(name=name):
                with open('/proc/self/comm', 'wb') as file:
                    file.write(name)
                with V4.listener():
                    head, *rows = self.rows(f'pid {os.getpid()} and '
                                            'state listen')
                    return json.dumps([len(row)
                                       for row in [head, *rows]]).encode()
            widths = json.loads(Child(listen).join())
            self.assertGreater(len(widths), 1)
            self.assertEqual(len(set(widths)), 1, name)

    def test_chosen_keys(self):
        text = 'state listen'
        some = listed(text)
        keys = 'lport,conn,new'
        lines = run('list', '--lines', '--format', keys, text).stdout
        rows = self.rows('--format', keys, text)
        objects = [json.loads(line, object_pairs_hook=list) for line in
                   run('list', '--json', '--format', keys,
                       text).stdout.splitlines()]
        want = sorted((row['lport'], row['conn'], row['new'])
                      for row in some.values())
        self.assertEqual(rows[0], keys.split(','))
        self.assertEqual(sorted((int(row[0]), *row[1:]) for row in rows[1:]),
                         want)
        self.assertEqual(sorted(tuple(value for _, value in pairs)
                                for pairs in objects), want)
        self.assertEqual([key for key, _ in objects[0]], keys.split(','))
        self.assertEqual(sorted(lines.splitlines()), sorted(
            f'lport={port} conn={conn} new={new}' for port, conn, new in want))

    def test_key_that_is_none(self):
        done = run('list', '--format', 'time,nosuch', status=2)
        self.assertIn("'nosuch' is not a key", done.stderr)

    def test_each_to_a_command(self):
        done = run('list', '--exec', 'echo "$TCPSTATES_LPORT"', 'state listen')
        self.assertEqual(sorted(done.stdout.split()), sorted(
            str(row['lport']) for row in listed('state listen').values()))
        done = run('list', '--exec', 'false', 'state listen', status=1)
        self.assertEqual(done.stdout, '')


class Wrong(unittest.TestCase):
    def let_file_say(self, path, text):
        """The file has this content until the test ends."""
        before = kernel.read_file(path) if os.path.exists(path) else ''
        kernel.write_file(path, text)
        self.addCleanup(kernel.write_file, path, before + '\n')

    def test_points_at_the_column(self):
        done = run('list', 'state', 'close-wait', 'and', 'dport', '=', ':x',
                   status=2)
        self.assertEqual(done.stdout, '')
        first, text, mark, _ = done.stderr.splitlines()
        self.assertIn("':x' is not a valid port", first)
        self.assertEqual(text[mark.index('^'):], ':x')

    def test_far_to_the_right(self):
        done = run('list', 'sport 1 or ' * 50 + 'nosuch', status=2)
        _, text, mark, _ = done.stderr.splitlines()
        self.assertEqual(text[mark.index('^'):], 'nosuch')
        self.assertLessEqual(len(text), 80)

    def test_no_control_byte_gets_out(self):
        done = run('list', 'state \x1b[31m', status=2)
        self.assertNotIn('\x1b', done.stderr)

    def test_of_every_command(self):
        for command in (['watch'], ['list'], ['stuck'], ['filter'], []):
            done = run(*command, 'state', 'nosuch', status=2)
            self.assertIn("'nosuch' is not a valid state", done.stderr)
        done = run('nosuch', status=2)
        self.assertIn('neither a command nor', done.stderr)

    def test_ends_while_it_looks_up_a_name(self):
        """The name server does not answer."""
        self.let_file_say('/etc/nsswitch.conf', 'hosts: dns\n')
        self.let_file_say('/etc/resolv.conf', 'nameserver 127.0.0.1\n'
                                              'options timeout:30\n')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(('127.0.0.1', 53))
            server.settimeout(PATIENCE)
            with subprocess.Popen(['tcpstates', 'list', 'dst',
                                   'nobody.example']) as process:
                self.addCleanup(process.kill)
                server.recv(512)
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(PATIENCE), -signal.SIGINT)

    def test_help_fits(self):
        for words in (['filter'], ['filter', '--help'], ['list', '--help'],
                      ['watch', '--help'], ['stuck', '--help'],
                      ['run', '--help'], ['top', '--help'], ['--help']):
            for line in run(*words).stdout.splitlines():
                self.assertLessEqual(len(line), 80, words)


CASES = [AgainstSs, Beyond, Stream, Forms, Wrong]
