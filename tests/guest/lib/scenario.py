# SPDX-License-Identifier: GPL-2.0
"""
What the scenarios are written with.

In every scenario A is the side that calls connect(), B the other; self.a and
self.b are their tuples. Every step compares the whole table that follows from
the stream with the kernel's own, and paths() states the one right sequence,
with the cause of each transition:

  CLOSE -connect> SYN_SENT -synack> ESTABLISHED

A cause that the module cannot know is "-": "FIN_WAIT1 --> CLOSE". Whatever a
scenario states or not, no other line may be without a cause, or have one that
the ABI text does not allow for its states.
"""

import unittest
from socket import SHUT_WR

from lib import kernel, tcp
from lib.causes import fault_of_cause

CONNECTING = 'CLOSE -connect> SYN_SENT'
A_OPENS = CONNECTING + ' -synack> ESTABLISHED'
HALF_OPEN = 'LISTEN -syn> SYN_RECV'
B_OPENS = HALF_OPEN + ' -ack> ESTABLISHED'
FIN_SENT = ' -close> FIN_WAIT1'
FIN_ACKED = FIN_SENT + ' -fin-acked> FIN_WAIT2'
ACTIVE = FIN_ACKED + ' -fin> TIME_WAIT'
SIMULTANEOUS = FIN_SENT + ' -fin> CLOSING -fin-acked> TIME_WAIT'
FIN_CAME = ' -fin> CLOSE_WAIT'
PASSIVE = FIN_CAME + ' -close> LAST_ACK -fin-acked> CLOSE'
LISTENER = 'CLOSE -listen> LISTEN -close> CLOSE'
RESET = ' -rst-received> CLOSE'
ABORTED = ' -abort> CLOSE'

ALL = ('v4', 'v6', 'mapped')
BOTH = ('v4', 'v6')


def by_shutdown(path):
    """The same life, with shutdown() in the place of close()."""
    return path.replace(' -close> ', ' -shutdown> ')


def close(sock):
    sock.close()


def shut_down(sock):
    sock.shutdown(SHUT_WR)


