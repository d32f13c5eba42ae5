# SPDX-License-Identifier: GPL-2.0
"""
Who sees which connections, where it takes more than one process to ask; the
table of everybody is test_access.py.
"""

import contextlib
import os
import socket

from lib import kernel, proctcp, tcp, uapi
from lib.device import V4, DeviceTest, lines_of
from lib.processes import Child
from lib.rights import set_net_admin
from lib.stream import Stream

class Sight(DeviceTest):
    def run_in(self, inside):
        """
        Runs inside(open, exchange) in a child; exchange() makes a connection
        there and then one here, and open() a stream.
        """
        ask, answer = os.pipe(), os.pipe()

        def traffic():
            tcp.exchange(V4)
            os.write(ask[1], b'.')
            assert os.read(answer[0], 1) == b'.'

        def child():
            os.close(ask[0])
            os.close(answer[1])
            inside(lambda: Stream(gapless=False), traffic)

        process = Child(child)
        os.close(ask[1])
        os.close(answer[0])
        while os.read(ask[0], 1):
            tcp.exchange(V4)
            os.write(answer[1], b'.')
        os.close(ask[0])
        os.close(answer[1])
        process.join()

    @staticmethod
    def seen(stream):
        return {event.netns for event in stream.fetch()}

    def test_passed_file(self):
        """Opened without the right, read by a process that has it."""
        here, there = socket.socketpair()
        outside = proctcp.netns()

        def child():
            kernel.enter_new_netns()
            set_net_admin(False)
            fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
            tcp.exchange(V4)
            socket.send_fds(there, [b'.'], [fd])
            there.recv(1)

        process = Child(child)
        _, fds, _, _ = socket.recv_fds(here, 1, 1)
        inside = proctcp.netns(process.pid)
        self.assertNotEqual(inside, outside)
        self.traffic_elsewhere(fds[0], inside)
        here.send(b'.')
        process.join()
        for sock in (here, there):
            sock.close()

    def traffic_elsewhere(self, fd, inside):
        tcp.exchange(V4)
        text = b''
        with contextlib.suppress(BlockingIOError):
            while True:
                text += os.read(fd, 65536)
        os.close(fd)
        lines = text.decode().splitlines()
        self.assertEqual(len(lines), lines_of(1))
        for line in lines:
            self.assertIn(f' netns={inside} ', line)

    def test_filter_does_not_widen(self):
        """Asking for another namespace by filter shows nothing of it."""
        outside = proctcp.netns()

        def inside(open_stream, traffic):
            kernel.enter_new_netns()
            set_net_admin(False)
            with open_stream() as stream:
                uapi.set_filter(stream.fd, netns=outside)
                traffic()
                seen = self.seen(stream)
                assert seen == set(), seen
                uapi.rewind(stream.fd)
                seen = self.seen(stream)
                assert seen == set(), seen
        self.run_in(inside)
