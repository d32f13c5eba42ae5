# SPDX-License-Identifier: GPL-2.0
"""The exporter as a server: requests, slow clients, addresses, rights."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time

from export.base import (
    NOBODY, PORT, ExportTest, Exporter, expect_identity, get)
from lib import kernel, tcp, uapi
from lib.harness import expand, limit, over
from lib.processes import PATIENCE, Child, wait_for
from lib.show import show
from lib.stuck import Leak


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
        """The scraper closes in the middle of its request, or of the answer."""
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
        """Scrapers without a request do not keep others waiting."""
        self.exporter()
        socks = [socket.create_connection(('127.0.0.1', PORT))
                 for _ in range(20)]
        for _ in range(5):
            self.assertEqual(get()[0], 200)
        for sock in socks:
            sock.close()

    def open_slow(self, kind, count):
        """Opens that many slow connections of a kind."""
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
        """The number of connections that the server has not closed."""
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
        """However many are slow, a request is answered meanwhile."""
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
        """Seconds of processor time of the exporter."""
        text = kernel.read_file(f'/proc/{exporter.process.pid}/stat')
        ticks = sum(map(int, text.rpartition(')')[2].split()[11:13]))
        return ticks / os.sysconf('SC_CLK_TCK')

    def test_fair_to_addresses(self):
        """An address with many connections loses one, not another address."""
        self.exporter()
        one = socket.socket()
        self.addCleanup(one.close)
        one.bind(('127.0.0.9', 0))
        one.connect(('127.0.0.1', PORT))
        self.open_slow('silent', 200)
        one.sendall(b'GET / HTTP/1.0\r\n\r\n')
        self.assertTrue(one.recv(100).startswith(b'HTTP/1.'))

    def test_keeps_connections(self):
        """The connection of a scraper that repeats its request stays."""
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
        """With few descriptors the oldest is closed, and no loop spins."""
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
        """It has no capability once it answers, and still sees all namespaces."""
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
        """A user who may only read the device gets his namespace."""
        os.chmod(uapi.DEVICE, 0o644)
        self.addCleanup(os.chmod, uapi.DEVICE, 0o600)
        self.exporter(command=['setpriv', '--reuid=1000', '--regid=1000',
                               '--clear-groups'])
        leak = self.leak()
        self.assertEqual(self.value('owner_connections', comm='python3',
                                    state='close_wait'), 1)
        leak.close()


    def test_user(self):
        """--user: another user; an unknown one is an error."""
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
