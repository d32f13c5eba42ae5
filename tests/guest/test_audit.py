# SPDX-License-Identifier: GPL-2.0
"""
The table of connections and the kernel's sockets agree: what hostile joins of
MPTCP leave, and what was missed for lack of memory, is not there for ever.
"""

import contextlib
import hashlib
import os
import resource
import socket
import unittest

from lib import account, kernel, tcp, uapi
from lib.harness import limit
from lib.processes import Child, wait_for
from lib.rows import Snapshot
from lib.stream import Stream
from lib.tun import Peer

JOINS = 30

# MP_JOIN of a third ACK, with an HMAC of zeros.
WRONG_HMAC = b'\x1e\x18\x10\0' + bytes(20)
MSS = b'\2\4\5\xb4'
NAMESPACES = 100
TRACING = '/sys/kernel/tracing'
PARAMETER = '/sys/module/tcpstates/parameters/audit_s'


def only(events, **members):
    """Those of the events whose members have these values."""
    return [event for event in events
            if all(getattr(event, name) == value
                   for name, value in members.items())]


def rows():
    """The rows of all connections that the module has."""
    with Snapshot() as snapshot:
        snapshot.pump()
        return snapshot.table.rows


class Namespaces:
    """Network namespaces, each with a hash of its own where a kernel has that."""

    def __init__(self, count):
        here, there = os.pipe()
        self.end, end = socket.socketpair()
        self.child = Child(self._hold, count, there, end,
                           keep=[there, end.fileno()])
        os.close(there)
        end.close()
        self.ready = os.read(here, 1)
        os.close(here)

    @staticmethod
    def _hold(count, ready, end):
        kernel.enter_new_netns()
        entries = kernel.sysctl_path('net.ipv4.tcp_child_ehash_entries')
        if os.path.exists(entries):
            kernel.write_file(entries, '16')
        base = os.open('/proc/self/ns/net', os.O_RDONLY)
        held = []
        for _ in range(count):
            kernel.call('unshare', kernel.CLONE_NEWNET)
            held.append(os.open('/proc/self/ns/net', os.O_RDONLY))
            kernel.call('setns', base, kernel.CLONE_NEWNET)
        os.write(ready, b'.')
        end.recv(1)

    def __enter__(self):
        assert self.ready
        return self

    def __exit__(self, *_):
        self.end.close()
        self.child.join()


class Joins(unittest.TestCase):
    """A peer joins an MPTCP connection, and is refused."""

    def setUp(self):
        if not os.path.exists(kernel.sysctl_path('net.mptcp.enabled')):
            self.skipTest('this kernel has no MPTCP')
        # No audit: the table has to be right by itself.
        kernel.load('audit_s=0')
        self.addCleanup(kernel.unload)
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.stack.enter_context(kernel.sysctl('net.mptcp.enabled', 1))
        self.listener = tcp.FAMILIES['v4'].listener(
            host='0.0.0.0', backlog=64, protocol=tcp.IPPROTO_MPTCP)
        self.peer = self.stack.enter_context(
            Peer(self.listener.getsockname()[1]))
        self.stream = self.stack.enter_context(Stream(binary=True))

    def connect(self):
        """The peer's one connection; returns its token and the socket."""
        peer, mine = self.peer, b'12345678'
        peer.send(1000, 1, 0, tcp.SYN, MSS + b'\x1e\4\1\1')
        seq, _, options = peer.receive(1000, tcp.SYN | tcp.ACK)
        at = options.index(b'\x1e\x0c') + 4
        key = options[at:at + 8]
        peer.send(1000, 2, seq + 1, tcp.ACK, b'\x1e\x14\1\1' + mine + key)
        peer.send(1000, 2, seq + 1, tcp.PSH | tcp.ACK,
                  b'\x1e\x16\1\1' + mine + key + b'\0\4', b'ping')
        sock = self.listener.accept()[0]
        self.assertEqual(sock.recv(10), b'ping')
        return hashlib.sha256(key).digest()[:4], sock

    def join(self, port, token):
        """A SYN that joins; returns the number of the SYN-ACK."""
        self.peer.send(port, 1, 0, tcp.SYN,
                       MSS + b'\x1e\x0c\x10\1' + token + b'abcd')
        return self.peer.receive(port, tcp.SYN | tcp.ACK)[0]

    def check_refused(self, ports):
        """Each is recorded from its SYN to its end, and no row is left."""
        def ended(events):
            return len([event for event in only(events, new='CLOSE')
                        if event.rport in ports]) >= len(ports)
        events = self.stream.collect(ended)
        for port in ports:
            self.assertEqual([(event.old, event.new) for event in
                              only(events, rport=port)],
                             [('LISTEN', 'SYN_RECV'), ('SYN_RECV', 'CLOSE')])
        self.assertEqual([row for row in rows() if row.rport in ports], [])

    def refuse_joins(self, *option):
        """Joins whose last ACK has this option, or none."""
        token, sock = self.connect()
        ports = range(2000, 2000 + JOINS)
        for port in ports:
            seq = self.join(port, token)
            self.peer.send(port, 2, seq + 1, tcp.ACK, *option)
            self.peer.receive(port, tcp.RST)
        self.check_refused(ports)
        sock.close()
        self.listener.close()
        account.await_balance()

    @limit(120)
    def test_without_hmac(self):
        """The last ACK of a join has no option that says so."""
        self.refuse_joins()

    @limit(120)
    def test_wrong_hmac(self):
        self.refuse_joins(WRONG_HMAC)

    @limit(120)
    def test_connection_is_closed_meanwhile(self):
        """close() while joins are in flight, as ordinary programs cause it."""
        token, sock = self.connect()
        ports = range(2000, 2000 + JOINS)
        numbers = [self.join(port, token) for port in ports]
        sock.close()
        for port, seq in zip(ports, numbers):
            self.peer.send(port, 2, seq + 1, tcp.ACK, WRONG_HMAC)
            self.peer.receive(port, tcp.RST)
        self.check_refused(ports)
        self.listener.close()
        account.await_balance()


