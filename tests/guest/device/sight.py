# SPDX-License-Identifier: GPL-2.0
"""
Who sees which connections, where it takes more than one process to ask; the
table of everybody is test_access.py.
"""

import contextlib
import os
import re
import socket
import unittest

from lib import kernel, proctcp, tcp, uapi
from lib.device import V4, DeviceTest, lines_of
from lib.openers import GROUP, MODE_GROUP, MODE_ROOT, USER
from lib.processes import Child
from lib.rights import (
    CAP_NET_ADMIN, CAP_SYS_RESOURCE, become, set_net_admin)
from lib.stream import Stream

TRACING = '/sys/kernel/tracing'
PROBE = f'{TRACING}/kprobe_events'
NO_AUDIT = 1 << 1       # CAP_OPT_NOAUDIT


@contextlib.contextmanager
def questions(pid):
    """
    What a process is asked for by the kernel, into a list: capabilities, and how.
    That is where a security module is told whether a refusal is worth a record.
    """
    asked = []
    event = f'{TRACING}/events/tcpstates_test/question'
    kernel.write_file(f'{TRACING}/trace', '')
    kernel.write_file(PROBE, 'p:tcpstates_test/question cap_capable '
                      'capability=%dx:s32 how=%cx:u32')
    try:
        kernel.write_file(f'{event}/filter', f'common_pid == {pid}')
        kernel.write_file(f'{event}/enable', '1')
        try:
            yield asked
        finally:
            kernel.write_file(f'{event}/enable', '0')
        asked += [tuple(map(int, found)) for found in re.findall(
            r'capability=(\d+) how=(\d+)', kernel.read_file(f'{TRACING}/trace'))]
    finally:
        kernel.write_file(PROBE, '')    # all probes go


class Sight(DeviceTest):
    @unittest.skipUnless(os.path.exists(PROBE), 'this kernel has no kprobe events')
    def test_asking_is_not_audited(self):
        """open() without CAP_NET_ADMIN writes no audit record."""
        os.chown(uapi.DEVICE, 0, GROUP)
        os.chmod(uapi.DEVICE, MODE_GROUP)
        begin, go = os.pipe()

        def child():
            become(USER, GROUP)
            os.read(begin, 1)
            os.open(uapi.DEVICE, os.O_RDONLY)
        process = Child(child)
        with questions(process.pid) as asked:
            os.write(go, b'.')
            process.join()
        for end in (begin, go):
            os.close(end)
        os.chmod(uapi.DEVICE, MODE_ROOT)
        print(f'# capabilities asked for, and how: {asked}')
        self.assertLessEqual({CAP_NET_ADMIN, CAP_SYS_RESOURCE},
                             {capability for capability, _ in asked})
        self.assertEqual([capability for capability, how in asked
                          if not how & NO_AUDIT], [])

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
        """Opened without the capability, read by a process that has it."""
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