class Scenario(unittest.TestCase):
    # The same for all scenarios; set by the file that runs them.
    watch = None        # lib.watch.Watch
    witness = None      # lib.witness.Witness
    records = None      # lib.stream.Stream, read at the end

    def setUp(self):
        self.sockets = []
        self.a = self.b = None
        self.begin = len(self.watch.events)
        self.unknown = set()    # lines whose cause is stated to be unknown

    def tearDown(self):
        for sock in self.sockets:
            sock.close()
        try:
            self.watch.settle('everything closed')
        except Exception:
            # Only this test must fail for it.
            self.watch.model.resync(self.watch.netns, self.watch.look())
            raise
        self.check_causes()

    def family(self, name):
        self.f = tcp.FAMILIES[name]
        return self.f

    def keep(self, sock):
        """Closed at the end, however the test ends."""
        self.sockets.append(sock)
        return sock

    def listener(self, *arguments, **named):
        return self.keep(self.f.listener(*arguments, **named))

    def socket(self, port=None):
        sock = self.keep(self.f.open())
        if port:
            sock.bind((self.f.host, port))
        return sock

    def sysctl(self, name, value):
        self.enterContext(kernel.sysctl(f'net.ipv4.{name}', value))

    def step(self, name, more=(), **states):
        """
        What the tables must come to; None for absence. a= and b= are the
        sides of the scenario's connection, @more names other tuples.
        """
        want = {getattr(self, side): state for side, state in states.items()}
        want.update(more)
        self.watch.settle(name, want)

    def sides(self, sock):
        """The scenario's connection is the one of this socket, as A."""
        self.a = tcp.ends(sock)
        self.b = tcp.flip(self.a)

    def pair(self, port=None, listener=None, client=None, **named):
        """A connection: listener, client and accepted socket."""
        listener = listener or self.listener(**named)
        client = client or self.socket(port)
        client.connect(listener.getsockname()[:2])
        server = self.keep(listener.accept()[0])
        self.connected(client, server)
        return listener, client, server

    def connected(self, client, server):
        self.a, self.b = tcp.ends(client), tcp.ends(server)
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        self.check_cookie(client, self.a)
        self.check_cookie(server, self.b)

    def unaccepted(self, listener):
        """A client whose connection waits for accept()."""
        client = self.socket()
        client.connect(listener.getsockname()[:2])
        self.sides(client)
        self.step('waits', a='ESTABLISHED', b='ESTABLISHED')
        return client

    # Ways to end. The second side acts only when it has received the FIN of the
    # first: otherwise the FINs could cross on a slow machine.

    @staticmethod
    def reset(sock):
        """Closes it by RST."""
        tcp.reset_on_close(sock)
        sock.close()

    def shut_down(self, client, how=SHUT_WR):
        client.shutdown(how)
        self.step('A shut down', a='FIN_WAIT2', b='CLOSE_WAIT')

    def active_close(self, client, server):
        """A closes first: it ends in TIME_WAIT."""
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        server.close()
        self.step('both closed', a='TIME_WAIT', b=None)

    def passive_close(self, client, server):
        """B closes first: it ends in TIME_WAIT."""
        server.close()
        self.step('B closed', a='CLOSE_WAIT', b='FIN_WAIT2')
        client.close()
        self.step('both closed', a=None, b='TIME_WAIT')

    def half_closed(self, how=SHUT_WR):
        """A has shut down. Returns client and server."""
        _, client, server = self.pair()
        self.shut_down(client, how)
        return client, server

    def orphan(self, port=None):
        """A is closed, B not yet. Returns the server."""
        _, client, server = self.pair(port)
        client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        return server

    def fin_lost(self, call=close):
        """A has sent a FIN that does not arrive. Returns client and server."""
        _, client, server = self.pair()
        tcp.attach_filter(server, tcp.DROP_ALL)
        call(client)
        self.step('A sent FIN', a='FIN_WAIT1', b='ESTABLISHED')
        return client, server

    def last_fin_lost(self):
        """B has shut down behind A, but its FIN does not arrive."""
        client, server = self.half_closed()
        tcp.attach_filter(client, tcp.DROP_ALL)
        server.shutdown(SHUT_WR)
        self.step('B shut down', a='FIN_WAIT2', b='LAST_ACK')
        return client, server

    def fins_crossing(self, call=close):
        """
        Both have sent a FIN, and only segments made by hand arrive. Returns
        client, server, and A's and B's next number.
        """
        _, client, server = self.pair()
        seq, ack = tcp.sequences(client)
        for sock in (client, server):
            tcp.attach_filter(sock, tcp.ONLY_MARKED)
        for sock in (client, server):
            call(sock)
        self.step('both sent FIN', a='FIN_WAIT1', b='FIN_WAIT1')
        return client, server, seq, ack

    def by_hand(self, end, flags, seq, ack, data=b''):
        """A segment made by hand that passes ONLY_MARKED."""
        tcp.send_segment(self.keep(self.f.raw()), end, flags, seq, ack,
                         tcp.MARK, data)

    def simultaneous(self, call=close):
        """Both FINs cross and arrive. Returns what fins_crossing() does."""
        client, server, seq, ack = self.fins_crossing(call)
        self.by_hand(self.a, tcp.FIN | tcp.ACK, seq, ack)
        self.step('A\'s FIN arrived', a='FIN_WAIT1', b='CLOSING')
        self.by_hand(self.b, tcp.FIN | tcp.ACK, ack, seq)
        self.step('B\'s FIN arrived', a='CLOSING', b='CLOSING')
        return client, server, seq, ack

    # Checks of what was recorded.

    def check_cookie(self, sock, end):
        """The line's conn is the socket's cookie."""
        life = self.watch.lives(end)[-1]
        self.assertEqual(f'{life.conn:x}', f'{tcp.cookie(sock):x}')

    def paths(self, end, *paths):
        """All that ever happened to a tuple, exactly, and why."""
        self.stories(self.watch.lives(end), *paths)

    def stories(self, lives, *paths):
        """Like paths(), of these lives."""
        self.assertEqual([life.story for life in lives], list(paths))
        self.unknown |= {(event.cpu, event.seq) for life in lives
                         for event in life.events if event.cause is None}

    @staticmethod
    def after_close(cause):
        """The end by tcp_reset() of FIN_WAIT1 or FIN_WAIT2 after close()."""
        return f' -{cause if kernel.does("reset_segment") else "-"}> CLOSE'

    def check_causes(self):
        """Checks the causes of all lines since the scenario began."""
        faults = [fault_of_cause(event)
                  for event in self.watch.events[self.begin:]
                  if (event.cpu, event.seq) not in self.unknown]
        self.assertEqual('\n'.join(filter(None, faults)), '')

    def half_open(self, listener=None):
        """
        A connected client whose last ACK the listener does not see: B is a
        request in SYN_RECV. Returns listener and client.
        """
        listener = listener or self.listener()
        tcp.attach_filter(listener, tcp.ONLY_SYN)
        client = self.socket()
        client.connect(listener.getsockname()[:2])
        self.sides(client)
        self.step('half open', a='ESTABLISHED', b='SYN_RECV')
        return listener, client

    def raw_syn(self, listener, port):
        """A SYN by hand from a port, numbered 1000; returns the raw socket."""
        host, to = listener.getsockname()[:2]
        self.a = (self.f.host, port, host, to)
        self.b = tcp.flip(self.a)
        raw = self.keep(self.f.raw())
        tcp.send_segment(raw, self.a, tcp.SYN, 1000)
        return raw

    def half_open_by_hand(self):
        """B is a request whose SYN-ACK nobody answers. Returns the raw socket."""
        raw = self.raw_syn(self.listener(), self.sink().getsockname()[1])
        self.step('half open', b='SYN_RECV')
        return raw

    def reset_by_hand(self, raw):
        """Ends what half_open_by_hand() began."""
        tcp.send_segment(raw, self.a, tcp.RST, 1001)
        self.step('reset', b=None)
        self.paths(self.b, HALF_OPEN + RESET)

    def connecting(self, port=None):
        """A client in SYN_SENT, whose SYN is not answered."""
        sink = self.sink()
        client = self.socket(port or next(tcp.ports))
        self.a = (*client.getsockname()[:2], *sink.getsockname()[:2])
        self.assertFalse(tcp.start_connect(client, self.a[2:]))
        self.step('connecting', a='SYN_SENT')
        return client

    def sink(self):
        """
        A port that answers nothing: a listener whose filter drops all, so
        that the kernel does not reset what comes there.
        """
        sink = self.listener()
        tcp.attach_filter(sink, tcp.DROP_ALL)
        return sink
