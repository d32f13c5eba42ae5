# SPDX-License-Identifier: GPL-2.0
"""The exporter's counts, against the kernel's own table at each moment."""

import collections
import os
import signal
import socket
import time

from export.base import PORT, ExportTest, labels
from lib import kernel, proctcp, tcp, uapi
from lib.all_states import AllStates
from lib.harness import limit
from lib.processes import Child, wait_for
from lib.stuck import leak_of, set_limit, stuck


def queue_one_elsewhere(sock, address):
    """Holds a listener with one connection in a new network namespace."""
    kernel.enter_new_netns()
    with socket.create_server(address, backlog=4096):
        with socket.create_connection(address):
            sock.send(b'.')
            sock.recv(1)


class Counts(ExportTest):
    def test_as_the_kernel_has_it(self):
        """Connections by state, older and younger than the exporter."""
        held = AllStates(('v4',))
        self.addCleanup(held.close)
        self.exporter()
        younger = AllStates(('v6',))
        self.addCleanup(younger.close)

        def kernels():
            # The scraper's own connections come and go.
            return collections.Counter(
                entry.state.lower() for entry in proctcp.read()
                if PORT not in (entry.lport, entry.rport))

        def equal():
            before = kernels()
            ours = {state: count for state, count in self.states().items()
                    if count}
            # Its listener, this question, and earlier ones in TIME_WAIT.
            ours['listen'] -= 1
            ours['established'] -= 2
            return before == kernels() and all(
                ours.get(state) == before[state]
                for state in before if state != 'time_wait')

        wait_for(equal, 'the counts are those of /proc/net/tcp')

    def test_by_owner_and_listener(self):
        self.exporter()
        leaks = [self.leak() for _ in range(3)]
        end = leaks[0].end
        self.assertEqual(self.value('owner_connections', comm='python3',
                                    state='close_wait'), 3)
        self.assertEqual(self.value('listener_connections',
                                    listener=f'{end[0]}:{end[1]}',
                                    state='close_wait'), 1)
        for leak in leaks:
            leak.close()
        wait_for(lambda: self.value('owner_connections', comm='python3',
                                    state='close_wait') == 0,
                 'they are gone, and told as 0')

    def test_stuck(self):
        """Stuck connections that exist, new ones, and none that have ended."""
        set_limit('CLOSE_WAIT', 1)
        self.addCleanup(set_limit, 'CLOSE_WAIT', 60)
        old = self.leak()
        time.sleep(1.1)
        self.exporter()

        def stuck():
            return self.value('stuck_connections', comm='python3',
                              state='close_wait')

        self.assertEqual(stuck(), 1)
        new = self.leak()
        wait_for(lambda: stuck() == 2, 'both')
        self.assertGreaterEqual(
            self.value('stuck_events_total', state='close_wait'), 1)
        old.close()
        wait_for(lambda: stuck() == 1, 'one')
        new.close()
        wait_for(lambda: stuck() == 0, 'none')

    def test_transitions(self):
        self.exporter()
        keys = {'old': 'syn_sent', 'new': 'established', 'cause': 'synack'}
        before = self.value('transitions_total', **keys) or 0
        family = tcp.FAMILIES['v4']
        with family.listener() as listener:
            for _ in range(10):
                client = family.open()
                client.connect(listener.getsockname()[:2])
                listener.accept()[0].close()
                client.close()
            found = self.metrics()
        # Each question is a connection, too.
        grown = {labels(**dict(key)): value for key, value in
                 found['transitions_total'].items()}[labels(**keys)] - before
        self.assertIn(grown, (11, 12))
        for side in 'active', 'passive':
            self.assertGreaterEqual(
                found['handshake_seconds_count'][('side', side),], 10)
            self.assertEqual(
                found['handshake_seconds_bucket'][('side', side),
                                                  ('le', '+Inf')],
                found['handshake_seconds_count'][('side', side),])

    def test_queues(self):
        """The length of the accept queue, and its limit."""
        self.exporter()
        family = tcp.FAMILIES['v4']
        with family.listener(backlog=3) as listener:
            address = listener.getsockname()[:2]
            name = f'{address[0]}:{address[1]}'
            clients = [socket.create_connection(address) for _ in range(3)]
            self.assertEqual(self.value('accept_queue', listener=name), 3)
            self.assertEqual(self.value('accept_queue_limit', listener=name),
                             3)
            for client in clients:
                client.close()

    def expect_queue(self, length, backlog, **named):
        self.assertEqual((self.value('accept_queue', **named),
                          self.value('accept_queue_limit', **named)),
                         (length, backlog))

    def test_queue_of_another_netns(self):
        """A user's own namespace neither hides nor imitates a service's queue."""
        self.exporter()
        with tcp.FAMILIES['v4'].listener(backlog=3) as listener:
            address = listener.getsockname()[:2]
            name = f'{address[0]}:{address[1]}'
            clients = [socket.create_connection(address) for _ in range(3)]
            self.addCleanup(lambda: [client.close() for client in clients])
            here, there = socket.socketpair()
            other = Child(queue_one_elsewhere, there, address,
                          keep=[there.fileno()])
            there.close()
            self.assertEqual(here.recv(1), b'.')
            self.expect_queue(3, 3, listener=name)
            self.expect_queue(1, 4096, listener=name, netns='other')
            here.close()
            other.join()

    def test_after_a_loss(self):
        """After a loss the counts are right again, and the loss is counted."""
        kernel.unload()
        kernel.load('ring_records=1024')
        self.addCleanup(self.reload)
        exporter = self.exporter()
        listener = tcp.FAMILIES['v4'].listener(4096)
        self.addCleanup(listener.close)
        os.kill(exporter.process.pid, signal.SIGSTOP)
        start = self.recorded()
        while self.recorded() - start < 2 * 1024 * os.cpu_count():
            tcp.exchange(tcp.FAMILIES['v4'], 100, listener)
        leak = self.leak()
        os.kill(exporter.process.pid, signal.SIGCONT)
        wait_for(lambda: self.value('lost_records_total') > 0, 'a loss')
        self.assertEqual(self.value('owner_connections', comm='python3',
                                    state='close_wait'), 1)
        leak.close()

    @staticmethod
    def reload():
        kernel.unload()
        kernel.load()

    @staticmethod
    def recorded():
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        try:
            return uapi.get_stats(fd).recorded
        finally:
            os.close(fd)

    def test_hostile_name(self):
        self.exporter()

        leak_of(self, 'a"\\\n}{,=\x01\x7f')
        self.assertEqual(
            self.value('owner_connections', state='close_wait',
                       comm=r'a\\x22\\x5c\\x0a}{,=\\x01\\x7f'), 1)

    def test_names_that_stand_for_others(self):
        """
        Whoever is called as what has no name is counted by himself, and nothing is
        told twice: parse() looks for that.
        """
        self.exporter()
        names = ['(other)', '(unknown)', '(all other names', '(owner not know',
                 '', '-', '"', '",state="x', '\x1b[2J', '\u202e', '\\x22', 'a\nb']
        own = kernel.read_file('/proc/self/comm')
        self.addCleanup(kernel.write_file, '/proc/self/comm', own)
        for name in names:
            kernel.write_file('/proc/self/comm', name or '\0')
            self.leak()
        told = {dict(key)['comm']: value for key, value in
                self.metrics()['owner_connections'].items()
                if dict(key)['state'] == 'close_wait'}
        for name in names:
            self.assertEqual(told.pop(self.as_label(name), None), 1,
                             (name, told))
        self.assertEqual(set(told.values()) - {0.0}, set(), told)

    @staticmethod
    def as_label(name):
        """The name, escaped as in a line, and then as a label of Prometheus."""
        name = name.encode()[:15].decode(errors='surrogateescape')
        return ''.join(
            character if character.isprintable() and character not in '"\\'
            else ''.join(f'\\\\x{byte:02x}' for byte in
                         character.encode(errors='surrogateescape'))
            for character in name)

    @limit(200)
    def test_many_names(self):
        """More names than places: the remaining ones are counted together."""
        self.exporter()
        family = tcp.FAMILIES['v4']
        listener = family.listener(1024)
        self.addCleanup(listener.close)
        comm = kernel.read_file('/proc/self/comm')
        self.addCleanup(kernel.write_file, '/proc/self/comm', comm)
        socks = []
        for number in range(400):
            kernel.write_file('/proc/self/comm', f'name{number}')
            sock = family.open()
            sock.connect(listener.getsockname()[:2])
            socks.append(sock)
        found = self.metrics()['owner_connections']
        states = collections.Counter()
        for key, value in found.items():
            if dict(key)['state'] == 'established':
                states[dict(key)['comm']] = value
        self.assertLessEqual(len(states), 256)
        self.assertGreater(states['(all other names)'], 100)
        self.assertEqual(
            sum(value for name, value in states.items()
                if name.startswith('name')) +
            states['(all other names)'] > 400, True)
        for sock in socks:
            sock.close()
