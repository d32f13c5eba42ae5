# SPDX-License-Identifier: GPL-2.0
"""
tcpstates run: the connections of one command, all of them and no others, as
pictures whose states are those that the device tells of both ends.
"""

import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import textwrap
import unittest
import xml.etree.ElementTree

from lib import kernel, proctcp, tcp, uapi
from lib.harness import expand, over
from lib.processes import PATIENCE, Child, Reader, wait_for
from lib.show import show

FAMILIES = ('v4', 'v6', 'mapped')
COLUMNS = 79
LEFT, ARROW, RIGHT, AFTER = 11, 23, 56, 68
SPAN = re.compile(r'\s*(\d+ us|\d+\.\d{3} ms|\d+\.\d{3} s)?\s*')
CGROUPS = '/sys/fs/cgroup'
NOBODY = 65534

# What each side of an ordinary connection goes through, the client closing first.
CLIENT = ['CLOSE', 'SYN_SENT', 'ESTABLISHED', 'FIN_WAIT1', 'FIN_WAIT2',
          'TIME_WAIT']
SERVER = ['LISTEN', 'SYN_RECV', 'ESTABLISHED', 'CLOSE_WAIT', 'LAST_ACK', 'CLOSE']
SEGMENTS = [('>', 'SYN, connect'), ('<', 'SYN-ACK'), ('>', 'ACK'),
            ('>', 'FIN, close'), ('<', 'ACK'), ('<', 'FIN, close'), ('>', 'ACK')]

# Connects to each port that it is told, in turn; waits for the peer's FIN in between.
CLIENT_PROGRAM = textwrap.dedent('''
    import socket, sys
    for port in sys.argv[2:]:
        with socket.create_connection((sys.argv[1], int(port))) as sock:
            sock.sendall(b'question')
            sock.recv(100)
''')


def setUpModule():
    kernel.load()


def tearDownModule():
    kernel.unload()


def tcpstates(*words, status=0, **named):
    done = subprocess.run(['tcpstates', 'run', *words], capture_output=True,
                          check=False, text=True, timeout=3 * PATIENCE, **named)
    assert done.returncode == status, (words, done)
    return done


def client(host, *ports):
    return ['python3', '-c', CLIENT_PROGRAM, host, *map(str, ports)]


@dataclasses.dataclass
class Picture:
    """A ladder, split into its columns."""
    number: int
    ends: tuple
    left: list
    right: list
    segments: list
    story: str


def side_of(line):
    return line[LEFT:ARROW].strip(), line[RIGHT:AFTER].strip()


def segment_of(arrow):
    """(direction, label), or the words of what happened without a segment."""
    word = re.fullmatch(r'\s*\((\S+)\)\s*', arrow)
    if word:
        return word[1]
    parts = [part.strip() for part in re.split(r'-{2,}>?|<?-{2,}|- |<', arrow)
             if part.strip()]
    labels = [part for part in parts if not SPAN.fullmatch(part)]
    return ('<' if arrow.startswith('<') else '>', *labels)


def picture_of(text):
    lines = text.splitlines()
    head = re.match(r'#(\d+) ', lines[0])
    assert all(len(line) <= COLUMNS for line in lines), text
    ends = tuple(zip(side_of_head(lines[0]), side_of_head(lines[1])))
    left, right = side_of(lines[2])
    picture = Picture(int(head[1]), ends, [left], [right], [], '')
    for place, line in enumerate(lines[3:]):
        if not re.match(SPAN.pattern + r'[A-Z ][A-Z_\d ]{10} ?(<--|---|  )',
                        line) or line.startswith(' ' * LEFT) and \
                not line[ARROW:RIGHT].strip(' ').startswith(('-', '<')):
            picture.story = ' '.join(map(str.strip, lines[3 + place:]))
            break
        for states, state in zip((picture.left, picture.right), side_of(line)):
            if state:
                states.append(state)
        picture.segments.append(segment_of(line[ARROW:RIGHT - 1]))
    return picture


def side_of_head(line):
    return tuple(re.split(r'\s{2,}', line[LEFT:].strip()))


def pictures(text):
    return [picture_of(part) for part in text.split('\n\n') if part.strip()]


def answer(listener, count=1):
    """A server in a process of its own: reads, then waits for its peer to close."""
    def serve():
        for _ in range(count):
            sock = listener.accept()[0]
            sock.recv(100)
            sock.sendall(b'answer')
            while sock.recv(100):
                pass
            sock.close()
    return Child(serve, keep=[listener.fileno()])


