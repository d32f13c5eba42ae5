# SPDX-License-Identifier: GPL-2.0
"""
Programs that people use, between two hosts whose network delays, loses and
reorders packets. The sequence of events is not known beforehand, so each life is
checked by itself: its path, times, causes and owner, and against the other side's.
"""

import asyncio
import contextlib
import fcntl
import os
import random
import select
import signal
import socket
import subprocess
import time
import unittest

from lib import kernel, uapi
from lib.life_check import check_lives, counts, number
from lib.network import ADDRESS, HOSTS, Network
from lib.processes import Child, wait_for
from lib.rows import Snapshot
from lib.stream import Stream

NETEM = 'delay 10ms 2ms reorder 20% 50% loss 5%'
BIG = 200000
WWW_DATA = 33

NGINX = '''
user www-data;
worker_processes 2;
daemon off;
pid /tmp/nginx.pid;
error_log stderr crit;
events {{
}}
http {{
	access_log off;
	server {{
		listen {v4}:80;
		listen [{v6}]:80;
		default_type text/plain;
		location /big {{
			root /tmp/www;
		}}
		location / {{
			return 200 "hello\\n";
		}}
	}}
}}
'''
SSHD = '''
ListenAddress {v4}
HostKey /tmp/ssh/host
AuthorizedKeysFile /tmp/ssh/user.pub
PermitRootLogin yes
PasswordAuthentication no
StrictModes no
UsePAM no
PidFile none
'''


class Shared:
    """State of all tests of this file."""
    network = stream = None


def setUpModule():
    kernel.load()
    Shared.network = Network(NETEM)
    Shared.stream = Stream()


def tearDownModule():
    Shared.stream.close()
    Shared.network.close()
    kernel.unload()


def children(pid):
    """The children of a process."""
    found = []
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            text = kernel.read_file(f'/proc/{name}/stat')
        except OSError:
            continue
        if int(text.rpartition(')')[2].split()[1]) == pid:
            found.append(int(name))
    return found


