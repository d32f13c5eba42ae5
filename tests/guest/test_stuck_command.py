# SPDX-License-Identifier: GPL-2.0
"""The command "tcpstates stuck": who is named, what is said, how it ends."""

import contextlib
import json
import os
import socket
import subprocess
import time
import unittest

from lib import kernel, tcp
from lib.all_states import BOTH, AllStates
from lib.harness import expand, over
from lib.processes import Child, Reader, wait_for
from lib.stream import parse_line
from lib.stuck import Leak, leak_of, set_limit
from lib.terminal import COMMAND, Terminal

COMMAND = ('tcpstates', 'stuck')
MEANINGS = {
    'CLOSE_WAIT': 'has not called close()', 'SYN_SENT': 'Nobody answers',
    'SYN_RECV': 'nothing comes back', 'FIN_WAIT1': 'acknowledge our FIN',
    'FIN_WAIT2': "peer's application has not",
    'LAST_ACK': 'Both sides have closed', 'CLOSING': 'at the same time',
}


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


def run(*words, **named):
    return subprocess.run([*COMMAND, *words], capture_output=True, check=False,
                          text=True, timeout=30, **named)


def descriptors():
    """{inode: number} of the sockets of this process."""
    found = {}
    for name in os.listdir('/proc/self/fd'):
        with contextlib.suppress(OSError):
            target = os.readlink(f'/proc/self/fd/{name}')
            if target.startswith('socket:['):
                found.setdefault(int(target[8:-1]), []).append(int(name))
    return found


def sleeping_child(*keep):
    """A process that has only these sockets, until it is killed."""
    return Child(lambda: time.sleep(1000), keep=keep)


class CommandTest(unittest.TestCase):
    maxDiff = 4000

    def leak(self, *arguments):
        leak = Leak(*arguments)
        self.addCleanup(leak.close)
        return leak

    def found(self, *words, status=0):
        """The objects, by cookie."""
        done = run('--older', '1s', '--json', *words)
        self.assertEqual((done.returncode, done.stderr), (status, ''))
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        return {int(each['conn'], 16): each for each in objects}

    def await_found(self, *conns):
        """The objects, when these cookies have been stuck for a second."""
        wait_for(lambda: set(conns) <= set(self.found()), 'a second')
        return self.found()

    @staticmethod
    def holders(found):
        return {(each['pid'], each['fd']) for each in found['holders']}


