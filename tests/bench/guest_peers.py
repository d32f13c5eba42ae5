#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures other tools in the guest, as guest.py does ours.

usage: guest_peers.py REPETITIONS CONNECTIONS TOOL...

They are in a root of their own, /peers, and see sock:inet_sock_set_state: ten
transitions of a connection.
"""

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time

import guest

ROOT = '/peers'
TRANSITIONS = 10
TRACING = '/sys/kernel/tracing'
EVENT = 'sock:inet_sock_set_state'
ENABLE = f'{TRACING}/events/sock/inet_sock_set_state/enable'
OUTPUT = '/tmp/output'
PRINT = ('tracepoint:' + EVENT + ' { printf("%lld %s %d %d %s:%d %s:%d %d\\n",'
         ' nsecs, comm, pid, args->oldstate, ntop(args->family, args->saddr),'
         ' args->sport, ntop(args->family, args->daddr), args->dport,'
         ' args->newstate); }')


class Tool:
    """What a tool is called, and what to expect of it.

    few: connections whose events fit into its buffers; first: what is in the
    line of an event, and not in a heading; word: in the lines of all events;
    count: a command that prints what the tool wrote to OUTPUT, if it does not
    print events itself.
    """

    def __init__(self, name, command, few=None, first=None,
                 word=b'inet_sock_set_state', count=None,
                 per_connection=TRANSITIONS):
        self.name = name
        self.command = command
        self.few = few
        self.first = first
        self.word = word
        self.count = count
        self.per_connection = per_connection

    def start(self, **options):
        settings = {'stdout': subprocess.DEVNULL,
                    'stderr': subprocess.DEVNULL, **options}
        return subprocess.Popen(['chroot', ROOT, *self.command],
                                start_new_session=True, **settings)


TOOLS = {tool.name: tool for tool in (
    Tool('bcc', ['/usr/bin/python3', '/usr/sbin/tcpstates-bpfcc'], few=100,
         first=b'SYN_SENT', word=b' -> '),
    Tool('libbpf', ['/usr/sbin/tcpstates'], few=50, first=b'SYN_SENT',
         word=b' -> '),
    Tool('bpftrace', ['/usr/bin/bpftrace', '-e', PRINT], few=50,
         first=b'127.0.0.1', word=b':'),
    Tool('perf', ['/usr/bin/perf', 'record', '-q', '-a', '-e', EVENT, '-o',
                  OUTPUT], few=100,
         count=['/usr/bin/perf', 'script', '-i', OUTPUT]),
    Tool('trace-cmd', ['/usr/bin/trace-cmd', 'record', '-q', '-e', EVENT, '-o',
                       OUTPUT], few=500,
         count=['/usr/bin/trace-cmd', 'report', '-i', OUTPUT]),
    Tool('ftrace', ['/bin/cat', f'{TRACING}/trace_pipe'], few=500,
         first=b'inet_sock_set_state'),
    Tool('ss', ['/bin/ss', '-Ent'], first=b'127.0.0.1', word=b'127.0.0.1',
         per_connection=2),
)}


def group_of(process):
    """The processes that it started, itself included."""
    for entry in os.listdir('/proc'):
        try:
            if entry.isdigit() and os.getsid(int(entry)) == process.pid:
                yield int(entry)
        except ProcessLookupError:
            pass


def stop(process):
    if process.poll() is None:
        os.kill(process.pid, signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Running:
    """A context in which a tool runs and has begun to record."""

    def __init__(self, tool, **options):
        self.tool = tool
        self.options = options

    def __enter__(self):
        if self.tool.name == 'ftrace':
            guest.write(ENABLE, '1')
        self.process = self.tool.start(**self.options)
        # Ready when it has been idle for long; a minute of idling is free.
        time.sleep(60)
        if self.process.poll() is not None:
            raise RuntimeError(f'{self.tool.name} ended with '
                               f'{self.process.returncode}')
        return self.process

    def __exit__(self, *_):
        stop(self.process)
        if self.tool.name == 'ftrace':
            guest.write(ENABLE, '0')


def report(tool, name, value, **details):
    guest.report(name, value, tool=tool.name, **details)


def kernel(tool, process, without):
    """The kernel's part alone: the tool is stopped, and its buffers take what
    comes."""
    runs, = guest.alternate(lambda: guest.load(tool.few, process.pid))
    extra = guest.median(runs, 'work') - without[tool.few]
    report(tool, 'kernel_transition_work', extra / tool.few / TRANSITIONS)


def system(tool, without):
    runs, = guest.alternate(guest.load)
    extra = guest.median(runs, 'settled') - without['settled']
    report(tool, 'system', extra / guest.connections / TRANSITIONS)


def told(tool):
    """The number of events that the tool has reported."""
    if not tool.count:
        with open(OUTPUT, 'rb') as file:
            return sum(tool.word in line for line in file)
    done = subprocess.run(['chroot', ROOT, *tool.count], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return sum(tool.word in line for line in done.stdout.splitlines())


def burst(tool):
    """Also the memory that the tool has had by then."""
    # What trace-cmd says would overwrite what it records.
    said = os.devnull if tool.count else OUTPUT
    with open(said, 'wb') as file, Running(tool, stdout=file) as process:
        guest.load(guest.BURST)
        memory = sum(guest.peak(pid) for pid in group_of(process))
    report(tool, 'memory_watch', memory)
    found = told(tool)
    expected = (guest.BURST + 100) * tool.per_connection
    report(tool, 'burst_lost', max(0, expected - found), events=found,
           expected=expected)


def see_event(process, terminal, word):
    """Causes events until the tool reports one."""
    said = b''
    with socket.create_server(('127.0.0.1', 7001)) as listener:
        while word not in said:
            if process.poll() is not None:
                raise RuntimeError(f'it ended: {said.decode()[-500:]}')
            socket.create_connection(('127.0.0.1', 7001)).close()
            listener.accept()[0].close()
            if select.select([terminal], [], [], 0.05)[0]:
                said += os.read(terminal, 4096)


def first(tool):
    """From the start to the first event, on a terminal: into a pipe some
    write late."""
    terminal, other = pty.openpty()
    before = guest.busy()
    if tool.name == 'ftrace':
        guest.write(ENABLE, '1')
    process = tool.start(stdout=other, stderr=other)
    see_event(process, terminal, tool.first)
    report(tool, 'first_line', guest.busy() - before)
    stop(process)
    if tool.name == 'ftrace':
        guest.write(ENABLE, '0')
    os.close(terminal)
    os.close(other)


def measure(tool, without):
    if tool.first:
        first(tool)
    with Running(tool) as process:
        if tool.few:
            kernel(tool, process, without)
        system(tool, without)
    burst(tool)


def baseline(tools):
    """The cost of the load without any tool."""
    found = {}
    for few in {tool.few for tool in tools if tool.few}:
        runs, = guest.alternate(lambda: guest.load(few))
        found[few] = guest.median(runs, 'work')
    runs, = guest.alternate(guest.load)
    found['settled'] = guest.median(runs, 'settled')
    return found


def mount():
    for folder in ('proc', 'sys', 'sys/kernel/tracing', 'sys/kernel/debug',
                   'sys/fs/bpf', 'dev', 'tmp'):
        os.makedirs(f'{ROOT}/{folder}', exist_ok=True)
        subprocess.run(['mount', '-o', 'bind', f'/{folder}',
                        f'{ROOT}/{folder}'], check=True)


def main(arguments):
    guest.repetitions, guest.connections = map(int, arguments[:2])
    guest.prepare()
    mount()
    tools = [TOOLS[name] for name in arguments[2:]]
    without = baseline(tools)
    for tool in tools:
        try:
            measure(tool, without)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            guest.say(f'{tool.name}: {error}')


if __name__ == '__main__':
    main(sys.argv[1:])
