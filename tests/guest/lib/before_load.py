# SPDX-License-Identifier: GPL-2.0
"""Connections of each kind, to be made before the module is loaded."""

import contextlib
import socket

from lib import kernel, proctcp, tcp
from lib.processes import wait_for

# The number of a SYN made by hand.
SYN_OF_B = 5000

# Seconds of a FIN_WAIT2 that ends by itself: longer than it takes to prepare all.
EXPIRY = 20 * kernel.SLOWNESS


class Old:
    """One connection in some state; a and b are the tuples of its sides."""

    def __init__(self, family):
        self.family = family
        self.listener = family.listener()
        self.client = family.open()
        self.server = None
        self.a = self.b = None
        self.sequences = None   # A's next to send and to receive
        self.number = None      # of A's SYN, if it has no answer

    def acknowledge(self, end):
        """
        By hand, what has been dropped: the ACK of the FIN of @end, which
        would come with a retransmission some time.
        """
        seq, ack = self.sequences
        if end == self.a:
            end, segment = self.b, (ack, seq + 1)
        else:
            end, segment = self.a, (seq + 1, ack + 1)
        self.send(end, tcp.ACK, *segment)

    def send(self, end, flags, *numbers):
        """Sends a segment made by hand, as the local side of @end."""
        with self.family.raw() as raw:
            tcp.send_segment(raw, end, flags, *numbers)

    def start_connect(self):
        """A is in SYN_SENT; what comes there is dropped."""
        self.client.bind((self.family.host, next(tcp.ports)))
        to = self.listener.getsockname()[:2]
        self.a = (*self.client.getsockname()[:2], *to)
        self.b = tcp.flip(self.a)
        with self.family.raw() as raw:
            self.call_connect(to)
            self.number = tcp.await_segment(raw, self.a, tcp.SYN)
        return self

    def call_connect(self, to):
        tcp.start_connect(self.client, to)

    def connect(self):
        self.client.connect(self.listener.getsockname()[:2])
        self.a = tcp.ends(self.client)
        self.b = tcp.flip(self.a)
        return self

    def accept(self):
        self.server = self.listener.accept()[0]
        self.sequences = tcp.sequences(self.client)
        return self

    def close(self):
        for sock in (self.listener, self.client, self.server):
            if sock:
                sock.close()


def established(family):
    return Old(family).connect().accept()


def unaccepted(family):
    return Old(family).connect()


def shut_down(family):
    """A is in FIN_WAIT2 with its process, B in CLOSE_WAIT."""
    old = established(family)
    old.client.shutdown(socket.SHUT_WR)
    return old


def fin_wait2(family):
    """A is a minisock in FIN_WAIT2."""
    old = established(family)
    old.client.close()
    return old


def time_wait(family):
    old = established(family)
    old.client.close()
    assert old.server.recv(1) == b''
    old.server.close()
    return old


def fin_wait1(family):
    """A's FIN has gone, the ACK has been dropped."""
    old = established(family)
    tcp.attach_filter(old.client, tcp.DROP_ALL)
    old.client.shutdown(socket.SHUT_WR)
    return old


def last_ack(family):
    """B's FIN has gone, the ACK has been dropped."""
    old = established(family)
    old.client.shutdown(socket.SHUT_WR)
    tcp.attach_filter(old.server, tcp.DROP_ALL)
    assert old.server.recv(1) == b''
    old.server.shutdown(socket.SHUT_WR)
    return old


def half_open(family):
    old = Old(family)
    tcp.attach_filter(old.listener, tcp.ONLY_SYN)
    return old.connect()


def syn_sent(family):
    old = Old(family)
    tcp.attach_filter(old.listener, tcp.DROP_ALL)
    return old.start_connect()


def listening(family):
    return Old(family)


def closing(family):
    """B is in CLOSING: A's FIN has come, the ACK of its own has not."""
    old = established(family)
    for sock in (old.client, old.server):
        tcp.attach_filter(sock, tcp.ONLY_MARKED)
    for sock in (old.client, old.server):
        sock.shutdown(socket.SHUT_WR)
    old.send(old.a, tcp.FIN | tcp.ACK, *old.sequences, tcp.MARK)
    return old


def met(family):
    """A is a full socket in SYN_RECV: it has met a SYN of B's port."""
    old = syn_sent(family)
    old.send(old.b, tcp.SYN, SYN_OF_B)
    return old


class Early(Old):
    """By TCP Fast Open, with data in the SYN."""

    def call_connect(self, to):
        self.client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self.client.sendto(b'early', tcp.MSG_FASTOPEN, to)


def early(family):
    """B is a full socket in SYN_RECV; A does not see its SYN-ACK."""
    with kernel.sysctl('net.ipv4.tcp_fastopen', 0x607):
        old = Early(family)
        old.listener.setsockopt(socket.IPPROTO_TCP, tcp.TCP_FASTOPEN, 16)
        tcp.attach_filter(old.client, tcp.DROP_ALL)
        old.start_connect()
        old.server = old.listener.accept()[0]
    return old


def fin_wait2_expires(family):
    """tcp_fin_timeout counts when the state is entered."""
    with kernel.sysctl('net.ipv4.tcp_fin_timeout', EXPIRY):
        old = fin_wait2(family)
        wait_for(lambda: any(entry[1:5] == old.a and
                             entry.state == 'FIN_WAIT2'
                             for entry in proctcp.read()), 'FIN_WAIT2')
    return old


# One for each test, by the test's name. The one that expires comes first.
KINDS = {
    'fin_wait2_expires': fin_wait2_expires,
    'listening': listening, 'established': established,
    'unaccepted': unaccepted,
    'shut_down': shut_down, 'close_wait_reset': shut_down,
    'fin_wait2': fin_wait2,
    'fin_wait2_reset': fin_wait2, 'time_wait': time_wait,
    'fin_wait1': fin_wait1, 'last_ack': last_ack, 'closing': closing,
    'syn_sent': syn_sent, 'syn_sent_answered': syn_sent,
    'syn_sent_refused': syn_sent, 'met': met, 'early': early,
    'half_open_completes': half_open, 'half_open_reset': half_open,
    'half_open_completes_with_cookie': half_open,
    'half_open_reset_with_cookie': half_open,
    'time_wait_expires': time_wait,
}
