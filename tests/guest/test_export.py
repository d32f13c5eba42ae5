# SPDX-License-Identifier: GPL-2.0
"""
The exporter: its counts against the kernel's own table, at each moment; how it is
asked, and what it may do.
"""

import collections
import http.client
import os
import re
import signal
import socket
import subprocess
import time
import unittest

from lib import kernel, proctcp, tcp, uapi
from lib.harness import limit
from lib.processes import PATIENCE, Child, wait_for
from lib.zoo import Zoo
from test_stuck import Leak, leak_of, set_limit

PORT = 9807
SAMPLE = re.compile(r'tcpstates_([a-z_]+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


def parse(text):
    """{name: {labels: value}}, with what the text itself promises checked."""
    found = collections.defaultdict(dict)
    typed = set()
    for line in text.splitlines():
        if line.startswith('# TYPE '):
            name = line.split()[2]
            assert name not in typed, f'{name} twice'
            typed.add(name)
        if line.startswith('#'):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        labels = tuple(LABEL.findall(match[2] or ''))
        assert labels not in found[match[1]], f'twice: {line}'
        found[match[1]][labels] = float(match[3])
        base = 'tcpstates_' + re.sub('_(bucket|sum|count)$', '', match[1])
        assert base in typed or 'tcpstates_' + match[1] in typed, line
    return found


def get(path='/metrics', method='GET', port=PORT):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, body


def labels(**named):
    return tuple(sorted(named.items()))


class Exporter:
    """One that runs, and has answered."""

    def __init__(self, *words, command=()):
        self.process = subprocess.Popen(
            [*command, 'tcpstates', 'export', *words], stderr=subprocess.PIPE,
            text=True)

    def await_answer(self):
        wait_for(self.answers, 'the exporter answers')
        return self

    def answers(self):
        assert self.process.poll() is None, self.process.stderr.read()
        try:
            return get('/')[0] == 200
        except OSError:
            return False

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()


class ExportTest(unittest.TestCase):
    maxDiff = 4000

    def exporter(self, *words, **named):
        exporter = Exporter(*words, **named)
        self.addCleanup(exporter.close)
        return exporter.await_answer()

    def metrics(self):
        status, headers, text = get()
        self.assertEqual(status, 200)
        self.assertEqual(headers['Content-Type'],
                         'text/plain; version=0.0.4; charset=utf-8')
        return parse(text)

    def states(self):
        """{state: connections}, but for those of asking."""
        found = self.metrics()['connections']
        return {dict(key)['state']: value for key, value in found.items()}

    def value(self, name, **named):
        for key, value in self.metrics()[name].items():
            if labels(**dict(key)) == labels(**named):
                return value
        return None

    def leak(self):
        leak = Leak()
        self.addCleanup(leak.close)
        return leak


class Counts(ExportTest):
    def test_as_the_kernel_has_it(self):
        """Connections by state, older than the exporter and younger."""
        zoo = Zoo(('v4',))
        self.addCleanup(zoo.close)
        self.exporter()
        younger = Zoo(('v6',))
        self.addCleanup(younger.close)

        def kernels():
            # The scraper's own connections come and go.
            return collections.Counter(
                entry.state.lower() for entry in proctcp.read()
                if PORT not in (entry.lport, entry.rport))

        def equal():
            before = kernels()
            ours = {state: count for state, count in self.states().items()
                    if count}
            # Its listener, this question, and earlier ones in TIME_WAIT.
            ours['listen'] -= 1
            ours['established'] -= 2
            return before == kernels() and all(
                ours.get(state) == before[state]
                for state in before if state != 'time_wait')

        wait_for(equal, 'the counts are those of /proc/net/tcp')

    def test_by_owner_and_listener(self):
        self.exporter()
        leaks = [self.leak() for _ in range(3)]
        end = leaks[0].end
        self.assertEqual(self.value('owner_connections', comm='python3',
                                    state='close_wait'), 3)
        self.assertEqual(self.value('listener_connections',
                                    listener=f'{end[0]}:{end[1]}',
                                    state='close_wait'), 1)
        for leak in leaks:
            leak.close()
        wait_for(lambda: self.value('owner_connections', comm='python3',
                                    state='close_wait') == 0,
                 'they are gone, and told as 0')

    def test_stuck(self):
        """Those that were before, those that come, and none that has gone."""
        set_limit('CLOSE_WAIT', 1)
        self.addCleanup(set_limit, 'CLOSE_WAIT', 60)
        old = self.leak()
        time.sleep(1.1)
        self.exporter()

        def stuck():
            return self.value('stuck_connections', comm='python3',
                              state='close_wait')

        self.assertEqual(stuck(), 1)
        new = self.leak()
        wait_for(lambda: stuck() == 2, 'both')
        self.assertGreaterEqual(
            self.value('stuck_events_total', state='close_wait'), 1)
        old.close()
        wait_for(lambda: stuck() == 1, 'one')
        new.close()
        wait_for(lambda: stuck() == 0, 'none')

    def test_transitions(self):
        self.exporter()
        keys = {'old': 'syn_sent', 'new': 'established', 'cause': 'synack'}
        before = self.value('transitions_total', **keys) or 0
        family = tcp.FAMILIES['v4']
        with family.listener() as listener:
            for _ in range(10):
                client = family.open()
                client.connect(listener.getsockname()[:2])
                listener.accept()[0].close()
                client.close()
            found = self.metrics()
        # Each question is a connection, too.
        grown = {labels(**dict(key)): value for key, value in
                 found['transitions_total'].items()}[labels(**keys)] - before
        self.assertIn(grown, (11, 12))
        for side in 'active', 'passive':
            self.assertGreaterEqual(
                found['handshake_seconds_count'][('side', side),], 10)
            self.assertEqual(
                found['handshake_seconds_bucket'][('side', side),
                                                  ('le', '+Inf')],
                found['handshake_seconds_count'][('side', side),])

    def test_queues(self):
        """What waits for accept(), and what overflows."""
        self.exporter()
        family = tcp.FAMILIES['v4']
        with family.listener(backlog=3) as listener:
            address = listener.getsockname()[:2]
            name = f'{address[0]}:{address[1]}'
            clients = [socket.create_connection(address) for _ in range(3)]
            self.assertEqual(self.value('accept_queue', listener=name), 3)
            self.assertEqual(self.value('accept_queue_limit', listener=name),
                             3)
            for client in clients:
                client.close()

    def test_after_a_loss(self):
        """Stopped for longer than the ring lasts: right again, and it says so."""
        kernel.unload()
        kernel.load('ring_records=1024')
        self.addCleanup(self.reload)
        exporter = self.exporter()
        listener = tcp.FAMILIES['v4'].listener(4096)
        self.addCleanup(listener.close)
        os.kill(exporter.process.pid, signal.SIGSTOP)
        start = self.recorded()
        while self.recorded() - start < 2 * 1024 * os.cpu_count():
            tcp.exchange(tcp.FAMILIES['v4'], 100, listener)
        leak = self.leak()
        os.kill(exporter.process.pid, signal.SIGCONT)
        wait_for(lambda: self.value('lost_records_total') > 0, 'a loss')
        self.assertEqual(self.value('owner_connections', comm='python3',
                                    state='close_wait'), 1)
        leak.close()

    @staticmethod
    def reload():
        kernel.unload()
        kernel.load()

    @staticmethod
    def recorded():
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        try:
            return uapi.get_stats(fd).recorded
        finally:
            os.close(fd)

    def test_hostile_name(self):
        self.exporter()

        leak_of(self, 'a"\\\n}{,=\x01\x7f')
        self.assertEqual(
            self.value('owner_connections', state='close_wait',
                       comm=r'a\\x22\\x5c\\x0a}{,=\\x01\\x7f'), 1)

    @limit(200)
    def test_many_names(self):
        """More names than there are places for: the rest counts together."""
        self.exporter()
        family = tcp.FAMILIES['v4']
        listener = family.listener(1024)
        self.addCleanup(listener.close)
        comm = kernel.read_file('/proc/self/comm')
        self.addCleanup(kernel.write_file, '/proc/self/comm', comm)
        socks = []
        for number in range(400):
            kernel.write_file('/proc/self/comm', f'name{number}')
            sock = family.open()
            sock.connect(listener.getsockname()[:2])
            socks.append(sock)
        found = self.metrics()['owner_connections']
        states = collections.Counter()
        for key, value in found.items():
            if dict(key)['state'] == 'established':
                states[dict(key)['comm']] = value
        self.assertLessEqual(len(states), 256)
        self.assertGreater(states['(all other names)'], 100)
        self.assertEqual(
            sum(value for name, value in states.items()
                if name.startswith('name')) +
            states['(all other names)'] > 400, True)
        for sock in socks:
            sock.close()


class Server(ExportTest):
    def test_requests(self):
        self.exporter()
        self.assertEqual(get('/')[0], 200)
        self.assertEqual(get('/nothing')[0], 404)
        self.assertEqual(get('/metrics', 'POST')[0], 405)
        self.assertEqual(get('/metrics', 'DELETE')[0], 405)
        status, headers, body = get('/metrics', 'HEAD')
        self.assertEqual((status, body), (200, ''))
        self.assertGreater(int(headers['Content-Length']), 1000)

    def test_scraper_that_goes(self):
        """In the middle of its request, or of the answer."""
        self.exporter()
        for words in (b'', b'GET', b'GET /metrics HTTP/1.1\r\n',
                      b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n',
                      b'\0' * 5000, b'GET /metrics HTTP/1.1\r\n' * 5000):
            sock = socket.create_connection(('127.0.0.1', PORT))
            try:
                sock.sendall(words)
            except ConnectionError:
                pass
            tcp.reset_on_close(sock)
            sock.close()
        self.assertEqual(get()[0], 200)

    def test_scrapers_that_wait(self):
        """Without asking anything: others get their answer."""
        self.exporter()
        socks = [socket.create_connection(('127.0.0.1', PORT))
                 for _ in range(20)]
        for _ in range(5):
            self.assertEqual(get()[0], 200)
        for sock in socks:
            sock.close()

    def test_addresses(self):
        for where, host in (('[::1]:9900', '::1'), ('localhost:9901', None),
                            ('0.0.0.0:9902', '127.0.0.1')):
            exporter = Exporter('--listen', where)
            self.addCleanup(exporter.close)
            port = int(where.rpartition(':')[2])
            wait_for(lambda port=port, host=host: self.connects(host, port),
                     where)

    @staticmethod
    def connects(host, port):
        try:
            socket.create_connection((host or 'localhost', port)).close()
            return True
        except OSError:
            return False

    def test_bad_words(self):
        for words, status in (
                (('--listen', '9807'), 1), (('--listen', ':9807'), 1),
                (('--listen', 'x.invalid:1'), 1),
                (('--listen', '127.0.0.1:'), 1),
                (('--listen', '127.0.0.1:70000'), 1),
                (('--listen', '192.0.2.1:9807'), 1), (('x',), 2),
                (('--interval', '0'), 2), (('--interval', '86401'), 2),
                (('--listen', '127.0.0.1:1', '--textfile', '/x'), 2),
                (('--device', '/nowhere'), 1), (('--nothing',), 2)):
            done = subprocess.run(['tcpstates', 'export', *words], text=True,
                                  capture_output=True, check=False, timeout=20)
            self.assertEqual((done.returncode, done.stdout), (status, ''),
                             words)
            self.assertRegex(done.stderr, '^tcpstates: ')

    def test_port_in_use(self):
        self.exporter()
        done = subprocess.run(['tcpstates', 'export'], text=True,
                              capture_output=True, check=False, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn('Address already in use', done.stderr)

    def test_ends(self):
        exporter = self.exporter()
        exporter.process.send_signal(signal.SIGINT)
        self.assertEqual(exporter.process.wait(PATIENCE), 0)

    def test_rights(self):
        """None is left once it answers, and it still sees all namespaces."""
        exporter = self.exporter()
        with open(f'/proc/{exporter.process.pid}/status',
                  encoding='ascii') as file:
            status = dict(line.split(':\t') for line in
                          file.read().replace('\n\n', '\n').splitlines()
                          if ':\t' in line)
        for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
            self.assertEqual(int(status[name], 16), 0)
        self.assertEqual(status['NoNewPrivs'], '1')

        def inside():
            kernel.enter_new_netns()
            return b'%d' % Leak().end[1]

        Child(inside).join()
        self.assertGreater(
            self.value('transitions_total', old='established',
                       new='close_wait', cause='fin'), 0)

    def test_nobody(self):
        """As a user who may only read the device: his namespace."""
        os.chmod(uapi.DEVICE, 0o644)
        self.addCleanup(os.chmod, uapi.DEVICE, 0o600)
        self.exporter(command=['setpriv', '--reuid=1000', '--regid=1000',
                               '--clear-groups'])
        leak = self.leak()
        self.assertEqual(self.value('owner_connections', comm='python3',
                                    state='close_wait'), 1)
        leak.close()


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

    def test_no_room(self):
        """A folder that is not there yet, and a full disk, may be there later."""
        exporter = Exporter('--textfile', '/tmp/nowhere/x.prom',
                            '--interval', '1')
        self.addCleanup(exporter.close)
        self.assertIn('No such file', exporter.process.stderr.readline())
        os.mkdir('/tmp/nowhere')
        wait_for(lambda: os.path.exists('/tmp/nowhere/x.prom'), 'a file')
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4k', 'none',
                        '/tmp/nowhere'], check=True)
        self.addCleanup(subprocess.run, ['umount', '/tmp/nowhere'],
                        check=False)
        self.assertIn('No space left', exporter.process.stderr.readline())
        self.assertEqual(os.listdir('/tmp/nowhere'), [])


CASES = [Counts, Server, Textfile]
