# SPDX-License-Identifier: GPL-2.0
"""
The exporter: its counts against the kernel's own table, at each moment; how it is
asked, and what it may do.
"""

import collections
import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from lib import kernel, proctcp, tcp, uapi
from lib.all_states import AllStates
from lib.harness import expand, limit, over
from lib.processes import PATIENCE, Child, wait_for
from lib.show import show
from test_stuck import Leak, leak_of, set_limit

PORT = 9807
NOBODY = 65534
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


def expect_identity(pid, uid):
    """It is that user and no other, with no other group, and can become nobody."""
    text = kernel.read_file(f'/proc/{pid}/status')
    status = dict(line.split(':\t') for line in text.splitlines()
                  if ':\t' in line)
    for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
        assert int(status[name], 16) == 0, text
    assert status['NoNewPrivs'] == '1', text
    assert set(status['Uid'].split()) == {str(uid)}, text
    assert len(set(status['Gid'].split())) == 1, text
    assert status.get('Groups', '').split() == [], text
    assert uid == 0 or status['Gid'].split()[0] != '0', text


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
        held = AllStates(('v4',))
        self.addCleanup(held.close)
        self.exporter()
        younger = AllStates(('v6',))
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

    def test_names_that_stand_for_others(self):
        """
        Whoever is called as what has no name is counted by himself, and nothing is
        told twice: parse() looks for that.
        """
        self.exporter()
        names = ['(other)', '(unknown)', '(all other names', '(owner not know',
                 '', '-', '"', '",state="x', '\x1b[2J', '\u202e', '\\x22', 'a\nb']
        own = kernel.read_file('/proc/self/comm')
        self.addCleanup(kernel.write_file, '/proc/self/comm', own)
        for name in names:
            kernel.write_file('/proc/self/comm', name or '\0')
            self.leak()
        told = {dict(key)['comm']: value for key, value in
                self.metrics()['owner_connections'].items()
                if dict(key)['state'] == 'close_wait'}
        for name in names:
            self.assertEqual(told.pop(self.as_label(name), None), 1,
                             (name, told))
        self.assertEqual(set(told.values()) - {0.0}, set(), told)

    @staticmethod
    def as_label(name):
        """As a line escapes it, and then a label of Prometheus."""
        name = name.encode()[:15].decode(errors='surrogateescape')
        return ''.join(
            character if character.isprintable() and character not in '"\\'
            else ''.join(f'\\\\x{byte:02x}' for byte in
                         character.encode(errors='surrogateescape'))
            for character in name)

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