@expand
class Holders(CommandTest):
    @over(*BOTH)
    def test_every_state(self, family):
        """Each socket that this process has open by /proc, and no other."""
        held = AllStates((family,))
        self.addCleanup(held.close)
        wait_for(lambda: {each['new'] for each in self.found().values()} ==
                 set(MEANINGS), 'all states')
        mine = descriptors()
        for each in self.found().values():
            text = each['meaning']
            self.assertIn(MEANINGS[each['new']], text)
            if 'orphan' in each['flags']:
                self.assertEqual(each['holders'], [])
            elif 'unaccepted' not in each['flags']:
                self.assertEqual(self.holders(each),
                                 {(os.getpid(), fd)
                                  for fd in mine[each['inode']]})

    def test_after_fork(self):
        leak = self.leak()
        child = sleeping_child(leak.sock.fileno())
        self.addCleanup(child.kill)
        found = self.await_found(leak.conn)[leak.conn]
        fd = leak.sock.fileno()
        self.assertEqual(self.holders(found),
                         {(os.getpid(), fd), (child.pid, fd)})
        self.assertEqual({each['comm'] for each in found['holders']},
                         {'python3'})

    def test_passed_on(self):
        """The holder is the process that received the socket by SCM_RIGHTS."""
        leak = self.leak()
        child = sleeping_child(leak.sock.fileno())
        self.addCleanup(child.kill)
        fd = leak.sock.fileno()
        leak.sock.close()
        found = self.await_found(leak.conn)[leak.conn]
        self.assertEqual(self.holders(found), {(child.pid, fd)})
        self.assertEqual(found['pid'], os.getpid())

    def test_in_flight(self):
        """In flight between two processes: that no holder is found is no proof."""
        leak = self.leak()
        ours, theirs = socket.socketpair(socket.AF_UNIX)
        with ours, theirs:
            socket.send_fds(ours, [b'x'], [leak.sock.fileno()])
            leak.sock.close()
            found = self.await_found(leak.conn)[leak.conn]
            self.assertIsNone(found['holders'])

    def test_twice_in_one_process(self):
        leak = self.leak()
        copies = [leak.sock.dup() for _ in range(3)]
        for copy in copies:
            self.addCleanup(copy.close)
        found = self.await_found(leak.conn)[leak.conn]
        self.assertEqual(
            self.holders(found),
            {(os.getpid(), sock.fileno()) for sock in (leak.sock, *copies)})

    def test_many(self):
        """More holders than there is room for: the text stays complete."""
        leak = self.leak()
        copies = [leak.sock.dup() for _ in range(1000)]
        for copy in copies:
            self.addCleanup(copy.close)
        found = self.await_found(leak.conn)[leak.conn]
        self.assertGreater(len(found['holders']), 100)
        self.assertIn('close()', found['meaning'])
        line = [line for line in
                run('--older', '1', '--lines').stdout.splitlines()
                if f' conn={leak.conn:x} ' in line][0]
        self.assertRegex(line, r' holders=\d+:\d+(,\d+:\d+){100,}$')

    def test_in_a_container(self):
        """A process in namespaces of its own, of all kinds that matter."""
        def enter():
            kernel.enter_new_netns(kernel.CLONE_NEWPID | kernel.CLONE_NEWNS)
            if os.fork():
                os.wait()
                os._exit(0)

        conn, fd, outer = leak_of(self, 'python3', enter)
        found = self.await_found(conn)[conn]
        (pid, number), = self.holders(found)
        self.addCleanup(os.kill, pid, 9)
        self.assertEqual(number, fd)
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            self.assertEqual(int(file.read().split()[3]), outer)

    @over(*BOTH)
    def test_not_accepted(self, family):
        """The listener's accept queue is named."""
        family = tcp.FAMILIES[family]
        listener = family.listener()
        self.addCleanup(listener.close)
        client = family.open()
        client.connect(listener.getsockname()[:2])
        end = tcp.flip(tcp.ends(client))
        client.close()

        def found():
            return [each for each in self.found().values()
                    if (each['laddr'], each['lport']) == end[:2] and
                    each['new'] == 'CLOSE_WAIT']

        wait_for(found, 'a second')
        each, = found()
        self.assertEqual(each['flags'], ['unaccepted'])
        self.assertIn('not even accepted', each['meaning'])
        self.assertEqual(self.holders(each),
                         {(os.getpid(), listener.fileno())})

    def test_not_accepted_by_any(self):
        """Two listeners of one address: the queue cannot be told."""
        with contextlib.ExitStack() as stack:
            listeners = []
            for _ in range(2):
                sock = stack.enter_context(socket.socket())
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                sock.bind(listeners[0].getsockname() if listeners else
                          ('127.0.0.1', 0))
                sock.listen()
                listeners.append(sock)
            address = listeners[0].getsockname()
            socket.create_connection(address).close()
            wait_for(lambda: [each for each in self.found().values()
                              if each['lport'] == address[1]], 'a second')
            each, = [each for each in self.found().values()
                     if each['lport'] == address[1]]
            self.assertIsNone(each['holders'])

    def test_names(self):
        """No name of a process can break a line, or the terminal."""
        conn, _, pid = leak_of(self, 'x"\\\n\x1b[31m\x7f=')
        found = self.await_found(conn)[conn]
        self.assertEqual(found['holders'][0]['comm'], found['comm'])
        self.assertTrue(found['comm'].startswith('x"'))
        table = run('--older', '1', '--table').stdout
        self.assertNotIn('\x1b', table)
        self.assertIn(f'{pid}/x"\\??[31m', table)

    def test_without_rights(self):
        """A user who may read the device, but not other users' /proc/PID/fd."""
        leak = self.leak()
        self.await_found(leak.conn)
        os.chmod('/dev/tcpstates', 0o644)
        self.addCleanup(os.chmod, '/dev/tcpstates', 0o600)

        def ask(*words):
            return subprocess.run(
                ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups',
                 *COMMAND, '--older', '1', *words], text=True, check=True,
                capture_output=True).stdout

        each, = [json.loads(line) for line in ask('--json').splitlines()
                 if int(json.loads(line)['conn'], 16) == leak.conn]
        self.assertIsNone(each['holders'])
        self.assertRegex(ask('--table'), r'\d+ processes could not be inspected')


