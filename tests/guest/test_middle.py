# SPDX-License-Identifier: GPL-2.0
"""
Connections that are older than the module, in every state: no false line
about them, and the rest of their lives is told. All are prepared before the
module is loaded, then each test ends its own.
"""

import socket
import subprocess

from lib import kernel, proctcp, tcp
from lib.ending import TW_KILLED, kill
from lib.harness import expand, over
from lib.processes import wait_for
from lib.scenario import ACTIVE, BOTH, PASSIVE, RESET, Scenario
from lib.watch import Watch

LAST = ' -close> LAST_ACK -fin-acked> CLOSE'


class Old:
    """One connection in some state; a and b are the tuples of its sides."""

    def __init__(self, family):
        self.family = family
        self.listener = family.listener()
        self.client = family.open()
        self.server = None
        self.a = self.b = None
        self.sequences = None   # A's next to send, and to receive

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
        with self.family.raw() as raw:
            tcp.send_segment(raw, end, tcp.ACK, *segment)

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
    old.client.bind((family.host, next(tcp.ports)))
    to = old.listener.getsockname()[:2]
    tcp.start_connect(old.client, to)
    old.a = (*old.client.getsockname()[:2], *to)
    return old


# One for each test, by the test's name.
KINDS = {
    'established': established, 'unaccepted': unaccepted,
    'shut_down': shut_down, 'fin_wait2': fin_wait2,
    'fin_wait2_reset': fin_wait2, 'time_wait': time_wait,
    'fin_wait1': fin_wait1, 'last_ack': last_ack, 'syn_sent': syn_sent,
    'half_open_completes': half_open, 'half_open_reset': half_open,
    'half_open_completes_with_cookie': half_open,
    'half_open_reset_with_cookie': half_open,
}

# Those whose objects have been given a cookie before the module is loaded.
WITH_COOKIE = {'half_open_completes_with_cookie',
               'half_open_reset_with_cookie'}

olds = {}


def prepare(names):
    for name in names:
        for family in BOTH:
            olds[name, family] = KINDS[name](tcp.FAMILIES[family])


def setUpModule():
    prepare(WITH_COOKIE)
    # ss -e asks for the cookie of everything that exists.
    subprocess.run(['ss', '-Htane'], check=True, capture_output=True)
    prepare(set(KINDS) - WITH_COOKIE)
    await_states_of_all()
    kernel.load()
    Scenario.watch = Watch()
    Scenario.watch.settle('loaded')


def await_states_of_all():
    """What was started has arrived: nothing moves when the module loads."""
    wanted = {}
    for (name, _), old in olds.items():
        if name in ('fin_wait2', 'fin_wait2_reset', 'shut_down'):
            wanted[old.a] = 'FIN_WAIT2'
        elif name == 'time_wait':
            wanted[old.a] = 'TIME_WAIT'
        elif name.startswith('half_open'):
            wanted[old.b] = 'SYN_RECV'
    wait_for(lambda: wanted.items() <= {
        entry[1:5]: entry.state for entry in proctcp.read()}.items(), wanted)


def tearDownModule():
    Scenario.watch.close()
    for old in olds.values():
        old.close()
    kernel.unload()


