# SPDX-License-Identifier: GPL-2.0
"""
Connections that are older than the module, in every state: no false line
about them, and the rest of their lives is told. All are prepared before the
module is loaded, then each test ends its own.
"""

import subprocess

from lib import kernel, proctcp, tcp
from lib.before_load import EXPIRY, KINDS, SYN_OF_B
from lib.ending import TW_KILLED, kill
from lib.harness import expand, over
from lib.processes import wait_for
from lib.scenario import (
    ABORTED, ACTIVE, ALL, A_OPENS, B_OPENS, PASSIVE, RESET, Scenario)
from lib.watch import Watch

LAST = ' -close> LAST_ACK -fin-acked> CLOSE'


# Seconds of TIME_WAIT: TCP_TIMEWAIT_LEN.
TIME_WAIT = 60

# Those whose objects have been given a cookie before the module is loaded.
WITH_COOKIE = {'half_open_completes_with_cookie',
               'half_open_reset_with_cookie'}

olds = {}


def prepare(names):
    for name in names:
        for family in ALL:
            olds[name, family] = KINDS[name](tcp.FAMILIES[family])


def setUpModule():
    prepare(WITH_COOKIE)
    # ss -e asks for the cookie of everything that exists.
    subprocess.run(['ss', '-Htane'], check=True, capture_output=True)
    prepare([name for name in KINDS if name not in WITH_COOKIE])
    await_states_of_all()
    kernel.load()
    Scenario.watch = Watch()
    Scenario.watch.settle('loaded')


def await_states_of_all():
    """Waits until nothing changes any more, before the module loads."""
    wanted = {}
    for (name, _), old in olds.items():
        if name.startswith('fin_wait2') or \
                name in ('shut_down', 'close_wait_reset'):
            wanted[old.a] = 'FIN_WAIT2'
        elif name.startswith('time_wait'):
            wanted[old.a] = 'TIME_WAIT'
        elif name == 'met':
            wanted[old.a] = 'SYN_RECV'
        elif name == 'early':
            wanted[old.b] = 'SYN_RECV'
        elif name == 'closing':
            wanted[old.b] = 'CLOSING'
        elif name.startswith('half_open'):
            wanted[old.b] = 'SYN_RECV'
    missing = dict(wanted)

    def arrived():
        missing.clear()
        missing.update(wanted.items() - {
            entry[1:5]: entry.state for entry in proctcp.read()}.items())
        return not missing
    try:
        wait_for(arrived, 'all states')
    except AssertionError as error:
        raise AssertionError(f'{error}, but {missing}') from None


def tearDownModule():
    Scenario.watch.close()
    for old in olds.values():
        old.close()
    kernel.unload()


