# SPDX-License-Identifier: GPL-2.0
"""What QEMU executes, one instruction at a time, from the log that it writes.

QEMU is told by its monitor to execute one instruction at a time and to log the
address of each (`log exec,nochain`), on request also the registers before it
(`cpu`). That needs no plugin.
"""

import base64
import bisect
import gzip
import json
import os
import re
import socket
import sys
import time

import machine

# Entered once for each connection.
ENTRY = 'tcp_v4_connect'
KERNEL = 1 << 63
# Of a phase: long enough for the host to look, with time to spare.
CONNECTIONS = 3000


class Monitor:
    """The monitor of QEMU."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.wait()

    def wait(self):
        said = b''
        while not said.endswith(b'(qemu) '):
            more = self.socket.recv(4096)
            if not more:
                raise RuntimeError('the machine ended')
            said += more
        return said

    def ask(self, command):
        self.socket.sendall(command.encode() + b'\n')
        return self.wait()

    def single_step(self, word):
        """Switches single steps on; QEMU 8.1 renamed the command."""
        if b'unknown command' in self.ask(f'one-insn-per-tb {word}'):
            self.ask(f'singlestep {word}')

    def memory(self, folder, begin, end):
        """The bytes of the kernel's memory at these addresses."""
        path = os.path.join(folder, 'memory')
        self.ask(f'memsave {begin:#x} {end - begin} "{path}"')
        with open(path, 'rb') as file:
            return file.read()

    def close(self):
        self.socket.close()


class Symbols:
    """Functions by address, from the lines of /proc/kallsyms."""

    def __init__(self, text):
        found = []
        for line in text.splitlines():
            address, _, name = line.split()[:3]
            module = line.split('\t')[1] if '\t' in line else ''
            found.append((int(address, 16), f'{name} {module}'.strip()))
        found.sort()
        self.addresses = [address for address, _ in found]
        self.names = [name for _, name in found]

    def name(self, address):
        if address < KERNEL:
            return '(user space)'
        return self.names[bisect.bisect(self.addresses, address) - 1]

    def address(self, name):
        return self.addresses[self.names.index(name)]

    def bounds(self, address):
        """The beginnings of its function and of the next one."""
        number = bisect.bisect(self.addresses, address)
        return self.addresses[number - 1], self.addresses[number]


REGISTER = re.compile(rb'\b(R[A-Z0-9]{1,2}) ?=([0-9a-f]{16})')
SEGMENT = re.compile(rb'^GS =[0-9a-f]{4} ([0-9a-f]{16})', re.MULTILINE)


def registers(dump):
    """{name: value} of the lines that QEMU prints of a processor."""
    found = {name.decode().lower(): int(value, 16)
             for name, value in REGISTER.findall(dump)}
    segment = SEGMENT.search(dump)
    found['gs'] = int(segment[1], 16) if segment else 0
    return found


def steps(log):
    """Yields address and registers, as text, of each executed instruction."""
    address = None
    dump = []
    for line in log:
        if line.startswith(b'Trace '):
            if address is not None:
                yield address, dump
            address = int(line.split(b'/', 2)[1], 16)
            dump = []
        elif line.startswith(b'Stopped execution'):
            # For an interrupt: what was announced comes again after it.
            address = None
        else:
            dump.append(line)


def stop(monitor, log):
    """Ends the log, and reads the rest of it."""
    monitor.socket.sendall(b'stop\n')
    # It may be writing to the full pipe.
    os.set_blocking(log.fileno(), False)
    monitor.socket.setblocking(False)
    said = b''
    while not said.endswith(b'(qemu) '):
        log.read(1 << 20)
        try:
            said += monitor.socket.recv(4096)
        except BlockingIOError:
            time.sleep(0.01)
    monitor.socket.setblocking(True)
    os.set_blocking(log.fileno(), True)
    monitor.socket.sendall(b'log none\n')
    monitor.wait()


def follow(monitor, folder, take, items='exec,nochain'):
    """Calls take(address, dump) for each executed instruction until it returns
    something true."""
    fifo = os.path.join(folder, 'log')
    os.mkfifo(fifo)
    # Both ends, or QEMU would wait to open it.
    descriptor = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    monitor.ask('stop')
    monitor.single_step('on')
    monitor.ask(f'logfile {fifo}')
    monitor.ask(f'log {items}')
    os.set_blocking(descriptor, True)
    monitor.ask('cont')
    with os.fdopen(descriptor, 'rb', buffering=1 << 20) as log:
        for address, dump in steps(log):
            if take(address, dump):
                break
        stop(monitor, log)
    monitor.single_step('off')
    monitor.ask('cont')
    os.unlink(fifo)


def follow_connections(monitor, folder, symbols, connections, take,
                       items='exec,nochain'):
    """Calls take() for that many whole connections."""
    entry = symbols.address(ENTRY)
    entries = 0

    def limited(address, dump):
        nonlocal entries
        if address == entry:
            entries += 1
        if entries and entries <= connections:
            take(address, dump)
        return entries > connections

    follow(monitor, folder, limited, items)


def run_phases(folder, names, look):
    """Boots a machine that works in phases, see guest_profile.py, and calls
    look(monitor, symbols, module) in each. Returns {phase: (what look()
    returned, the figures of the load)}."""
    control = os.path.join(folder, 'monitor')
    # The lock prefixes stay, although there is one processor only.
    guest = machine.start(
        folder, 1024, ['python3', '/bench/guest_profile.py', str(CONNECTIONS),
                       *names], append='nokaslr noreplace-smp',
        qemu=f'-monitor unix:{control},server=on,wait=off')
    symbols = module = None
    found = {}
    for line in guest.stdout:
        word, *rest = line.split(' ', 2)
        if word == '@symbols':
            symbols = Symbols(gzip.decompress(base64.b64decode(
                rest[0])).decode())
        elif word == '@module':
            begin, size = map(int, rest)
            module = begin, begin + size
        elif word == '@phase':
            monitor = Monitor(control)
            found[rest[0].strip()] = look(monitor, symbols, module)
            monitor.close()
        elif word == '@done':
            found[rest[0]] = found[rest[0]], json.loads(rest[1])
        else:
            print(line, end='', file=sys.stderr, flush=True)
    if guest.wait():
        raise RuntimeError(f'the machine ended with {guest.returncode}')
    return found