@expand
class Middle(Scenario):
    """Every test begins with a connection that the stream has not seen."""

    def old(self, name, family):
        old = olds[name, family]
        for sock in (old.listener, old.client, old.server):
            if sock:
                self.keep(sock)
        self.a, self.b = old.a, old.b
        self.assertEqual(self.watch.paths(self.a), [])
        return old

    @over(*BOTH)
    def test_established(self, family):
        old = self.old('established', family)
        old.client.close()
        self.step('A closed', a='FIN_WAIT2', b='CLOSE_WAIT')
        old.server.close()
        self.step('B closed', a='TIME_WAIT', b=None)
        self.paths(self.a, 'ESTABLISHED' + ACTIVE)
        self.paths(self.b, 'ESTABLISHED' + PASSIVE)
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, 'ESTABLISHED' + ACTIVE + TW_KILLED)

    @over(*BOTH)
    def test_unaccepted(self, family):
        """And its listener."""
        old = self.old('unaccepted', family)
        end = tcp.listening(old.listener)
        old.listener.close()
        self.step('listener closed', a=None, b=None)
        self.paths(self.a, 'ESTABLISHED' + RESET)
        self.paths(self.b, 'ESTABLISHED -listener-closed> CLOSE')
        self.paths(end, 'LISTEN -close> CLOSE')

    @over(*BOTH)
    def test_shut_down(self, family):
        old = self.old('shut_down', family)
        old.server.close()
        self.step('B closed', a='TIME_WAIT', b=None)
        self.paths(self.a, 'FIN_WAIT2 -fin> TIME_WAIT')
        self.paths(self.b, 'CLOSE_WAIT' + LAST)
        kill(self.a)
        self.step('killed', a=None)

    @over(*BOTH)
    def test_fin_wait2(self, family):
        """The FIN comes to a minisock."""
        old = self.old('fin_wait2', family)
        old.server.close()
        self.step('B closed', a='TIME_WAIT', b=None)
        self.paths(self.a, 'FIN_WAIT2 -fin> TIME_WAIT')
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, 'FIN_WAIT2 -fin> TIME_WAIT' + TW_KILLED)

    @over(*BOTH)
    def test_fin_wait2_reset(self, family):
        old = self.old('fin_wait2_reset', family)
        tcp.reset_on_close(old.server)
        old.server.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, 'FIN_WAIT2' + RESET)

    @over(*BOTH)
    def test_time_wait(self, family):
        self.old('time_wait', family)
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, 'TIME_WAIT' + TW_KILLED)

    @over(*BOTH)
    def test_fin_wait1(self, family):
        old = self.old('fin_wait1', family)
        tcp.detach_filter(old.client)
        old.acknowledge(self.a)
        self.step('acknowledged', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.paths(self.a, 'FIN_WAIT1 -fin-acked> FIN_WAIT2')
        tcp.reset_on_close(old.server)
        old.server.close()
        self.step('reset', a=None, b=None)

    @over(*BOTH)
    def test_last_ack(self, family):
        old = self.old('last_ack', family)
        tcp.detach_filter(old.server)
        old.acknowledge(self.b)
        self.step('acknowledged', a='TIME_WAIT', b=None)
        self.paths(self.b, 'LAST_ACK -fin-acked> CLOSE')
        kill(self.a)
        self.step('killed', a=None)

    @over(*BOTH)
    def test_syn_sent(self, family):
        old = self.old('syn_sent', family)
        old.client.close()
        self.step('given up', a=None)
        self.paths(self.a, 'SYN_SENT -close> CLOSE')

    def complete(self, old):
        tcp.detach_filter(old.listener)
        old.client.sendall(b'x')
        self.step('complete', a='ESTABLISHED', b='ESTABLISHED')
        self.paths(self.b, 'SYN_RECV -ack> ESTABLISHED')
        tcp.reset_on_close(old.client)
        old.client.close()
        self.step('reset', a=None, b=None)

    def reset(self, old):
        tcp.detach_filter(old.listener)
        tcp.reset_on_close(old.client)
        old.client.close()
        self.step('reset', a=None, b=None)
        self.paths(self.b, 'SYN_RECV' + RESET)

    @over(*BOTH)
    def test_half_open_completes(self, family):
        self.complete(self.old('half_open_completes', family))

    @over(*BOTH)
    def test_half_open_completes_with_cookie(self, family):
        self.complete(self.old('half_open_completes_with_cookie', family))

    @over(*BOTH)
    def test_half_open_reset(self, family):
        self.reset(self.old('half_open_reset', family))

    @over(*BOTH)
    def test_half_open_reset_with_cookie(self, family):
        self.reset(self.old('half_open_reset_with_cookie', family))


CASES = [Middle]
