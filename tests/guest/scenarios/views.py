# SPDX-License-Identifier: GPL-2.0
"""Other eyes: ss, MPTCP, other namespaces."""

import contextlib
import itertools
import os
import re
import socket
import subprocess
import time

from lib import kernel, proctcp, tcp
from lib.harness import expand, over
from lib.scenario import ACTIVE, A_OPENS, BOTH, B_OPENS, LISTENER, Scenario

SOCK_DCCP = 6
IPPROTO_DCCP = 33
SOL_DCCP = 269
DCCP_SOCKOPT_SERVICE = 2


@expand
class Killed(Scenario):
    """ss -K, in every state that it can reach."""

    def kill(self, end):
        """Destroys what has this tuple."""
        mapped = '::ffff:'
        laddr, raddr = [part.removeprefix(mapped) for part in end[::2]]
        if ':' in laddr:
            laddr, raddr = f'[{laddr}]', f'[{raddr}]'
        subprocess.run(
            ['ss', '-K', '-H', '-t', '-a', 'src', f'{laddr}:{end[1]}', 'dst',
             f'{raddr}:{end[3]}'], check=True, capture_output=True)

    @over(*BOTH)
    def test_established(self, name):
        self.family(name)
        self.pair()
        self.kill(self.a)
        self.step('killed', a=None, b=None)
        self.paths(self.a, A_OPENS + '>CLOSE')
        self.paths(self.b, B_OPENS + '>CLOSE')

    @over(*BOTH)
    def test_syn_recv(self, name):
        self.family(name)
        _, client = self.half_open()
        self.kill(self.b)
        self.step('killed', a='ESTABLISHED', b=None)
        self.paths(self.b, 'LISTEN>SYN_RECV>CLOSE')
        tcp.reset_on_close(client)

    @over(*BOTH)
    def test_fin_wait2(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, A_OPENS + '>FIN_WAIT1>FIN_WAIT2>CLOSE')
        tcp.reset_on_close(server)

    @over(*BOTH)
    def test_time_wait(self, name):
        self.family(name)
        _, client, server = self.pair()
        client.close()
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)
        self.kill(self.a)
        self.step('killed', a=None, b=None)
        self.paths(self.a, A_OPENS + ACTIVE + '>CLOSE')


@expand
class Views(Scenario):
    """The same connection by other means."""

    @over(*BOTH)
    def test_ss_shows_the_same_identity(self, name):
        self.family(name)
        listener, client, server = self.pair()
        text = subprocess.run(['ss', '-Htane'], check=True, text=True,
                              capture_output=True).stdout
        shown = {}
        for line in text.splitlines():
            key = re.search(r' sk:([0-9a-f]+)', line)
            ends = tuple(part.rsplit(':', 1)[1] for part in line.split()[3:5])
            shown[ends] = key[1]
        ports = self.a[1], self.a[3]
        for life, key in (
                (self.watch.lives(self.a)[-1], (str(ports[0]), str(ports[1]))),
                (self.watch.lives(self.b)[-1], (str(ports[1]), str(ports[0]))),
                (self.watch.lives(tcp.listening(listener))[-1],
                 (str(ports[1]), '*'))):
            self.assertEqual(f'{life.conn:x}', shown[key], text)

    @over(*BOTH)
    def test_identity_outlives_the_socket(self, name):
        """One conn from SYN to the end of TIME_WAIT, on both sides."""
        self.family(name)
        _, client, server = self.pair()
        cookies = tcp.cookie(client), tcp.cookie(server)
        client.close()
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)
        for end, cookie in zip((self.a, self.b), cookies):
            life, = self.watch.lives(end)
            self.assertEqual({event.conn for event in life.events}, {cookie})

    @over(*BOTH)
    def test_mptcp(self, name):
        """Subflows are TCP connections; what is above them is none."""
        if not os.path.exists(kernel.sysctl_path('net.mptcp.enabled')):
            self.skipTest('this kernel has no MPTCP')
        self.family(name)
        listener = self.listener(protocol=tcp.IPPROTO_MPTCP)
        end = tcp.listening(listener)
        client = self.keep(self.f.open(tcp.IPPROTO_MPTCP))
        client.connect(listener.getsockname()[:2])
        server = self.keep(listener.accept()[0])
        self.a, self.b = tcp.ends(client), tcp.ends(server)
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        client.sendall(b'over a subflow')
        self.assertEqual(server.recv(100), b'over a subflow')
        client.close()
        server.close()
        listener.close()
        self.step('closed', b=None)
        self.paths(end, LISTENER)
        path, = self.watch.paths(self.a)
        self.assertTrue(path.startswith(A_OPENS), path)
        path, = self.watch.paths(self.b)
        self.assertTrue(path.startswith(B_OPENS), path)

    @over(*BOTH)
    def test_dccp(self, name):
        """Another protocol with the same states is not shown."""
        self.family(name)
        subprocess.run(['modprobe', '-a', 'dccp_ipv4', 'dccp_ipv6'],
                       capture_output=True, check=False)
        try:
            listener = self.keep(socket.socket(self.f.af, SOCK_DCCP,
                                               IPPROTO_DCCP))
        except OSError as error:
            self.skipTest(f'this kernel has no DCCP: {error}')
        client = self.keep(socket.socket(self.f.af, SOCK_DCCP, IPPROTO_DCCP))
        for sock in (listener, client):
            sock.setsockopt(SOL_DCCP, DCCP_SOCKOPT_SERVICE, 42)
        listener.bind((self.f.host, next(tcp.ports)))
        listener.listen(1)
        before = len(self.watch.model.lives)
        client.connect(listener.getsockname()[:2])
        server = self.keep(listener.accept()[0])
        client.close()
        server.close()
        listener.close()
        self.step('closed')
        self.assertEqual([str(life) for life in
                          self.watch.model.lives[before:]], [])