class Forms(CommandTest):
    def test_lines(self):
        leak = self.leak()
        self.await_found(leak.conn)
        done = run('--older', '1')
        line = [line for line in done.stdout.splitlines(True)
                if f' conn={leak.conn:x} ' in line][0]
        before, _, holders = line.rpartition(' holders=')
        self.assertEqual(holders, f'{os.getpid()}:{leak.sock.fileno()}\n')
        event = parse_line(before.encode() + b'\n', complete=True)
        self.assertEqual((event.event, event.new), ('existing', 'CLOSE_WAIT'))

    def test_terminal(self):
        """No state, address or name makes a line longer than 80 columns."""
        held = AllStates()
        self.addCleanup(held.close)
        wait_for(lambda: {each['new'] for each in self.found().values()} ==
                 set(MEANINGS), 'all states')
        terminal = Terminal('stuck', '--older', '1')
        self.addCleanup(terminal.close)
        text = terminal.read(lambda text: False)
        lines = text.split('\r\n')
        self.assertEqual([line for line in lines if len(line) > 80 and
                          '\x1b' not in line], [])
        for state, meaning in MEANINGS.items():
            self.assertIn(state, text)
            self.assertIn(meaning.split()[0], text)
        self.assertGreater(text.count(f'{os.getpid()}/python3 fd '), 10)

    def test_nothing(self):
        done = run()
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, '', ''))
        terminal = Terminal('stuck')
        self.addCleanup(terminal.close)
        self.assertEqual(terminal.read(lambda text: False),
                         'Nothing has been stuck for 1m00s or longer.\r\n')

    def test_full_disk(self):
        leak = self.leak()
        self.await_found(leak.conn)
        with open('/dev/full', 'w', encoding='ascii') as full:
            done = subprocess.run([*COMMAND, '--older', '1'], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'No space left', done.stderr)

    def test_older(self):
        leak = self.leak()
        self.await_found(leak.conn)
        for age in ('1', '1s'):
            self.assertIn(f' conn={leak.conn:x} ',
                          run('--older', age).stdout)
        for age in ('1m', '1h', '1d', '36500d'):
            self.assertEqual(run('--older', age).stdout, '')

    def test_bad_words(self):
        for words in (('--older', ''), ('--older', '0'), ('--older', '-1'),
                      ('--older', '1x'), ('--older', '1ss'),
                      ('--older', '36501d'), ('--older', '1.5'),
                      ('--older', '99999999999999999999'), ('--older',),
                      ('x',), ('--nothing',), ('--watch=1',)):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ''), words)
            self.assertRegex(done.stderr, r'^tcpstates: [^$]*[sS]ee ')

    def test_no_device(self):
        for words in ((), ('--watch',)):
            done = run('--device', '/nowhere', *words)
            self.assertEqual((done.returncode, done.stdout), (1, ''))
            self.assertIn('/nowhere', done.stderr)


class Check(CommandTest):
    def check(self, levels, *words):
        done = run('--check', levels, *words)
        return done.returncode, done.stdout

    def test_levels(self):
        leaks = [self.leak() for _ in range(3)]
        self.await_found(*(leak.conn for leak in leaks))
        # The peers are here, too.
        done = self.check('7,8', '--older', '1')
        self.assertEqual(done, (
            0, 'TCPSTATES OK - 6 stuck for 1s or more: 3 in FIN_WAIT2, 3 in '
            'CLOSE_WAIT | stuck=6;7;8;0\n'))
        self.assertEqual(self.check('6,7', '--older', '1')[0], 1)
        self.assertEqual(self.check('6,6', '--older', '1')[0], 2)
        self.assertEqual(self.check('1,6', '--older', '1')[0], 2)
        self.assertEqual(self.check('1,1', '--older', '1h'), (
            0, 'TCPSTATES OK - 0 stuck for 3600s or more | '
            'stuck=0;1;1;0\n'))

    def test_unknown(self):
        for words in (('2,1',), ('1',), ('0,1',), ('a,b',), ('1,2,3',),
                      ('1,2', '--device', '/nowhere'), ('1,2', '--watch'),
                      ('1,2', '--exec', 'true'), ('1,2', 'x')):
            status, text = self.check(*words)
            self.assertEqual((status, text.split(' - ')[0]),
                             (3, 'TCPSTATES UNKNOWN'), words)


