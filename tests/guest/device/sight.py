# SPDX-License-Identifier: GPL-2.0
"""
Who sees which connections: those of the own network namespace, or with
CAP_NET_ADMIN over the initial one all.
"""

import contextlib
import ctypes
import os
import socket
import struct

from lib import kernel, proctcp, tcp, uapi
from lib.device import V4, DeviceTest, lines_of
from lib.processes import Child
from lib.stream import Stream

CAP_NET_ADMIN = 12
CAPABILITY_VERSION = 0x20080522


def set_net_admin(effective):
    """Puts the right aside, or takes it up again."""
    header = struct.pack('=Ii', CAPABILITY_VERSION, 0)
    data = ctypes.create_string_buffer(24)
    kernel.call('capget', header, data)
    words = list(struct.unpack('=6I', data.raw))
    words[0] &= ~(1 << CAP_NET_ADMIN)
    words[0] |= effective << CAP_NET_ADMIN
    kernel.call('capset', header, struct.pack('=6I', *words))


def open_with_less_rights(open_stream):
    """Opens without the right, which is only put aside meanwhile."""
    set_net_admin(False)
    stream = open_stream()
    set_net_admin(True)
    return stream


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

    def test_administrator(self):
        """In another namespace, with the right over the initial one: all."""
        outside = proctcp.netns()

        def inside(open_stream, traffic):
            kernel.enter_new_netns()
            with open_stream() as stream:
                traffic()
                assert self.seen(stream) == {outside, proctcp.netns()}
        self.run_in(inside)

    def test_own_namespace(self):
        def inside(open_stream, traffic):
            kernel.enter_new_netns()
            set_net_admin(False)
            with open_stream() as stream:
                traffic()
                seen = self.seen(stream)
                assert seen == {proctcp.netns()}, seen
        self.run_in(inside)

    def test_initial_namespace(self):
        """Without the right, in the initial namespace: only that."""
        outside = proctcp.netns()

        def inside(open_stream, traffic):
            initial = os.open('/proc/self/ns/net', os.O_RDONLY)
            kernel.enter_new_netns()
            own = os.open('/proc/self/ns/net', os.O_RDONLY)
            kernel.call('setns', initial, kernel.CLONE_NEWNET)
            stream = open_with_less_rights(open_stream)
            kernel.call('setns', own, kernel.CLONE_NEWNET)
            traffic()
            seen = self.seen(stream)
            assert seen == {outside}, seen
        self.run_in(inside)

    def test_user_namespace(self):
        """Root of a user namespace has no right over the initial one."""
        def inside(open_stream, traffic):
            kernel.enter_new_netns(kernel.CLONE_NEWUSER)
            with open_stream() as stream:
                traffic()
                seen = self.seen(stream)
                assert seen == {proctcp.netns()}, seen
        self.run_in(inside)

    def test_right_stays_with_the_file(self):
        """Opened with the right, read without it."""
        outside = proctcp.netns()

        def inside(open_stream, traffic):
            kernel.enter_new_netns()
            with open_stream() as stream:
                set_net_admin(False)
                traffic()
                seen = self.seen(stream)
                assert seen == {outside, proctcp.netns()}, seen
        self.run_in(inside)

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