@expand
class Middle(Scenario):
    """Every test begins with a connection that the stream has not seen."""

    def old(self, name, family, begun=False):
        """@begun: its state may have changed already."""
        old = olds[name, family]
        for sock in (old.listener, old.client, old.server):
            if sock:
                self.keep(sock)
        self.a, self.b = old.a, old.b
        if not begun:
            self.assertEqual(self.watch.paths(self.a), [])
        return old

    @over(*ALL)
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

    @over(*ALL)
    def test_unaccepted(self, family):
        """A connection in the accept queue, and its listener."""
        old = self.old('unaccepted', family)
        end = tcp.listening(old.listener)
        old.listener.close()
        self.step('listener closed', a=None, b=None)
        self.paths(self.a, 'ESTABLISHED' + RESET)
        self.paths(self.b, 'ESTABLISHED -listener-closed> CLOSE')
        self.paths(end, 'LISTEN -close> CLOSE')

    @over(*ALL)
    def test_shut_down(self, family):
        old = self.old('shut_down', family)
        old.server.close()
        self.step('B closed', a='TIME_WAIT', b=None)
        self.paths(self.a, 'FIN_WAIT2 -fin> TIME_WAIT')
        self.paths(self.b, 'CLOSE_WAIT' + LAST)
        kill(self.a)
        self.step('killed', a=None)

    @over(*ALL)
    def test_fin_wait2(self, family):
        """The FIN comes to a minisock."""
        old = self.old('fin_wait2', family)
        old.server.close()
        self.step('B closed', a='TIME_WAIT', b=None)
        self.paths(self.a, 'FIN_WAIT2 -fin> TIME_WAIT')
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, 'FIN_WAIT2 -fin> TIME_WAIT' + TW_KILLED)

    @over(*ALL)
    def test_fin_wait2_reset(self, family):
        old = self.old('fin_wait2_reset', family)
        tcp.reset_on_close(old.server)
        old.server.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, 'FIN_WAIT2' + RESET)

    @over(*ALL)
    def test_time_wait(self, family):
        self.old('time_wait', family)
        kill(self.a)
        self.step('killed', a=None)
        self.paths(self.a, 'TIME_WAIT' + TW_KILLED)

    @over(*ALL)
    def test_fin_wait1(self, family):
        old = self.old('fin_wait1', family)
        tcp.detach_filter(old.client)
        old.acknowledge(self.a)
        self.step('acknowledged', a='FIN_WAIT2', b='CLOSE_WAIT')
        self.paths(self.a, 'FIN_WAIT1 -fin-acked> FIN_WAIT2')
        tcp.reset_on_close(old.server)
        old.server.close()
        self.step('reset', a=None, b=None)

    @over(*ALL)
    def test_last_ack(self, family):
        old = self.old('last_ack', family)
        tcp.detach_filter(old.server)
        old.acknowledge(self.b)
        self.step('acknowledged', a='TIME_WAIT', b=None)
        self.paths(self.b, 'LAST_ACK -fin-acked> CLOSE')
        kill(self.a)
        self.step('killed', a=None)

    @over(*ALL)
    def test_syn_sent(self, family):
        old = self.old('syn_sent', family)
        old.client.close()
        self.step('given up', a=None)
        self.paths(self.a, 'SYN_SENT -close> CLOSE')

    @over(*ALL)
    def test_syn_sent_answered(self, family):
        old = self.old('syn_sent_answered', family)
        tcp.detach_filter(old.listener)
        old.send(self.a, tcp.SYN, old.number)
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        self.paths(self.a, 'SYN_SENT -synack> ESTABLISHED')
        self.paths(self.b, B_OPENS)
        tcp.reset_on_close(old.client)
        old.client.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, 'SYN_SENT -synack> ESTABLISHED' + ABORTED)

    @over(*ALL)
    def test_syn_sent_refused(self, family):
        old = self.old('syn_sent_refused', family)
        old.send(self.b, tcp.RST | tcp.ACK, 0, old.number + 1)
        self.step('refused', a=None)
        self.paths(self.a, 'SYN_SENT -refused> CLOSE')

    @over(*ALL)
    def test_met(self, family):
        """The second half of a simultaneous open."""
        old = self.old('met', family)
        old.send(self.b, tcp.ACK, SYN_OF_B + 1, old.number + 1)
        self.step('connected', a='ESTABLISHED')
        tcp.reset_on_close(old.client)
        old.client.close()
        self.step('reset', a=None)
        self.paths(self.a, 'SYN_RECV -ack> ESTABLISHED' + ABORTED)

    @over(*ALL)
    def test_early(self, family):
        """TCP Fast Open: the full socket is reset in SYN_RECV."""
        old = self.old('early', family)
        self.assertEqual(old.server.recv(10), b'early')
        old.send(self.a, tcp.RST, old.number + 1 + len(b'early'))
        self.step('reset', b=None)
        self.paths(self.b, 'SYN_RECV' + RESET)
        old.client.close()
        self.step('given up', a=None)
        self.paths(self.a, 'SYN_SENT -close> CLOSE')

    @over(*ALL)
    def test_listening(self, family):
        """The listener accepts a connection, and is closed."""
        old = self.old('listening', family)
        end = tcp.listening(old.listener)
        old.connect().accept()
        self.a, self.b = old.a, old.b
        self.keep(old.server)
        self.step('connected', a='ESTABLISHED', b='ESTABLISHED')
        old.client.close()
        old.server.close()
        self.step('closed', a='TIME_WAIT', b=None)
        self.paths(self.a, A_OPENS + ACTIVE)
        self.paths(self.b, B_OPENS + PASSIVE)
        old.listener.close()
        self.step('listener closed', {end: None})
        self.paths(end, 'LISTEN -close> CLOSE')
        kill(self.a)
        self.step('killed', a=None)

    @over(*ALL)
    def test_close_wait_reset(self, family):
        old = self.old('close_wait_reset', family)
        tcp.reset_on_close(old.client)
        old.client.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, 'FIN_WAIT2' + ABORTED)
        self.paths(self.b, 'CLOSE_WAIT' + RESET)

    @over(*ALL)
    def test_closing(self, family):
        old = self.old('closing', family)
        tcp.detach_filter(old.server)
        old.acknowledge(self.b)
        self.step('acknowledged', a='FIN_WAIT1', b='TIME_WAIT')
        tcp.reset_on_close(old.client)
        old.client.close()
        self.step('reset', a=None, b=None)
        self.paths(self.a, 'FIN_WAIT1' + ABORTED)
        self.paths(self.b, 'CLOSING -fin-acked> TIME_WAIT -tw-reset> CLOSE')

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

    @over(*ALL)
    def test_half_open_completes(self, family):
        self.complete(self.old('half_open_completes', family))

    @over(*ALL)
    def test_half_open_completes_with_cookie(self, family):
        self.complete(self.old('half_open_completes_with_cookie', family))

    @over(*ALL)
    def test_half_open_reset(self, family):
        self.reset(self.old('half_open_reset', family))

    @over(*ALL)
    def test_half_open_reset_with_cookie(self, family):
        self.reset(self.old('half_open_reset_with_cookie', family))

    @over(*ALL)
    def test_fin_wait2_expires(self, family):
        """It ends by the kernel's timer."""
        old = self.old('fin_wait2_expires', family, begun=True)
        wait_for(lambda: self.watch.pump() is not None and not any(
            entry[1:5] == self.a for entry in proctcp.read()),
            'the end of FIN_WAIT2', 2 * EXPIRY)
        self.step('expired', a=None)
        self.paths(self.a, 'FIN_WAIT2 -timeout> CLOSE')
        tcp.reset_on_close(old.server)
        old.server.close()
        self.step('reset', b=None)

    @over(*ALL)
    def test_time_wait_expires(self, family):
        """Its timer runs already; the duration is a lower bound."""
        self.old('time_wait_expires', family, begun=True)
        wait_for(lambda: self.watch.pump() is not None and not any(
            entry[1:5] == self.a for entry in proctcp.read()),
            'the end of TIME_WAIT', 2 * TIME_WAIT)
        self.step('expired', a=None)
        self.paths(self.a, 'TIME_WAIT -tw-expired> CLOSE')


CASES = [Middle]