class Programs(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.events = []
        self.forked = []
        self.network = Shared.network
        self.assertEqual([str(event) for event in Shared.stream.fetch()], [])
        for host in HOSTS:
            self.enterContext(self.network.sysctl(host, 'tcp_fin_timeout', 5))
        self.dropped = self.network.dropped()

    def start(self, host, *command, **named):
        process = self.network.start(host, command, **named)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        """Ends a program and its children, after a test that failed."""
        if process.poll() is None:
            for pid in [*children(process.pid), process.pid]:
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def pump(self):
        Shared.stream.wait(0.05)
        self.events += Shared.stream.fetch_some()

    def finish(self, process, seconds=40):
        """The output of a program, which must end with status 0."""
        end = time.monotonic() + seconds
        while process.poll() is None:
            self.pump()
            self.assertLess(time.monotonic(), end, process.args)
        output = process.stdout.read() if process.stdout else ''
        self.assertEqual(process.returncode, 0, output)
        return output

    def run_all(self, *commands):
        """Runs clients at the same time; returns their pids and outputs."""
        processes = [self.start('a', *command, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
                     for command in commands]
        return ([process.pid for process in processes],
                [self.finish(process) for process in processes])

    def terminate(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        process.wait(timeout=20)

    def settle(self):
        """
        Until the kernel has brought all to an end, or to TIME_WAIT, which
        would last a minute and is ended by hand.
        """
        def quiet():
            self.pump()
            return all(entry.state == 'TIME_WAIT'
                       for entry in self.network.entries())
        try:
            wait_for(quiet, 'all is over but TIME_WAIT', 30)
        except AssertionError as error:
            raise AssertionError(
                f'{error}: {self.network.entries()}') from None

        def empty():
            self.network.kill()
            self.pump()
            return not self.network.entries()
        wait_for(empty, 'nothing is left')
        self.events += Shared.stream.fetch()

    def check(self):
        """Checks each life, and the lives of both sides against each other."""
        self.settle()
        found, faults = check_lives(self.events)
        self.assertEqual('\n'.join(faults[:20]), '')
        self.assert_nothing_lost()
        self.sides = {host: [life for life in found if
                             life.netns == self.network.netns(host)]
                      for host in HOSTS}
        self.assertEqual(sum(map(len, self.sides.values())), len(found),
                         'lives of another namespace')
        self.clients = [life for life in self.sides['a']
                        if life.first.new == 'SYN_SENT']
        self.servers = [life for life in self.sides['b']
                        if life.first.old == 'LISTEN']
        self.assertEqual(len(self.clients), len(self.sides['a']))
        self._match()
        again = sum(number(life.last, 'retrans') or 0 for life in found)
        print(f'# {counts(found)}')
        print(f'# {self.network.dropped() - self.dropped} packets lost, '
              f'{again} known to be sent again')

    def assert_nothing_lost(self):
        with Snapshot() as snapshot:
            snapshot.pump()
            self.assertEqual([row.text for row in snapshot.table.rows], [])
        raw = fcntl.ioctl(Shared.stream.fd, uapi.GET_STATS,
                          bytes(uapi.STATS.size))
        stats = dict(zip(uapi.Stats._fields, uapi.STATS.unpack(raw)))
        self.assertEqual([stats[name] for name in (
            'reader_lost', 'conns_missed', 'overwritten')], [0, 0, 0])

    def _match(self):
        """Each connected side has the other side."""
        ends = {}
        for name, found in (('client', self.clients),
                            ('server', self.servers)):
            ends[name] = {life.end for life in found}
            ends[name + ' connected'] = {
                life.end for life in found if 'ESTABLISHED' in life.path}
        flipped = {end[2:] + end[:2] for end in ends['server']}
        self.assertEqual(ends['client connected'] - flipped, set())
        self.assertEqual(flipped - ends['client'], set())

    def owned(self, found, pids, comm, uid=0, before=None):
        """
        Each line has one of these owners; before accept(), @before: pid,
        comm and user of the one who listens.
        """
        wrong = []
        for life in found:
            for event in life.events:
                owner = event.pid, event.comm, event.uid
                if 'unaccepted' in event.flags:
                    good = owner == before
                else:
                    good = owner[0] in pids and owner[1:] == (comm, uid)
                if not good:
                    wrong.append(event.text)
        self.assertEqual(''.join(wrong[:10]), '',
                         f'not of {pids} {comm} {uid} or {before}')

    def nginx(self):
        os.makedirs('/tmp/www', exist_ok=True)
        with open('/tmp/www/big', 'wb') as file:
            file.write(b'x' * BIG)
        kernel.write_file('/tmp/nginx.conf', NGINX.format(**ADDRESS['b']))
        server = self.start('b', 'nginx', '-c', '/tmp/nginx.conf')
        self.network.listening('b', 80)
        wait_for(lambda: len(children(server.pid)) == 2, 'two workers')
        return server, children(server.pid)

    def nginx_owned(self, server, workers):
        self.owned(self.servers, workers, 'nginx', WWW_DATA,
                   (server.pid, 'nginx', 0))

    def test_nginx_and_curl(self):
        """Each curl has one connection for two files."""
        server, workers = self.nginx()
        hosts = [ADDRESS['b']['v4'], f'[{ADDRESS["b"]["v6"]}]'] * 6
        pids, outputs = self.run_all(*[
            ['curl', '-s', '-S', '--max-time', '30', '-w', '%{size_download} ',
             '-o', '/dev/null', f'http://{host}/', '-o', '/dev/null',
             f'http://{host}/big'] for host in hosts])
        self.assertEqual(outputs, [f'6 {BIG} '] * len(hosts))
        self.terminate(server, signal.SIGQUIT)
        self.check()
        self.assertEqual(len(self.clients), len(hosts))
        self.owned(self.clients, pids, 'curl')
        self.assertEqual({life.first.pid for life in self.clients}, set(pids))
        self.nginx_owned(server, workers)
        for life in self.clients:
            self.assertGreater(
                max(number(event, 'bytes_in') or 0 for event in life.events),
                BIG)

    def test_nginx_and_wrk(self):
        """A connection for each request, and then as many as wrk keeps."""
        server, workers = self.nginx()
        pids = []
        for more in (['-H', 'Connection: close'], []):
            pid, (output,) = self.run_all([
                'wrk', '-t', '2', '-c', '20', '-d', '4s', *more,
                f'http://{ADDRESS["b"]["v4"]}:80/'])
            pids += pid
            self.assertNotIn('Non-2xx', output)
        self.terminate(server)
        self.check()
        self.assertGreater(len(self.clients), 100)
        self.assertGreater(self.network.dropped(), self.dropped)
        self.owned(self.clients, pids, 'wrk')
        self.nginx_owned(server, workers)

    def sshd(self):
        os.makedirs('/tmp/ssh', exist_ok=True)
        os.makedirs('/run/sshd', exist_ok=True)
        if 'sshd:' not in kernel.read_file('/etc/passwd'):
            with open('/etc/passwd', 'a', encoding='ascii') as file:
                file.write('sshd:x:100:65534::/run/sshd:/bin/false\n')
        for name in ('host', 'user'):
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '',
                            '-f', f'/tmp/ssh/{name}'], check=True)
        kernel.write_file('/tmp/ssh/sshd_config', SSHD.format(**ADDRESS['b']))
        server = self.start('b', '/usr/sbin/sshd', '-D', '-e', '-f',
                            '/tmp/ssh/sshd_config', stderr=subprocess.DEVNULL)
        self.network.listening('b', 22)
        return server

    def test_ssh(self):
        """A login by key and a command with output."""
        server = self.sshd()
        pids, outputs = self.run_all(*[[
            'ssh', '-F', 'none', '-i', '/tmp/ssh/user', '-o', 'BatchMode=yes',
            '-o', 'StrictHostKeyChecking=no', '-o', 'LogLevel=ERROR',
            '-o', 'UserKnownHostsFile=/dev/null', '-o', 'ConnectTimeout=30',
            f'root@{ADDRESS["b"]["v4"]}',
            f'echo $SSH_CONNECTION; head -c {BIG} /dev/zero | wc -c']] * 2)
        for output in outputs:
            connection, size = output.strip().split('\n')
            self.assertEqual(size, str(BIG))
            self.assertTrue(connection.startswith(ADDRESS['a']['v4'] + ' '))
        self.terminate(server)
        self.check()
        ports = {output.split()[1] for output in outputs}
        self.assertEqual({str(life.last.lport) for life in self.clients},
                         ports)
        self.owned(self.clients, pids, 'ssh')
        self.owned(self.servers, [server.pid], 'sshd', 0,
                   (server.pid, 'sshd', 0))

    def test_redis(self):
        """A pool of connections that stays, and one that is renewed all the time."""
        server = self.start(
            'b', 'redis-server', '--bind', ADDRESS['b']['v4'], '--save', '',
            '--protected-mode', 'no', stdout=subprocess.DEVNULL)
        self.network.listening('b', 6379)
        pids = []
        for more in (['-n', '2000', '-P', '8'], ['-n', '150', '-k', '0']):
            pid, (output,) = self.run_all([
                'redis-benchmark', '-h', ADDRESS['b']['v4'], '-c', '20',
                '-t', 'set,get', '-q', *more])
            pids += pid
            self.assertIn('GET: ', output)
        self.terminate(server)
        self.check()
        self.assertGreater(len(self.clients), 300)
        self.owned(self.clients, pids, 'redis-benchmark')
        self.owned(self.servers, [server.pid], 'redis-server', 0,
                   (server.pid, 'redis-server', 0))

    def fork(self, function, *arguments):
        child = Child(function, *arguments)
        self.forked.append(child)
        return child

    def join(self, child, seconds=50):
        """The output of a forked process, when it has ended."""
        end = time.monotonic() + seconds
        while not select.select([child.pipe], [], [], 0)[0]:
            self.pump()
            self.assertLess(time.monotonic(), end)
        self.forked.remove(child)
        return child.join().decode()

    def tearDown(self):
        for child in self.forked:
            os.kill(child.pid, signal.SIGKILL)
            with contextlib.suppress(AssertionError):
                child.join()

    COUNT = 300

    def test_asyncio(self):
        """Many connections at once, which end in many ways."""
        ready, stop = os.pipe(), os.pipe()
        self.addCleanup(lambda: [os.close(number) for number in ready + stop])
        server = self.fork(serve, self.network, ready[1], stop[0])
        self.assertEqual(os.read(ready[0], 1), b'.')
        client = self.fork(make_connections, self.network, self.COUNT)
        print(f'# {self.join(client)}')
        os.write(stop[1], b'.')
        print(f'# {self.join(server)} accepted')
        self.check()
        self.assertEqual(len(self.clients), self.COUNT)
        self.owned(self.clients, [client.pid], 'clients')
        self.owned(self.servers, [server.pid], 'server', 0,
                   (server.pid, 'server', 0))


PORT = 7000


def keep_alive(writer):
    """Enables keepalive: a RST that gets lost is not sent again."""
    sock = writer.get_extra_info('socket')
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
        sock.setsockopt(socket.IPPROTO_TCP, option, 1)


async def answer(reader, writer):
    """Echoes, closes or resets, as the first byte says."""
    keep_alive(writer)
    try:
        deed = await reader.readexactly(1)
        if deed == b'u':
            # Closed while more is there than has been read.
            await reader.readexactly(1)
        elif deed == b'a':
            writer.transport.abort()
        elif deed == b'c':
            pass
        else:
            writer.write(await reader.read())
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def serve(network, ready, stop):
    Shared.stream.close()
    network.enter('b')
    kernel.write_file('/proc/self/comm', 'server')
    accepted = []

    async def count(reader, writer):
        accepted.append(1)
        await answer(reader, writer)

    async def run():
        over = asyncio.Event()
        server = await asyncio.start_server(
            count, ADDRESS['b']['v4'], PORT, backlog=400)
        asyncio.get_running_loop().add_reader(stop, over.set)
        os.write(ready, b'.')
        await over.wait()
        server.close()
    asyncio.run(run())
    return str(len(accepted)).encode()


async def one(number, outcomes):
    """A connection that ends in the way that its number says."""
    deed = b'uacehr'[number % 6:][:1]
    reader, writer = await asyncio.open_connection(ADDRESS['b']['v4'], PORT)
    keep_alive(writer)
    size = random.randrange(1, 50000)
    try:
        writer.write(deed + b'x' * size)
        await writer.drain()
        if deed == b'r':
            writer.transport.abort()
        elif deed in b'eh':
            writer.write_eof()
            got = len(await reader.read())
            assert got == size, (got, size)
        else:
            await reader.read()
        outcomes['end'] += 1
    except ConnectionError:
        outcomes['reset'] += 1
    finally:
        writer.close()


def make_connections(network, count):
    Shared.stream.close()
    network.enter('a')
    kernel.write_file('/proc/self/comm', 'clients')
    outcomes = {'end': 0, 'reset': 0}

    async def run():
        await asyncio.gather(*[one(number, outcomes)
                               for number in range(count)])
    asyncio.run(run())
    assert sum(outcomes.values()) == count, outcomes
    return f'{count} connections: {outcomes}'.encode()


CASES = [Programs]
