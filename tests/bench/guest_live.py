# SPDX-License-Identifier: GPL-2.0
"""Rows about readers that are there while things happen: what they miss, how
often they run, and how late. The losses are numbers on any machine."""

import json
import os
import statistics
import subprocess
import time

import guest
from guest import Module, Process, burst, report


def reader(*arguments):
    return Process(guest.LIVE, *arguments, stdout=subprocess.PIPE)


def ended(process):
    """The counts of a reader, when it has read all records."""
    return json.loads(process.end())


def tell_lost(name, tally):
    report(name, tally['lost'], cpus=os.cpu_count(), module=guest.stats(),
           **tally)


def wait_for_ends():
    """Of TIME_WAIT: as many records as there were connections. The timers may
    be two seconds late."""
    time.sleep(63)


def lost_of_burst(name):
    with Module(), reader('count', 'text') as text:
        burst(guest.BURST)
        wait_for_ends()
        tell_lost(name, ended(text))


def lost_of_pause(name):
    begin = '/tmp/begin'
    with Module(), reader('pause', begin) as text:
        burst(guest.BURST // 2)
        guest.write(begin, '')
        burst(guest.BURST // 2)
        wait_for_ends()
        tell_lost(name, ended(text))
    os.unlink(begin)


def row_burst():
    """Records of a burst that a reader of text loses."""
    lost_of_burst('burst_lost')


def row_pause():
    """Records lost of a burst by a reader that sleeps through half of it."""
    lost_of_pause('pause_lost')


def row_burst_two():
    """A burst on two processors."""
    lost_of_burst('burst_two_lost')


def row_pause_two():
    """A burst on two processors."""
    lost_of_pause('pause_two_lost')


def row_parallel():
    """Records lost by readers while each processor makes connections, and how
    often these readers slept and were moved."""
    with Module(), reader('count', 'text') as text, \
            reader('count', 'binary') as binary:
        burst(guest.BURST)
        wait_for_ends()
        for suffix, process in (('', text), ('_binary', binary)):
            tally = ended(process)
            tell_lost(f'parallel{suffix}_lost', tally)
            for key in ('sleeps', 'migrations'):
                # It depends on the host, too.
                report(f'parallel{suffix}_{key}', tally[key],
                       spread=tally[key])


def row_first():
    """From insmod to the first line."""
    values = []
    for _ in range(guest.repetitions + 1):
        values.append(guest.output(guest.READER, 'first', guest.MODULE)['ns'])
        guest.rmmod()
    report('first_line', **guest.middle(values[1:]), cold=values[0])


def latencies(*work):
    """Nanoseconds from each record to the return of read() in a reader that
    was blocked in it."""
    with Module(), reader('latency', '-') as blocked:
        subprocess.run([guest.LOAD, *work], check=True)
        return ended(blocked)['ns']


def row_latency():
    """How late a blocked reader has a record, when nothing else happens and
    while connections are made."""
    for name, work in (('idle', ('listen', '100')),
                       ('load', ('burst', str(guest.connections), '7000'))):
        runs = [latencies(*work) for _ in range(guest.repetitions)]
        report(f'latency_{name}', **guest.middle(
            [statistics.median(run) for run in runs]), records=len(runs[0]))
        report(f'latency_{name}_max', **guest.middle(
            [max(run) for run in runs]))