class Exec(CommandTest):
    def test_fields(self):
        leak = self.leak()
        self.await_found(leak.conn)
        done = run('--older', '1', '--exec',
                   'echo "$TCPSTATES_CONN $TCPSTATES_NEW $TCPSTATES_COMM '
                   '$TCPSTATES_PID $TCPSTATES_HOLDERS"; cat')
        lines = done.stdout.splitlines()
        first = lines.index(f'{leak.conn:x} CLOSE_WAIT python3 {os.getpid()} '
                            f'{os.getpid()}:{leak.sock.fileno()}')
        self.assertEqual(json.loads(lines[first + 1])['meaning'],
                         'The peer has closed, and the program here has not '
                         'called close().')
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_no_injection(self):
        """A process name with shell commands is only a name."""
        self.await_found(leak_of(self, '$(touch /x);`w`')[0])
        done = run('--older', '1', '--exec', 'echo "$TCPSTATES_COMM"')
        self.assertIn('$(touch /x);`w`\n', done.stdout)
        self.assertFalse(os.path.exists('/x'))

    def test_failures(self):
        leak = self.leak()
        self.await_found(leak.conn)
        done = run('--older', '1', '--exec', 'exit 7')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn("'exit 7' exited with status 7", done.stderr)
        done = run('--older', '1', '--exec', 'kill -9 $$')
        self.assertIn('was killed by signal 9', done.stderr)
        done = run('--older', '1', '--json', '--exec', 'exec <&-')
        self.assertEqual(done.returncode, 0)
        self.assertIn(leak.conn, {int(json.loads(line)['conn'], 16)
                                  for line in done.stdout.splitlines()})


class Watch(CommandTest):
    def setUp(self):
        set_limit('CLOSE_WAIT', 1)
        self.addCleanup(set_limit, 'CLOSE_WAIT', 60)

    def test_watch(self):
        """First the stuck connections that exist, then new ones."""
        old = self.leak()
        self.await_found(old.conn)
        with Reader(*COMMAND, '--watch', '--older', '1', '--json') as reader:
            first = json.loads(reader.lines(1).splitlines()[0])
            new = self.leak()
            reader.read(lambda output: f'"conn":"{new.conn:x}"'.encode() in
                        output and output.endswith(b'\n'))
            objects = [json.loads(line)
                       for line in reader.output.splitlines()]
        self.assertEqual((first['event'], int(first['conn'], 16)),
                         ('existing', old.conn))
        mine = [each for each in objects
                if int(each['conn'], 16) == new.conn]
        self.assertEqual((mine[0]['event'], mine[0]['old'], mine[0]['new']),
                         ('stuck', 'CLOSE_WAIT', 'CLOSE_WAIT'))
        self.assertEqual(self.holders(mine[0]),
                         {(os.getpid(), new.sock.fileno())})

    def test_exec(self):
        with Reader(*COMMAND, '--watch', '--older', '1', '--exec',
                    'echo $TCPSTATES_EVENT $TCPSTATES_CONN') as reader:
            leak = self.leak()
            wanted = f'stuck {leak.conn:x}\n'.encode()
            reader.read(lambda output: output.count(wanted) >= 2)

    def test_limits_that_are_off(self):
        process = subprocess.Popen([*COMMAND, '--watch'],
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        self.assertIn('limits of the module are 0', process.stderr.readline())
        self.assertEqual(process.stderr.readline(),
                         ' stuck_syn_sent stuck_syn_recv stuck_fin_wait1 '
                         'stuck_fin_wait2 stuck_last_ack stuck_closing\n')


CASES = [Holders, Forms, Check, Exec, Watch]