@expand
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

    def open_slow(self, kind, count):
        """So many that are slow in this way; each in turn, as the server takes them."""
        socks = []
        for _ in range(count):
            sock = socket.socket()
            self.addCleanup(sock.close)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            sock.connect(('127.0.0.1', PORT))
            with contextlib.suppress(ConnectionError):
                sock.sendall({'silent': b'', 'dripping': b'GET /metrics HTTP/1.1'
                              b'\r\nX: ', 'body': b'GET /metrics HTTP/1.1\r\n'
                              b'Content-Length: 9999\r\n\r\n'}.get(
                                  kind, 3 * b'GET /metrics HTTP/1.1\r\nHost: x'
                                  b'\r\n\r\n'))
            socks.append(sock)
        return socks

    @staticmethod
    def count_open(socks):
        """Of these, with which the server still talks."""
        count = 0
        for sock in socks:
            with contextlib.suppress(ConnectionError, BlockingIOError):
                sock.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    sock.send(b'y')
                try:
                    count += sock.recv(1, socket.MSG_PEEK) != b''
                except BlockingIOError:
                    count += 1
        return count

    @over('silent', 'dripping', 'body', 'unread')
    @limit(120)
    def test_slow_clients(self, kind):
        """However many: who asks is answered, while the slow ones are still there."""
        self.exporter()
        socks = []
        for count in 64, 200, 500:
            socks += self.open_slow(kind, count)
            for _ in range(3):
                start = time.monotonic()
                self.assertEqual(get()[0], 200)
                show('scrape beside slow clients',
                     f'{kind} {len(socks)}: {time.monotonic() - start:.3f} s')
                # It was not the end of their time that let it in.
                self.assertGreaterEqual(self.count_open(socks[-60:]), 30)
                self.assertLessEqual(self.count_open(socks), 64)

    def test_time_of_a_request(self):
        """Is not prolonged by what drips; and none of it costs time of the processor."""
        exporter = self.exporter()
        [sock] = self.open_slow('dripping', 1)
        self.open_slow('silent', 80)

        def has_ended():
            with contextlib.suppress(BlockingIOError):
                try:
                    sock.setblocking(False)
                    sock.send(b'y')
                    return sock.recv(1) == b''
                except ConnectionError:
                    return True
            return False

        before = self.processor_time(exporter)
        wait_for(has_ended, 'its time is over')
        self.assertEqual(get()[0], 200)
        self.assertLess(self.processor_time(exporter) - before, 5)

    @staticmethod
    def processor_time(exporter):
        """In seconds."""
        text = kernel.read_file(f'/proc/{exporter.process.pid}/stat')
        ticks = sum(map(int, text.rpartition(')')[2].split()[11:13]))
        return ticks / os.sysconf('SC_CLK_TCK')

    def test_fair_to_addresses(self):
        """Who has many connections loses his, not who has one."""
        self.exporter()
        one = socket.socket()
        self.addCleanup(one.close)
        one.bind(('127.0.0.9', 0))
        one.connect(('127.0.0.1', PORT))
        self.open_slow('silent', 200)
        one.sendall(b'GET / HTTP/1.0\r\n\r\n')
        self.assertTrue(one.recv(100).startswith(b'HTTP/1.'))

    def test_keeps_connections(self):
        """Of a scraper that asks again on the same."""
        self.exporter()
        connection = http.client.HTTPConnection('127.0.0.1', PORT,
                                                timeout=PATIENCE)
        connection.connect()
        port = connection.sock.getsockname()[1]
        for _ in range(3):
            connection.request('GET', '/metrics')
            self.assertEqual(connection.getresponse().read()[:6], b'# HELP')
            self.assertEqual(connection.sock.getsockname()[1], port)
        connection.close()

    def test_few_descriptors(self):
        """Then the oldest goes, too, and it does not turn in circles."""
        exporter = self.exporter(command=[
            'bash', '-c', 'ulimit -n 20; exec "$@"', 'bash'])
        self.open_slow('silent', 100)
        self.assertEqual(get()[0], 200)
        before = self.processor_time(exporter)
        time.sleep(1)
        self.assertLess(self.processor_time(exporter) - before, 0.5)

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
        expect_identity(exporter.process.pid, NOBODY)

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


    def test_user(self):
        """Another one; who is none is said at once."""
        users = kernel.read_file('/etc/passwd') + '\n'
        kernel.write_file('/etc/passwd', users + 'meter:x:77:78::/:/bin/false\n')
        self.addCleanup(kernel.write_file, '/etc/passwd', users)
        exporter = self.exporter('--user', 'meter')
        expect_identity(exporter.process.pid, 77)
        done = subprocess.run(['tcpstates', 'export', '--user', 'nosuch', '--listen',
                               '127.0.0.1:9910'],
                              text=True, capture_output=True, check=False,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no user 'nosuch'", done.stderr)


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
        """It does not look as if it worked."""
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
        """It is who the folder belongs to; the superuser's is written as he."""
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
        """Who may not write there."""
        path = self.folder(0)
        self.expect_refusal([f'{path}/x.prom', '--user', 'nobody'],
                            f'as uid {NOBODY}: Permission denied')

    def test_link(self):
        """Where everybody may write, nothing is written through somebody's link."""
        kernel.write_file('/tmp/precious', 'as before\n')
        os.symlink('/tmp/precious', '/tmp/tcpstates.prom.tmp')
        os.lchown('/tmp/tcpstates.prom.tmp', 1000, 1000)
        exporter = Exporter('--textfile', '/tmp/tcpstates.prom')
        self.addCleanup(exporter.close)
        wait_for(lambda: self.read() or exporter.process.poll() is not None,
                 'it has tried')
        self.assertEqual(kernel.read_file('/tmp/precious'), 'as before')

    def test_later(self):
        """What comes between is told once, counted, and over when it is."""
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


CASES = [Counts, Server, Textfile]