class Misses(unittest.TestCase):
    """Connections without memory for an entry, and how they get one."""

    def setUp(self):
        files = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, files)
        resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))

    def fill(self):
        """Opens listeners until the table is full, and some more."""
        listeners = []
        ports = iter(range(20000, 32000))

        def missed():
            return uapi.get_stats(self.stream.fd).conns_missed
        while missed() < 50:
            sock = socket.socket()
            sock.bind(('127.0.0.1', next(ports)))
            sock.listen(1)
            listeners.append(sock)
        return listeners

    def fail_to_connect(self):
        """connect() without a free port; returns its two lines."""
        with kernel.sysctl('net.ipv4.ip_local_port_range', '41000 41001'), \
                contextlib.ExitStack() as stack:
            listener = stack.enter_context(tcp.FAMILIES['v4'].listener())
            cookie = None
            for _ in range(4):
                sock = stack.enter_context(socket.socket())
                try:
                    sock.connect(listener.getsockname())
                except OSError:
                    cookie = tcp.cookie(sock)
                    break
            self.assertIsNotNone(cookie)
            events = self.stream.collect(
                lambda events: only(events, conn=cookie, new='CLOSE'))
        return only(events, conn=cookie)

    def check_failed(self, events):
        """It is as on a host where no connection was ever missed."""
        self.assertEqual(
            [(event.old, event.new, event.cause) for event in events],
            [('CLOSE', 'SYN_SENT', 'connect'),
             ('SYN_SENT', 'CLOSE', 'connect-failed')])
        self.assertEqual({event.pid for event in events}, {os.getpid()})
        self.assertIsNotNone(events[1].dur_ns)

    @limit(180)
    def test_complete_again(self):
        kernel.load('conn_mib=1', 'audit_s=0')
        self.addCleanup(kernel.unload)
        with Stream(binary=True, gapless=False) as self.stream:
            self.check_failed(self.fail_to_connect())
            listeners = self.fill()
            kept, gone = listeners[-50:], listeners[:-50]
            self.assertTrue(account.read().incomplete_boot_ns)
            self.assertFalse(account.read().complete_boot_ns)
            for sock in gone:
                sock.close()
            self.stream.fetch()
            kernel.write_file(PARAMETER, '1')
            wait_for(lambda: not account.read().incomplete_boot_ns,
                     'the table is complete')
            now = account.read()
            self.assertTrue(now.complete_boot_ns)
            self.assertEqual(now.vanished, 0)
            # Those that it did not have are there.
            self.assertLessEqual({sock.getsockname()[1] for sock in kept},
                                 {row.lport for row in rows()})
            # The next audit stops using what stood in for entries.
            audits = now.audits
            wait_for(lambda: account.read().audits > audits, 'another audit')
            self.check_failed(self.fail_to_connect())
            for sock in kept:
                sock.close()
            account.await_balance()
            self.assertEqual(account.read().vanished, 0)

    @limit(180)
    def test_namespaces(self):
        """An audit rests for each namespace, even if they have small hashes of
        their own."""
        kernel.load('audit_s=0')
        self.addCleanup(kernel.unload)
        before = self.rests_in_an_audit()
        with Namespaces(NAMESPACES):
            self.assertGreaterEqual(self.rests_in_an_audit(),
                                    before + NAMESPACES)

    def rests_in_an_audit(self):
        """How often an audit looks whether its time is over."""
        traced = f'{TRACING}/set_ftrace_filter'
        kernel.write_file(traced, 'tcps_pool_refill')
        self.addCleanup(kernel.write_file, traced, '')
        with kernel.setting(f'{TRACING}/current_tracer', 'function'):
            tcp.exchange(tcp.FAMILIES['v4'])
            audits = account.read().audits
            kernel.write_file(f'{TRACING}/trace', '')
            kernel.write_file(PARAMETER, '1')
            wait_for(lambda: account.read().audits > audits, 'an audit')
            kernel.write_file(PARAMETER, '0')
            return sum('tcps_pool_refill <-' in line for line in
                       kernel.read_file(f'{TRACING}/trace').splitlines())

    def test_bad_intervals(self):
        kernel.load()
        self.addCleanup(kernel.unload)
        for value in ('-1', '86401', 'x', '1 2'):
            with self.assertRaises(OSError):
                kernel.write_file(PARAMETER, value)
        self.assertEqual(kernel.read_file(PARAMETER), '30')
        kernel.write_file(PARAMETER, '86400')
        self.assertEqual(kernel.read_file(PARAMETER), '86400')

    def test_unload_during_an_audit(self):
        for _ in range(5):
            kernel.load('audit_s=1')
            wait_for(lambda: account.read().audits >= 1, 'an audit')
            kernel.unload()


CASES = [Joins, Misses]