@expand
class Ladder(unittest.TestCase):
    @over(*FAMILIES)
    def test_both_ends(self, name):
        """The peer is another process on this host."""
        family = tcp.FAMILIES[name]
        with family.listener() as listener:
            port = listener.getsockname()[1]
            server = answer(listener)
            done = tcpstates('--', *client(family.host, port))
            [picture] = pictures(done.stdout)
            server.join()
        show('tcpstates run', done.stdout)
        self.assertEqual((picture.left, picture.right), (CLIENT, SERVER))
        self.assertEqual(picture.segments, SEGMENTS)
        host = {'v6': '[::1]'}.get(name, '127.0.0.1')
        (owner, here), (other, there) = picture.ends
        self.assertRegex(owner, r'^\d+/python3$')
        self.assertEqual(other, f'{server.pid}/python3')
        self.assertEqual(there, f'{host}:{port}')
        self.assertTrue(here.startswith(host))
        self.assertIn(f'{owner} closed first (active close), then {other} '
                      '(passive close).', picture.story)
        self.assertIn('8 bytes sent, ', picture.story)

    def test_refused(self):
        with tcp.FAMILIES['v4'].listener() as listener:
            port = listener.getsockname()[1]
        done = tcpstates('curl', '-s', f'http://127.0.0.1:{port}/', status=7)
        show('tcpstates run curl', done.stdout)
        [picture] = pictures(done.stdout)
        self.assertEqual(picture.left, ['CLOSE', 'SYN_SENT', 'CLOSE'])
        self.assertEqual(picture.right, [''])
        self.assertEqual(picture.segments, [('>', 'SYN, connect'),
                                            ('<', 'RST or ICMP, refused')])
        self.assertIn('Refused: ', picture.story)

    def test_command_serves(self):
        """The client is on the left."""
        program = ('import socket; s = socket.create_server(("127.0.0.1", 0)); '
                   'print(s.getsockname()[1], flush=True); '
                   'c = s.accept()[0]; c.recv(1); c.close()')
        with Reader('tcpstates', 'run', 'python3', '-c', program) as reader:
            port = int(reader.lines(1))
            sock = socket.create_connection(('127.0.0.1', port))
            sock.close()
            text = reader.rest().decode().partition('\n')[2]
        [picture] = pictures(text)
        self.assertEqual(picture.left, CLIENT)
        self.assertEqual(picture.right, SERVER)
        self.assertEqual(picture.ends[0][0], f'{os.getpid()}/python3')

    def test_both_ends_are_the_command_s(self):
        """If the command has both ends, there is one picture."""
        program = ('import socket; s = socket.create_server(("127.0.0.1", 0)); '
                   'c = socket.create_connection(s.getsockname()); '
                   'a = s.accept()[0]; c.close(); a.recv(1); a.close()')
        [picture] = pictures(tcpstates('python3', '-c', program).stdout)
        self.assertEqual((picture.left, picture.right), (CLIENT, SERVER))

    def test_leak(self):
        """A connection that stays is drawn as it is, after a bounded wait."""
        with tcp.FAMILIES['v4'].listener() as listener:
            port = listener.getsockname()[1]
            program = ('import socket; '
                       f's = socket.create_connection(("127.0.0.1", {port}))')
            done = tcpstates('--wait', '1s', 'python3', '-c', program)
            [picture] = pictures(done.stdout)
            self.assertEqual(picture.left[-1], 'FIN_WAIT2')
            self.assertEqual(picture.right[-1], 'CLOSE_WAIT')
            self.assertIn('is still in CLOSE_WAIT. The peer has closed, and the '
                          'program here has not even accepted it', picture.story)

    def test_end_of_time_wait(self):
        """With --time-wait, the picture contains the end of TIME_WAIT."""
        program = textwrap.dedent('''
            import errno, socket, sys
            for _ in range(2):
                while True:
                    sock = socket.socket()
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    sock.bind(('127.0.0.1', int(sys.argv[2])))
                    try:
                        sock.connect(('127.0.0.1', int(sys.argv[1])))
                    except OSError as error:
                        assert error.errno == errno.EADDRNOTAVAIL
                        continue
                    break
                sock.sendall(b'question')
                sock.recv(100)
                sock.close()
        ''')
        with tcp.FAMILIES['v4'].listener() as listener:
            server = answer(listener, 2)
            done = tcpstates('--time-wait', '--wait', '1s', 'python3', '-c',
                             program, str(listener.getsockname()[1]),
                             str(next(tcp.ports)))
            server.join()
        both = [each for each in pictures(done.stdout)
                if 'ESTABLISHED' in each.left]
        self.assertEqual([each.left for each in both],
                         [CLIENT + ['CLOSE'], CLIENT])
        self.assertEqual(both[0].segments[-1], 'tw-reused')


