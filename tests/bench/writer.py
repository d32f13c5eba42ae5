# SPDX-License-Identifier: GPL-2.0
"""What the module executes for a transition: instructions, atomic ones, and
the cache lines that it writes to.

The log of QEMU tells each instruction and the registers before it, and the
machine's memory what the instruction is, as it stands there at run time. So
the address of each store is known. What the kernel calls in the module counts
from the call to the return, with the kernel's functions that are called by it.
"""

import collections
import os
import re
import statistics
import subprocess

import executed

LINE = 64
# An instruction of x86 has at most 15 bytes.
LONGEST = 16
STACK_SIZE = 16384

PREFIXES = {'lock', 'rep', 'repz', 'repnz', 'repe', 'repne', 'data16',
            'notrack', 'cs', 'ds', 'es', 'ss', 'fs', 'gs'}
# Those whose last operand may be memory that is only read, or not accessed.
READS = re.compile(r'(cmp[bwlq]?|test[bwlq]?|bt[wlq]?|push[wlq]?|callq?|jmpq?|'
                   r'lea[wlq]?|nop[wlq]?|prefetch\w*|i?mul[bwlq]?|'
                   r'i?div[bwlq]?|verw|ltr|l[gi]dt|int3|clflush\w*)$')
MEMORY = re.compile(r'(?:%([c-gs]s):)?(-?0x[0-9a-f]+)?(?:\(([^)]*)\))?$')


class Instruction:
    """An instruction, from a line of objdump."""

    def __init__(self, text):
        code, _, comment = text.partition('#')
        words = code.split()
        self.prefixes = []
        while words and words[0] in PREFIXES:
            self.prefixes.append(words.pop(0))
        self.name = words[0] if words else ''
        self.operands = re.findall(r'[^,(]*\([^)]*\)|[^,]+',
                                   ''.join(words[1:]))
        # What objdump has worked out of an address relative to %rip.
        absolute = re.search(r'0x([0-9a-f]+)', comment)
        self.absolute = int(absolute[1], 16) if absolute else None

    @property
    def stores(self):
        """The operand in memory that it writes to; what push and call put on
        the stack is not meant."""
        if READS.match(self.name):
            return None
        either = self.name.startswith('xchg')
        for operand in self.operands if either else self.operands[-1:]:
            if '(' in operand or re.match(r'%[c-gs]s:', operand):
                return operand
        return None

    @property
    def atomic(self):
        return 'lock' in self.prefixes or \
            self.name.startswith('xchg') and self.stores is not None

    def target(self, register):
        """The address of the store, or None."""
        operand = self.stores
        found = MEMORY.match(operand) if operand else None
        if not found:
            return None
        segment, offset, inner = found.groups()
        if inner and '%rip' in inner:
            address = self.absolute or 0
        else:
            address = int(offset or '0', 16)
            base, index, scale = ((inner or '').split(',') + ['', ''])[:3]
            if base:
                address += value(register, base)
            if index:
                address += value(register, index) * int(scale or 1)
        if segment == 'gs':
            address += register['gs']
        return address % (1 << 64)


def value(register, name):
    return register.get(name.strip('%'), 0)


class Code:
    """The instructions at addresses of the running kernel."""

    def __init__(self, monitor, folder, symbols):
        self.monitor = monitor
        self.folder = folder
        self.symbols = symbols
        self.found = {}

    def read(self, addresses):
        """Disassembles the functions that these are in, as far as needed."""
        ends = {}
        for address in addresses:
            begin, _ = self.symbols.bounds(address)
            ends[begin] = max(ends.get(begin, 0), address + LONGEST)
        for begin, end in ends.items():
            self.disassemble(begin, end)

    def disassemble(self, begin, end):
        self.monitor.memory(self.folder, begin, end)
        done = subprocess.run(
            ['objdump', '-D', '-b', 'binary', '-m', 'i386:x86-64', '-w',
             '--no-show-raw-insn', f'--adjust-vma={begin:#x}',
             os.path.join(self.folder, 'memory')],
            check=True, text=True, stdout=subprocess.PIPE)
        for line in done.stdout.splitlines():
            place, tab, text = line.partition(':\t')
            if tab:
                self.found[int(place, 16)] = Instruction(text)

    def at(self, address):
        return self.found[address]


