# SPDX-License-Identifier: GPL-2.0
"""The virtual machine in which time is the number of instructions."""

import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, 'tests', '.build', 'bench')

# modinfo is there.
os.environ['PATH'] += ':/usr/sbin:/sbin'


def build():
    subprocess.run(['make', '-s', '--no-print-directory', '-C', HERE],
                   check=True)
    for product in ('tcpstates.ko', 'userspace/tcpstates'):
        if not os.path.exists(os.path.join(TOP, product)):
            sys.exit(f'no {product}: run make before')


def stage(folder):
    """Copies the files for the guest, and the module as installed."""
    to = os.path.join(folder, 'add', 'bench')
    os.makedirs(to)
    for program in ('load', 'reader', 'live'):
        shutil.copy2(os.path.join(BUILD, program), to)
    for script in glob.glob(os.path.join(HERE, 'guest*.py')):
        shutil.copy2(script, to)
    module = os.path.join(folder, 'tcpstates.ko')
    subprocess.run(['strip', '--strip-debug', '-o', module,
                    os.path.join(TOP, 'tcpstates.ko')], check=True)


def field(name):
    return subprocess.run(['modinfo', '-F', name,
                           os.path.join(TOP, 'tcpstates.ko')], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.split()[0]


def release():
    """The release of the measured kernel."""
    return field('vermagic')


def version():
    """The module's statistics."""
    return field('version')


def add_peers(folder):
    """Copies the tools of the comparison for the guest."""
    root = subprocess.run([os.path.join(HERE, 'peers'), release()], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()
    subprocess.run(['cp', '-a', root, os.path.join(folder, 'add', 'peers')],
                   check=True)


def peer_sizes():
    """{tool: bytes installed}"""
    done = subprocess.run([os.path.join(HERE, 'peers'), '--sizes'], check=True,
                          stdout=subprocess.PIPE, text=True)
    return {tool: int(size) * 1024 for tool, size
            in (line.split() for line in done.stdout.splitlines())}


def start(folder, memory, command, append='', qemu='', smp=1):
    """A process whose output is that of a command in the guest. One processor
    counts; several run in parallel."""
    if smp == 1:
        how = ['--turns', '--qemu', f'-icount shift=0,sleep=off {qemu}']
    else:
        how = []
    return subprocess.Popen(
        [os.path.join(TOP, 'tests', 'vm', 'run'), '--smp', str(smp), *how,
         '--memory', str(memory), '--timeout', '3600',
         '--module', os.path.join(folder, 'tcpstates.ko'),
         '--add', os.path.join(folder, 'add'),
         '--append', f'mitigations=off {append}', '--', *command],
        stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
        env={**os.environ, 'TCPSTATES_ACCEL': 'tcg'})