class Whose(unittest.TestCase):
    def test_children_and_nobody_else(self):
        """Connections of the command's daemons are shown, others are not."""
        with tcp.FAMILIES['v4'].listener() as listener:
            port = listener.getsockname()[1]
            server = answer(listener, 3)
            foreign = Child(lambda: subprocess.run(
                client('127.0.0.1', port), check=True) and None)
            command = 'setsid "$@" & setsid setsid "$@" & exit 3'
            done = tcpstates('sh', '-c', command, 'sh',
                             *client('127.0.0.1', port), status=3)
            foreign.join()
            server.join()
        self.assertEqual([(each.number, each.left) for each in
                          pictures(done.stdout)], [(1, CLIENT), (2, CLIENT)])

    def test_many(self):
        with tcp.FAMILIES['v4'].listener(backlog=128) as listener:
            ports = [listener.getsockname()[1]] * 200
            server = answer(listener, len(ports))
            done = tcpstates(*client('127.0.0.1', *ports))
            server.join()
        drawn = pictures(done.stdout)
        self.assertEqual(sorted(each.number for each in drawn),
                         list(range(1, len(ports) + 1)))
        for each in drawn:
            self.assertEqual((each.left, each.right), (CLIENT, SERVER))

    def test_user(self):
        with tcp.FAMILIES['v4'].listener() as listener:
            port = listener.getsockname()[1]
            server = answer(listener)
            done = tcpstates('--user', 'nobody', '--json', '--',
                             *client('127.0.0.1', port))
            server.join()
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([row['new'] for row in rows], CLIENT[1:])
        self.assertEqual({row['uid'] for row in rows}, {NOBODY})

    def test_without_rights(self):
        """The message says what to do."""
        os.chmod(uapi.DEVICE, 0o644)
        done = tcpstates('true', status=125, user=NOBODY, group=NOBODY,
                         extra_groups=[])
        self.assertIn('run it as root', done.stderr)
        self.assertIn('systemd-run --user', done.stderr)


