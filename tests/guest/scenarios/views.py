# SPDX-License-Identifier: GPL-2.0
"""ss, MPTCP, other protocols, other namespaces."""

import contextlib
import itertools
import os
import pickle
import re
import socket
import subprocess
import time

from lib import kernel, proctcp, tcp
from lib.harness import expand, over
from lib.scenario import (
    ACTIVE, A_OPENS, BOTH, B_OPENS, FIN_ACKED, FIN_CAME, HALF_OPEN,
    PASSIVE, Scenario, by_shutdown)

SOCK_DCCP = 6
IPPROTO_DCCP = 33
SOL_DCCP = 269
DCCP_SOCKOPT_SERVICE = 2


@expand
class Views(Scenario):
    """Connections as ss shows them, MPTCP's subflows, and DCCP."""

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
        self.active_close(client, server)
        for end, cookie in zip((self.a, self.b), cookies):
            life, = self.watch.lives(end)
            self.assertEqual({event.conn for event in life.events}, {cookie})

    @over(*BOTH)
    def test_mptcp(self, name):
        """Subflows are TCP connections, the MPTCP connection is none."""
        if not os.path.exists(kernel.sysctl_path('net.mptcp.enabled')):
            self.skipTest('this kernel has no MPTCP')
        self.family(name)
        listener = self.listener(protocol=tcp.IPPROTO_MPTCP)
        listening = tcp.listening(listener)
        client = self.keep(self.f.open(tcp.IPPROTO_MPTCP))
        client.connect(listener.getsockname()[:2])
        server = self.keep(listener.accept()[0])
        self.sides(client)
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        client.sendall(b'over a subflow')
        self.assertEqual(server.recv(100), b'over a subflow')
        client.close()
        server.close()
        listener.close()
        self.step('closed', b=None)
        # close() of the whole shuts the subflow down.
        self.paths(self.a, A_OPENS + by_shutdown(ACTIVE))
        self.paths(self.b, B_OPENS + by_shutdown(PASSIVE))
        for end in (self.a, self.b):
            for event in self.watch.lives(end)[0].events[1:]:
                if event.old != 'TIME_WAIT':
                    self.assertIn('mptcp', event.flags, event.text)
        # Its end has no path of its own.
        self.paths(listening, 'CLOSE -listen> LISTEN --> CLOSE')

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

    # What becomes of each, client and server, when the namespace goes.
    EXPECTED = {
        'TIME_WAIT': (A_OPENS + ACTIVE + ' -netns-exit> CLOSE',
                      B_OPENS + PASSIVE),
        'FIN_WAIT2': (A_OPENS + FIN_ACKED + ' -netns-exit> CLOSE',
                      B_OPENS + FIN_CAME + ' -repair> CLOSE'),
        # The request keeps its listener, and that the namespace.
        'SYN_RECV': (None, HALF_OPEN + ' -listener-closed> CLOSE'),
    }

    def child(self, read, write):
        """Makes one of each kind in the new namespace, then waits for the parent."""
        # Not the ports of this namespace: the witness sees both.
        tcp.ports = itertools.count(9000)
        kernel.enter_new_netns()
        kept = []
        told = {}
        for name in BOTH:
            family = tcp.FAMILIES[name]
            listener, silent = family.listener(), family.listener()
            kept += [listener, silent]
            for state in ('TIME_WAIT', 'FIN_WAIT2'):
                client = family.open()
                client.connect(listener.getsockname()[:2])
                server = listener.accept()[0]
                told[name, state] = tcp.ends(client)
                client.close()
                # The FINs must not cross, however slow the machine is.
                assert server.recv(1) == b''
                if state == 'TIME_WAIT':
                    server.close()
                    continue
                # When the process ends, nothing is to be sent.
                server.setsockopt(socket.IPPROTO_TCP, tcp.TCP_REPAIR, 1)
                kept.append(server)
            tcp.attach_filter(silent, tcp.DROP_ALL)
            end = (family.host, silent.getsockname()[1],
                   *listener.getsockname()[:2])
            tcp.send_segment(family.raw(), end, tcp.SYN, 1000)
            told[name, 'SYN_RECV'] = end
        os.write(write, pickle.dumps(told))
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
            told = pickle.loads(os.read(from_child, 65536))
            netns = proctcp.netns(pid)
            self.assertNotEqual(netns, self.watch.netns)
            want = {tcp.flip(end) if state == 'SYN_RECV' else end: state
                    for (_, state), end in told.items()}
            self.watch.settle('all kinds', want, pid=pid)
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
        for (_, state), end in told.items():
            for place, story in zip((end, tcp.flip(end)),
                                    self.EXPECTED[state]):
                self.stories(self.watch.model.by_end[netns, place],
                             *([story] if story else []))
        for life in self.watch.model.lives:
            if life.netns == netns:
                self.assertTrue(life.path.endswith('>CLOSE'), life)
