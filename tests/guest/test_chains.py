# SPDX-License-Identifier: GPL-2.0
"""
Connections that share a chain of the module's table: who can bring that about, and
how many there may be.
"""

import subprocess

from lib import account, kernel, proctcp, tcp, uapi
from lib.harness import limit
from lib.proc_check import SnapshotTest
from lib.stream import Stream

CHOSEN = '/tests/.build/chosen'
NOBODY = 65534
MOST = 64               # as module/conn.h says
MANY = MOST + 16
CHAINS = 2048           # with conn_mib=1
PATIENCE = 60 * kernel.SLOWNESS


class Chains(SnapshotTest):
    def setUp(self):
        super().setUp()
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
        again: all have its cookie. Returns the socket.
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
        return client

    @limit(PATIENCE)
    def test_one_is_bounded(self):
        """Connections that have no room in their chain are counted."""
        self.fill()
        waiting = [entry for entry in proctcp.read()
                   if entry.state == 'TIME_WAIT']
        self.assertEqual(len(waiting), MANY)
        self.assertEqual(self.missed(), MANY - MOST)
        # It is that socket's own doing: for all others the table is complete.
        self.assertEqual(account.read().incomplete_boot_ns, 0)
        tcp.exchange(tcp.FAMILIES['v4'], 10)
        self.assertEqual(self.missed(), MANY - MOST)

    @limit(PATIENCE)
    def test_full_chain_begins_once(self):
        """
        A socket whose chain is full, in a table that is complete, is not one that
        never had a port: its first transition is recorded once.
        """
        client = self.fill()
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