class Namespaces(Scenario):
    """Connections of another network namespace, and its end."""

    def child(self, read, write):
        """In the new namespace: one of each kind, then wait for the word."""
        # Not the ports of this namespace: the witness sees both.
        tcp.ports = itertools.count(9000)
        kernel.enter_new_netns()
        kernel.write_file(kernel.sysctl_path('net.ipv4.tcp_synack_retries'),
                          '0')
        kept = []
        for name in BOTH:
            family = tcp.FAMILIES[name]
            listener = family.listener()
            clients = [family.open() for _ in range(3)]
            for client in clients[:2]:
                client.connect(listener.getsockname()[:2])
                kept.append(listener.accept()[0])
            clients[0].close()
            kept[-2].close()
            tcp.attach_filter(listener, tcp.ONLY_SYN)
            clients[2].connect(listener.getsockname()[:2])
            kept += [listener, *clients]
        os.write(write, b'.')
        os.read(read, 1)

    def test_teardown(self):
        from_child, to_parent = os.pipe()
        from_parent, to_child = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            with contextlib.suppress(BaseException):
                self.watch.close()
                os.close(to_child)
                self.child(from_parent, to_parent)
                status = 0
            os._exit(status)
        os.close(from_parent)
        os.close(to_parent)
        try:
            self.assertEqual(os.read(from_child, 1), b'.')
            netns = proctcp.netns(pid)
            self.assertNotEqual(netns, self.watch.netns)
            self.watch.settle('all kinds', pid=pid)
            states = {entry.state for entry in self.watch.model.entries(netns)}
            self.assertLessEqual(
                {'LISTEN', 'ESTABLISHED', 'TIME_WAIT'}, states)
            self.assertIn('LISTEN>SYN_RECV',
                          [life.path[:15] for life in self.watch.model.lives
                           if life.netns == netns])
        finally:
            os.close(to_child)
            _, status = os.waitpid(pid, 0)
            os.close(from_child)
        self.assertEqual(status, 0)
        end = time.monotonic() + 30
        while self.watch.model.entries(netns):
            self.assertLess(time.monotonic(), end,
                            self.watch.model.entries(netns))
            self.watch.stream.wait(0.1)
            self.watch.pump()
        self.watch.check_errors()
        for life in self.watch.model.lives:
            if life.netns == netns:
                self.assertTrue(life.path.endswith('>CLOSE'), life)
