# SPDX-License-Identifier: GPL-2.0
"""
Connections that share a chain of the module's table: who can bring that about, and
how many there may be.
"""

import os
import subprocess

from lib import account, ending, kernel, proctcp, tcp, uapi
from lib.harness import limit
from lib.proc_check import SnapshotTest
from lib.processes import wait_for
from lib.rows import Snapshot
from lib.stream import Stream

CHOSEN = '/tests/.build/chosen'
NOBODY = 65534
MOST = 64               # as module/conn.h says
MOST_OF_A_COOKIE = 8    # likewise
MANY = MOST + 16
CROWDING = 20           # sockets, of which each would fill a chain
OTHERS = 1500
PARAMETER = '/sys/module/tcpstates/parameters/audit_s'
CHAINS = 2048           # with conn_mib=1
PATIENCE = 60 * kernel.SLOWNESS


class Chains(SnapshotTest):
    def setUp(self):
        super().setUp()
        # A port in TIME_WAIT is not used again: each connection is one more there.
        self.enterContext(kernel.sysctl('net.ipv4.tcp_tw_reuse', 0))
        kernel.load('conn_mib=1')
        self.reader = self.snapshot(gapless=False)

    def missed(self):
        return uapi.get_stats(self.reader.fd).conns_missed

    @limit(PATIENCE)
    def test_nobody_can_choose_one(self):
        """Cookies that agree in all bits that number the table's chains."""
        with subprocess.Popen([CHOSEN, str(CHAINS - 1), str(MANY)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              user=NOBODY) as process:
            self.assertEqual(process.stdout.readline(), b'ready\n')
            self.assert_true(self.reader)
            missed = self.missed()
            process.stdin.close()
        self.assertEqual(missed, 0)

    def fill(self):
        """
        A socket that leaves a connection in TIME_WAIT each time, and is connected
        again: all have its cookie. Returns the socket and the listener.
        """
        listener = tcp.FAMILIES['v4'].listener()
        self.addCleanup(listener.close)
        client = tcp.FAMILIES['v4'].open()
        self.addCleanup(client.close)
        for _ in range(MANY):
            client.connect(listener.getsockname())
            server = listener.accept()[0]
            client.shutdown(1)
            self.assertEqual(server.recv(1), b'')
            server.close()
            self.assertEqual(client.recv(1), b'')
            tcp.disconnect(client)
        return client, listener

    @limit(PATIENCE)
    def test_one_is_bounded(self):
        """Connections without room are counted, and make the table incomplete."""
        self.fill()
        waiting = [entry for entry in proctcp.read()
                   if entry.state == 'TIME_WAIT']
        self.assertEqual(len(waiting), MANY)
        self.assertEqual(self.missed(), MANY - MOST_OF_A_COOKIE)
        self.assertTrue(account.read().incomplete_boot_ns)
        tcp.exchange(tcp.FAMILIES['v4'], 10)
        self.assertEqual(self.missed(), MANY - MOST_OF_A_COOKIE)

    @limit(2 * PATIENCE)
    def test_others_have_room(self):
        """
        Sockets with as many connections as a chain holds. Other sockets, of which
        some are in the same chains, keep their owners and durations.
        """
        for _ in range(CROWDING):
            self.fill()
        missed = self.missed()
        events = []
        with tcp.FAMILIES['v4'].open() as unused, \
                Stream(binary=True, gapless=False) as stream:
            unused.bind(('127.0.0.1', 0))
            closed = unused.getsockname()
            for _ in range(OTHERS):
                with tcp.FAMILIES['v4'].open() as client, \
                        self.assertRaises(ConnectionRefusedError):
                    client.connect(closed)
                events += stream.fetch_some()
            events += stream.fetch()
        histories = {}
        for event in events:
            if event.rport == closed[1]:
                histories.setdefault(event.conn, []).append(
                    (event.old, event.new, event.pid,
                     event.old == 'CLOSE' or event.dur_ns is not None))
        expected = [('CLOSE', 'SYN_SENT', os.getpid(), True),
                    ('SYN_SENT', 'CLOSE', os.getpid(), True)]
        self.assertEqual(len(histories), OTHERS)
        self.assertEqual([history for history in histories.values()
                          if history != expected], [])
        self.assertEqual(self.missed(), missed)

    @limit(2 * PATIENCE)
    def test_complete_when_there_is_room(self):
        """A connection that had no room gets its entry when others have ended."""
        kernel.write_file(PARAMETER, '1')
        client, listener = self.fill()
        client.connect(listener.getsockname())
        port = client.getsockname()[1]
        audits = account.read().audits
        wait_for(lambda: account.read().audits > audits + 1, 'an audit')
        self.assertTrue(account.read().incomplete_boot_ns)
        self.assertEqual(self.rows_of(port), [])
        ending.kill_time_wait()
        wait_for(lambda: not account.read().incomplete_boot_ns,
                 'the table is complete')
        self.assertTrue(account.read().complete_boot_ns)
        self.assertEqual(self.rows_of(port), [('ESTABLISHED', True)])
        self.assertEqual(account.read().vanished, 0)

    @staticmethod
    def rows_of(port):
        """State of each connection from this port; whether its age is a bound."""
        with Snapshot() as snapshot:
            snapshot.pump()
            return [(row.new, 'atleast' in row.flags)
                    for row in snapshot.table.rows if row.lport == port]

    @limit(PATIENCE)
    def test_without_room_it_begins_once(self):
        """
        A socket without room for an entry is not one that never had a port: its
        first transition is recorded once.
        """
        client = self.fill()[0]
        with tcp.FAMILIES['v4'].open() as unused:
            unused.bind(('127.0.0.1', 0))
            closed = unused.getsockname()
            with Stream(binary=True) as stream:
                with self.assertRaises(ConnectionRefusedError):
                    client.connect(closed)
                client.listen(1)
                client.close()
                events = stream.collect(lambda events: any(
                    event.old == 'LISTEN' for event in events))
        events = [event for event in events if event.old != 'TIME_WAIT']
        self.assertEqual([(event.old, event.new) for event in events],
                         [('CLOSE', 'SYN_SENT'), ('SYN_SENT', 'CLOSE'),
                          ('CLOSE', 'LISTEN'), ('LISTEN', 'CLOSE')])
        self.assertEqual(events[0].rport, closed[1])
        self.assertTrue(events[0].lport)


CASES = [Chains]
