# SPDX-License-Identifier: GPL-2.0
"""Rows about memory, and about the cost of many connections."""

import os
import subprocess

import guest
from guest import Module, Process, load, median, report


def row_memory():
    """The most memory that a live reader has had."""
    for name, command in (('memory_cat', ['cat', guest.DEVICE]),
                          ('memory_watch', ['tcpstates', 'watch'])):
        with Module(), Process(*command) as reader:
            load(1000)
            report(name, guest.peak(reader.process.pid))


def total(stats):
    return stats['ring_bytes'] + stats['conn_bytes']


def row_memory_module():
    """The module's memory by its own account, when the connections that there
    were are gone."""
    with Module():
        load(1000)
        stats = guest.stats()
        with open('/sys/module/tcpstates/coresize') as file:
            code = int(file.read())
    report('module_total', total(stats), code=code, **stats)
    report('module_ring', stats['ring_bytes'] / os.cpu_count())


MILLION = 1000000


def held(count):
    """The extra cost per transition while so many connections exist, and the
    memory of the module's table. They stay until the machine ends."""
    with Module('conn_mib=1024'):
        holder = subprocess.Popen([guest.LOAD, 'hold', str(count)],
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        if holder.stdout.readline() != b'ready\n':
            raise RuntimeError(f'no {count} connections')
        held.processes.append(holder)
        runs = [load() for _ in range(guest.repetitions)]
        stats = guest.stats()
    without = [load() for _ in range(guest.repetitions)]
    if stats['conns_missed']:
        guest.say(f'the table had no place for {stats["conns_missed"]}')
    extra, spread = guest.difference(runs, without, 'end')
    records = median(runs, 'end_records')
    return (extra / records, spread / records, stats,
            median(without, 'end') / guest.connections)


held.processes = []


def row_million():
    """Cost with a million connections relative to that with a hundred, and the
    memory for them."""
    few, spread_few, stats_few, _ = held(100)
    many, spread_many, stats, without = held(MILLION)
    report('million_ratio', many / few, few=few, many=many, untraced=without,
           spread=(spread_few + spread_many) / few,
           table_bytes=stats['conn_bytes'], missed=stats['conns_missed'])
    report('module_million', total(stats), **stats)
    report('module_connection', (stats['conn_bytes'] - stats_few['conn_bytes'])
           / (MILLION - 100))
