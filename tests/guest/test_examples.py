# SPDX-License-Identifier: GPL-2.0
"""The examples that come along, on real connections."""

import re
import unittest

from lib import kernel, tcp
from lib.device import V4, V6
from lib.processes import Reader

EXAMPLES = '/usr/share/tcpstates/examples'
HANDSHAKE = re.compile(r'(\S+) port (\d+) with (\S+) port (\d+): '
                       r'(\d+\.\d{3}) ms \((\S+)\)')


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


class Examples(unittest.TestCase):
    def test_handshakes(self):
        """Both sides of each connection, with a time that is none of zero."""
        with Reader('python3', f'{EXAMPLES}/handshakes.py') as reader:
            ends = [end for family in (V4, V6)
                    for client in tcp.exchange(family)
                    for end in (client, tcp.flip(client))]
            lines = reader.lines(len(ends)).decode().splitlines()
        told = [HANDSHAKE.fullmatch(line).groups() for line in lines]
        self.assertEqual(sorted(
            (laddr, int(lport), raddr, int(rport))
            for laddr, lport, raddr, rport, _, _ in told), sorted(ends))
        self.assertTrue(all(float(each[4]) > 0 for each in told))
        self.assertEqual({each[5] for each in told}, {'python3'})


CASES = [Examples]