class Calls:
    """The instructions in and below the module, from the whole log: a list for
    each call, in a list for each connection, which begins at @first."""

    RSP = re.compile(rb'\bRSP=([0-9a-f]{16})')

    def __init__(self, begin, end, first):
        self.begin = begin
        self.end = end
        self.first = first
        self.connections = []
        self.entry = None

    def take(self, address, dump):
        if address == self.first:
            self.connections.append([])
        if self.entry is None and not self.begin <= address < self.end:
            return
        text = b''.join(dump)
        rsp = int(self.RSP.search(text)[1], 16)
        if self.entry is not None and rsp > self.entry and \
                rsp // STACK_SIZE == self.entry // STACK_SIZE:
            self.entry = None
            if not self.begin <= address < self.end:
                return
        if self.entry is None:
            self.entry = rsp
            self.connections[-1].append([])
        self.connections[-1][-1].append((address, text))

    def addresses(self):
        return {address for connection in self.connections
                for call in connection for address, _ in call}

    def inside(self, address):
        return self.begin <= address < self.end


def on_stack(address, register):
    return address // STACK_SIZE == register['rsp'] // STACK_SIZE


def stored_lines(call, code):
    """[(address of the instruction, cache line)] of what a call writes to,
    but to the stack."""
    found = []
    for address, dump in call:
        instruction = code.at(address)
        if instruction.stores:
            register = executed.registers(dump)
            target = instruction.target(register)
            if target and not on_stack(target, register):
                found.append((address, target // LINE))
    return found


def count(calls, code, symbols):
    """Sums for each connection, and by function. A cache line counts once in
    each call; among distinct ones, once for the connection."""
    functions = collections.defaultdict(collections.Counter)
    every = []
    for connection in calls.connections:
        sums = collections.Counter()
        distinct = set()
        for call in connection:
            sums['calls'] += 1
            for address, _ in call:
                kind = '' if calls.inside(address) else '_called'
                function = functions[symbols.name(address)]
                function['instructions'] += 1
                sums['instructions' + kind] += 1
                if code.at(address).atomic:
                    function['atomics'] += 1
                    sums['atomics' + kind] += 1
            stores = stored_lines(call, code)
            for address, _ in stores:
                functions[symbols.name(address)]['stores'] += 1
            lines = {line for _, line in stores}
            sums['lines'] += len(lines)
            distinct |= lines
        sums['distinct_lines'] = len(distinct)
        sums['own'] = sums['instructions'] + sums['instructions_called']
        every.append(sums)
    return every, functions


def measure(folder, phases, connections):
    """{phase: ({name: figure}, {function: sums})}, per transition."""
    def look(monitor, symbols, module):
        calls = Calls(*module, symbols.address(executed.ENTRY))
        executed.follow_connections(monitor, folder, symbols, connections,
                                    calls.take, 'exec,cpu,nochain')
        code = Code(monitor, folder, symbols)
        code.read(calls.addresses())
        return count(calls, code, symbols)

    found = {}
    for phase, ((every, functions), load) in \
            executed.run_phases(folder, phases, look).items():
        # Without the end of TIME_WAIT of others that falls into the work.
        transitions = round(load['work_records'] / executed.CONNECTIONS)
        names = {name for sums in every for name in sums}
        found[phase] = {
            name: middle([sums[name] / transitions for sums in every])
            for name in names}, {
            name: {key: value / transitions / connections
                   for key, value in row.items()}
            for name, row in functions.items()}
    return found


def middle(values):
    """The median, which omits rare work such as memory for the pool."""
    return {'value': statistics.median(values),
            'spread': max(values) - min(values)}


# Connections that are looked at: one is like the other.
SAMPLE = 5
READERS = [f'{how}_{count}' for how in ('idle', 'filter')
           for count in (1, 8, 64)]


def figures(folder, with_readers):
    """Yields name and figure of each row."""
    found = measure(folder, ['with'] + READERS * with_readers, SAMPLE)
    alone, _ = found['with']

    def value(name):
        return alone.get(name, {'value': 0})['value']

    none = {'value': 0, 'spread': 0}
    yield 'atomics', {**alone.get('atomics', none),
                      'called': value('atomics_called')}
    yield 'lines', {**alone['lines'], 'distinct': value('distinct_lines')}
    yield 'writer', {**alone['own'], 'module': value('instructions'),
                     'calls': value('calls')}
    for phase in READERS * with_readers:
        own = found[phase][0]['own']
        yield f'writer_{phase}', {
            'value': own['value'] - value('own'),
            'spread': max(own['spread'], alone['own']['spread'])}
