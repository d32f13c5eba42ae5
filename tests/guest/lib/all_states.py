# SPDX-License-Identifier: GPL-2.0
"""Connections in every state at once, which stay there until they are closed."""

import contextlib
import socket

from lib import proctcp, tcp
from lib.processes import wait_for

BOTH = ('v4', 'v6')

STATES = {'LISTEN', 'SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT1',
          'FIN_WAIT2', 'CLOSE_WAIT', 'LAST_ACK', 'CLOSING', 'TIME_WAIT'}


class AllStates:
    """Connections in every state, held until they are closed."""

    def __init__(self, families=BOTH):
        self.socks = []
        self.wanted = set()
        for name in families:
            self.family = tcp.FAMILIES[name]
            self.raw = self.keep(self.family.raw())
            for kind in ('listen', 'syn_sent', 'half_open', 'unaccepted',
                         'established', 'fin_wait1', 'fin_wait2', 'minisock',
                         'last_ack', 'closing', 'time_wait'):
                getattr(self, kind)()
        try:
            wait_for(self.arrived, 'all states')
        except AssertionError as error:
            raise AssertionError(f'{error}: {self.missing()}') from None

    def keep(self, sock):
        self.socks.append(sock)
        return sock

    def missing(self):
        """(tuple, wanted state, state in /proc) of each that has not arrived."""
        states = {entry[1:5]: entry.state for entry in proctcp.read()}
        return sorted((end, state, states.get(end)) for end, state in self.wanted
                      if states.get(end) != state)

    def arrived(self):
        return not self.missing()

    def want(self, end, state):
        self.wanted.add((end, state))

    def listener(self):
        return self.keep(self.family.listener())

    def pair(self):
        listener = self.listener()
        client = self.keep(self.family.open())
        client.connect(listener.getsockname()[:2])
        server = self.keep(listener.accept()[0])
        return client, server, tcp.ends(client)

    def listen(self):
        self.listener()

    def syn_sent(self):
        listener = self.listener()
        tcp.attach_filter(listener, tcp.DROP_ALL)
        client = self.keep(self.family.open())
        client.bind((self.family.host, next(tcp.ports)))
        to = listener.getsockname()[:2]
        tcp.start_connect(client, to)
        self.want((*client.getsockname()[:2], *to), 'SYN_SENT')

    def half_open(self):
        listener = self.listener()
        tcp.attach_filter(listener, tcp.ONLY_SYN)
        client = self.keep(self.family.open())
        client.connect(listener.getsockname()[:2])
        self.want(tcp.flip(tcp.ends(client)), 'SYN_RECV')

    def unaccepted(self):
        client = self.keep(self.family.open())
        client.connect(self.listener().getsockname()[:2])
        self.want(tcp.flip(tcp.ends(client)), 'ESTABLISHED')

    def established(self):
        self.want(self.pair()[2], 'ESTABLISHED')

    def fin_wait1(self):
        client, server, end = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        client.shutdown(socket.SHUT_WR)
        self.want(end, 'FIN_WAIT1')

    def fin_wait2(self):
        client, server, end = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.want(end, 'FIN_WAIT2')
        self.want(tcp.flip(end), 'CLOSE_WAIT')

    def minisock(self):
        client, server, end = self.pair()
        client.close()
        self.want(end, 'FIN_WAIT2')

    def last_ack(self):
        client, server, end = self.pair()
        client.shutdown(socket.SHUT_WR)
        assert server.recv(1) == b''
        tcp.attach_filter(server, tcp.DROP_ALL)
        server.shutdown(socket.SHUT_WR)
        self.want(tcp.flip(end), 'LAST_ACK')

    def closing(self):
        client, server, end = self.pair()
        seq, ack = tcp.sequences(client)
        for sock in (client, server):
            tcp.attach_filter(sock, tcp.ONLY_MARKED)
        for sock in (client, server):
            sock.shutdown(socket.SHUT_WR)
        tcp.send_segment(self.raw, end, tcp.FIN | tcp.ACK, seq, ack, tcp.MARK)
        self.want(tcp.flip(end), 'CLOSING')

    def time_wait(self):
        client, server, end = self.pair()
        client.close()
        assert server.recv(1) == b''
        server.close()
        self.want(end, 'TIME_WAIT')

    def close(self):
        for sock in self.socks:
            with contextlib.suppress(OSError):
                tcp.reset_on_close(sock)
            sock.close()