class Forms(unittest.TestCase):
    def test_json(self):
        """The same objects as of other commands, for the command's side only."""
        with tcp.FAMILIES['v4'].listener() as listener:
            port = listener.getsockname()[1]
            server = answer(listener)
            with Reader('tcpstates', '--json') as reader:
                done = tcpstates('--json', '--', *client('127.0.0.1', port))
                own = done.stdout.splitlines()
                everybody = reader.read(lambda output: all(
                    line.encode() in output for line in own))
            server.join()
        rows = [json.loads(line) for line in own]
        self.assertEqual([row['new'] for row in rows], CLIENT[1:])
        self.assertEqual(own, [
            line for line in everybody.decode().splitlines()
            if json.loads(line)['conn'] == rows[0]['conn']])

    def test_svg(self):
        path = '/tmp/ladder.svg'
        with tcp.FAMILIES['v6'].listener() as listener:
            server = answer(listener)
            done = tcpstates('--svg', path, '--',
                             *client('::1', listener.getsockname()[1]))
            server.join()
        root = xml.etree.ElementTree.parse(path).getroot()
        texts = [each.text for each in root.iter() if each.tag.endswith('text')]
        for state in CLIENT + SERVER:
            self.assertIn(state, texts)
        arrows = [each for each in root.iter() if each.get('marker-end')]
        self.assertEqual(len(arrows), len(SEGMENTS))
        self.assertEqual(len(pictures(done.stdout)), 1)

    def test_live(self):
        """Steps are shown while the connection is still open."""
        program = ('import socket, sys; '
                   's = socket.create_connection(("127.0.0.1", '
                   'int(sys.argv[1]))); s.recv(1)')
        with tcp.FAMILIES['v4'].listener() as listener:
            with Reader('tcpstates', 'run', '--live', 'python3', '-c', program,
                        str(listener.getsockname()[1])) as reader:
                sock = listener.accept()[0]
                text = reader.read(lambda output:
                                   output.count(b' ESTABLISHED') == 2)
                self.assertNotIn(b'FIN', text)
                sock.close()
                text = reader.rest().decode()
        show('tcpstates run --live', text)
        for word in ('FIN_WAIT1', 'CLOSE_WAIT', 'LAST_ACK', '(active close)'):
            self.assertIn(word, text)
        self.assertTrue(all(len(line) <= COLUMNS for line in text.splitlines()))

    def test_colour(self):
        """On a terminal, unless NO_COLOR says otherwise."""
        with tcp.FAMILIES['v4'].listener() as listener:
            port = str(listener.getsockname()[1])
        for variables, coloured in ((('TERM=xterm',), True),
                                    (('TERM=xterm', 'NO_COLOR=1'), False)):
            with Reader('env', *variables, 'tcpstates', 'run', 'curl', '-s',
                        f'http://127.0.0.1:{port}/', terminal=True) as reader:
                text = reader.rest()
            self.assertIn(b'SYN_SENT', text)
            self.assertEqual(b'\033[' in text, coloured)

    def test_none(self):
        done = tcpstates('true')
        self.assertEqual(done.stdout, '')
        self.assertIn('no TCP connection was made', done.stderr)

    def test_lost(self):
        """Pictures after a loss say that they are incomplete."""
        kernel.unload()
        kernel.load('ring_records=64')
        with tcp.FAMILIES['v4'].listener(backlog=128) as listener:
            ports = [listener.getsockname()[1]] * 100
            server = answer(listener, len(ports))
            go = '/tmp/go'
            os.mkfifo(go)
            command = ['sh', '-c', f'read line <{go}; exec "$@"', 'sh',
                       *client('127.0.0.1', *ports)]
            process = subprocess.Popen(
                ['tcpstates', 'run', *command], text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            with open(go, 'w', encoding='ascii') as file:
                os.kill(process.pid, signal.SIGSTOP)
                file.write('go\n')
            server.join()
            os.kill(process.pid, signal.SIGCONT)
            _, error = process.communicate(timeout=PATIENCE)
            os.unlink(go)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(error, r'\d+ records were lost; some may be missing')
        kernel.unload()
        kernel.load()


class Ends(unittest.TestCase):
    def tearDown(self):
        left = [name for name in os.listdir(CGROUPS)
                if name.startswith('tcpstates')]
        self.assertEqual(left, [])

    def test_status(self):
        for command, status in ((['true'], 0), (['sh', '-c', 'exit 42'], 42),
                                (['sh', '-c', 'kill -9 $$'], 128 + 9),
                                (['/nosuch/command'], 127), (['/etc'], 126),
                                (['--', 'sh', '-c', 'exit 5', '--json'], 5)):
            tcpstates(*command, status=status)

    def test_wrong_words(self):
        for words, status, text in (
                ([], 2, 'no command given'), (['--wait', 'x', 'true'], 2, '--wait'),
                (['--nosuch', 'true'], 2, '--nosuch'),
                (['--user', 'nosuch', 'true'], 125, 'nosuch'),
                (['--svg', '/nosuch/file', 'touch', '/tmp/ran'], 125, '--svg')):
            done = tcpstates(*words, status=status)
            self.assertEqual(done.stdout, '')
            self.assertIn(text, done.stderr)
        self.assertFalse(os.path.exists('/tmp/ran'))

    def test_terminated(self):
        """A signal is passed on to the command."""
        with Reader('tcpstates', 'run', 'sh', '-c',
                    'trap "echo ended; exit 3" TERM; echo on; '
                    'while :; do sleep 0.1; done') as reader:
            reader.lines(1)
            reader.process.terminate()
            self.assertEqual(reader.rest(), b'on\nended\n')
            self.assertEqual(reader.process.returncode, 3)

    def test_nobody_reads(self):
        """The command goes on, and signals still reach it."""
        process = subprocess.Popen(
            ['tcpstates', 'run', 'sh', '-c', 'exec >/dev/null; trap "exit 3" TERM; '
             'echo on >&2; while :; do sleep 0.1; done'],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        process.stdout.close()
        self.assertEqual(process.stderr.readline(), b'on\n')
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 3)
        process.stderr.close()

    def test_what_goes_on(self):
        """
        A daemon of the command's keeps it, but not its cgroup; its connection is
        drawn as it is then.
        """
        listener = tcp.FAMILIES['v4'].listener()
        self.addCleanup(listener.close)
        program = ('import signal, socket; s = socket.create_connection('
                   f'("127.0.0.1", {listener.getsockname()[1]})); '
                   'signal.pause()')
        with Reader('tcpstates', 'run', 'sh', '-c',
                    f"python3 -c '{program}' >/dev/null & echo $! $$; exit 4") \
                as reader:
            pid, shell = reader.lines(1).decode().split()
            pid = int(pid)
            listener.accept()[0].close()
            group = f'/proc/{pid}/cgroup'
            wait_for(lambda: 'tcpstates-run' in kernel.read_file(group),
                     'it is in the cgroup')
            wait_for(lambda: not os.path.exists(f'/proc/{shell}'),
                     'the end of the command is noticed')
            wait_for(lambda: any(entry.state == 'CLOSE_WAIT'
                                 for entry in proctcp.read()), 'CLOSE_WAIT')
            reader.process.send_signal(signal.SIGINT)
            text = reader.rest().decode().partition('\n')[2]
            self.assertEqual(reader.process.returncode, 4)
        self.assertEqual(pictures(text)[0].left,
                         ['CLOSE', 'SYN_SENT', 'ESTABLISHED', 'CLOSE_WAIT'])
        self.assertNotIn('tcpstates-run', kernel.read_file(group))
        os.kill(pid, signal.SIGKILL)


CASES = [Ladder, Whose, Forms, Ends]
