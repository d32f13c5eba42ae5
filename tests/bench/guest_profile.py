#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Works in the guest while the host looks at what is executed.

usage: guest_profile.py CONNECTIONS PHASE...

A phase is "with" (the module), "without", or what readers there are: "idle_8".
Prints "@symbols DATA", the functions of the kernel; "@module BEGIN SIZE",
where the module is; "@phase NAME" where a load begins; and "@done NAME
FIGURES", what the load had to say.
"""

import base64
import contextlib
import gzip
import json
import subprocess
import sys

import guest

# No wake-up of readers while the host looks, and room for what they miss then.
SETTINGS = ['batch_us=1000000', 'ring_records=65536']


def tell(*words):
    print(*words, flush=True)


def send_symbols():
    with open('/proc/kallsyms') as file:
        lines = [line for line in file if line.split(' ')[1] in 'tTwW' and
                 ('\t' not in line or '[tcpstates]' in line or
                  '[__builtin__' in line)]
    data = gzip.compress(''.join(lines).encode(), 6)
    tell('@symbols', base64.b64encode(data).decode())


def send_module():
    with open('/proc/modules') as file:
        words = next(line.split() for line in file
                     if line.startswith('tcpstates '))
    tell('@module', int(words[5], 16), words[1])


def work(phase, connections):
    """Makes connections steadily, from the given moment on."""
    with subprocess.Popen([guest.LOAD, 'steady', str(connections)],
                          stdout=subprocess.PIPE, text=True) as load:
        if load.stdout.readline() != 'begin\n':
            raise RuntimeError('the load did not begin')
        tell('@phase', phase)
        tell('@done', phase, json.dumps(json.loads(load.stdout.readline())))


def readers(phase):
    how, _, count = phase.partition('_')
    if not count:
        return contextlib.nullcontext()
    return guest.Process(guest.READER, 'block', how, count)


def main(arguments):
    connections, *phases = arguments
    guest.prepare()
    with guest.Module(*SETTINGS):
        send_symbols()
        send_module()
        for phase in phases:
            if phase != 'without':
                with readers(phase):
                    work(phase, connections)
    if 'without' in phases:
        work('without', connections)


if __name__ == '__main__':
    main(sys.argv[1:])
