#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures in the guest, and prints a line "@bench {...}" for each figure.

usage: guest.py REPETITIONS CONNECTIONS ROW...

A row is the name of a function below with the prefix row_.
"""

import fcntl
import json
import os
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LOAD = os.path.join(HERE, 'load')
READER = os.path.join(HERE, 'reader')
MODULE = '/tcpstates.ko'
DEVICE = '/dev/tcpstates'
RESULT = '/tmp/result'
BIG = 64 << 20          # bytes of a pipe that holds the whole output

# A row's settings, from the command line.
repetitions = connections = 0


def say(*words):
    print('#', *words, flush=True)


def report(name, value, tool='tcpstates', **details):
    print('@bench', json.dumps({'tool': tool, 'name': name, 'value': value,
                                **details}), flush=True)


def write(path, text):
    with open(path, 'w') as file:
        file.write(text)


def set_sysctl(name, value):
    write('/proc/sys/' + name.replace('.', '/'), str(value))


def output(*command, **options):
    """The JSON object that a program prints."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          **options)
    return json.loads(done.stdout)


def insmod(*parameters):
    subprocess.run(['insmod', MODULE, *parameters], check=True)


def rmmod():
    subprocess.run(['rmmod', 'tcpstates'], check=True)


def load(count=None, *stopped):
    return output(LOAD, str(count or connections), *map(str, stopped))


def busy():
    """Nanoseconds that the processor was busy, as clock.c has it."""
    with open('/proc/timer_list') as file:
        idle = next(line for line in file if '.idle_sleeptime' in line)
    return time.monotonic_ns() - int(idle.split()[2])


class Module:
    """A context in which the module is loaded."""

    def __init__(self, *parameters):
        self.parameters = parameters

    def __enter__(self):
        insmod(*self.parameters)

    def __exit__(self, *_):
        rmmod()


class Process:
    """A context in which a program runs; it ends by SIGTERM, with all of its
    processes."""

    def __init__(self, *command, **options):
        self.command = command
        self.options = {'stdout': subprocess.DEVNULL, **options}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, start_new_session=True,
                                        **self.options)
        time.sleep(1)
        if self.process.poll() is not None:
            raise RuntimeError(f'{self.command} ended')
        return self

    def end(self):
        """What it printed."""
        os.killpg(self.process.pid, signal.SIGTERM)
        return self.process.communicate()[0]

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def spread(runs, key):
    values = [run[key] for run in runs]
    return max(values) - min(values)


def alternate(*ways):
    """Runs of the load in each way, in turns: what drifts drifts for all."""
    runs = [[] for _ in ways]
    for _ in range(repetitions):
        for way, found in zip(ways, runs):
            found.append(way())
    return runs


def loaded():
    with Module():
        return load()


def baseline():
    """Runs without and with the module, measured once."""
    if not baseline.runs:
        baseline.runs = alternate(load, loaded)
    return baseline.runs


baseline.runs = None


def row_kernel():
    """Extra instructions for each connection, and each of its transitions,
    with nobody reading. TIME_WAIT's end, a minute later, is part of it."""
    without, with_module = baseline()
    extra = median(with_module, 'end') - median(without, 'end')
    records = median(with_module, 'end_records')
    work = median(with_module, 'work') - median(without, 'work')
    work_records = median(with_module, 'work_records')
    report('untraced', median(without, 'end') / connections,
           work=median(without, 'work') / connections,
           spread=spread(without, 'end') / connections)
    report('kernel_connection', extra / connections,
           spread=spread(with_module, 'end') / connections,
           without=[run['end'] / connections for run in without],
           loaded=[run['end'] / connections for run in with_module])
    report('kernel_transition', extra / records,
           per_connection=records / connections)
    report('kernel_transition_work', work / work_records,
           per_connection=work_records / connections,
           spread=spread(with_module, 'work') / work_records,
           without=[run['work'] / connections for run in without],
           loaded=[run['work'] / connections for run in with_module])


def with_readers(how, count):
    def run():
        with Module(), Process(READER, 'block', how, str(count)):
            return load()
    return run


def readers(how):
    _, alone = baseline()
    for count in (1, 8, 64):
        runs, = alternate(with_readers(how, count))
        records = median(runs, 'work_records')
        report(f'{how}_{count}',
               (median(runs, 'settled') - median(alone, 'settled')) / records,
               spread=spread(runs, 'settled') / records)


def row_idle():
    """Readers that have the device open and do not read, each transition."""
    readers('idle')


def row_filter():
    """Readers blocked in read() by a filter that nothing passes."""
    readers('filter')


def backlog(count):
    """A descriptor of the device with the records of so many connections."""
    device = os.open(DEVICE, os.O_RDONLY | os.O_NONBLOCK)
    run = load(count)
    return device, run['end_records']


def slope(points):
    """What one more event costs, from the costs of few and of many."""
    (few, least), (many, most) = points
    return (most - least) / (many - few)


FEW, MANY = 200, 1000


def drained(name, measure):
    """Reports a reader's cost per event, over backlogs of two sizes."""
    values = []
    for _ in range(repetitions):
        points = []
        for count in (FEW, MANY):
            with Module():
                points.append(measure(count))
        values.append(slope(points))
    report(name, statistics.median(values), spread=max(values) - min(values))


def drain_by(form):
    def measure(count):
        device, _ = backlog(count)
        found = output(READER, 'drain', form, str(1 << 20), stdin=device)
        os.close(device)
        # With those of the warming up.
        return (count + 100) * 11, found['ns']
    return measure


def run(*command, **options):
    subprocess.run([READER, 'run', RESULT, *command], check=False, **options)
    with open(RESULT) as file:
        return json.load(file)['ns']


def row_drain():
    """A reader's cost per event when it drains a backlog."""
    drained('read_binary', drain_by('binary'))
    drained('read_text', drain_by('text'))


def cat(count):
    device, events = backlog(count)
    cost = run('cat', stdin=device, stdout=subprocess.DEVNULL,
               stderr=subprocess.DEVNULL)
    os.close(device)
    return events, cost


def row_cat():
    """cat of a backlog into /dev/null, per line."""
    drained('cat', cat)


def watch(*options):
    def measure(count):
        load(count)
        events = count * 11
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, BIG)
        cost = run('tcpstates', 'watch', '--rewind', '--count', str(events),
                   *options, stdout=writer)
        os.close(writer)
        os.close(reader)
        return events, cost
    return measure


def row_watch():
    """tcpstates watch of a backlog into a pipe, per event."""
    drained('watch_lines', watch('--lines'))
    drained('watch_json', watch('--json'))


def row_system():
    """Extra instructions of the whole machine with a live reader of text, for
    each transition."""
    without, _ = baseline()

    def live():
        with Module(), Process('cat', DEVICE):
            return load()
    runs, = alternate(live)
    records = median(runs, 'work_records')
    report('system',
           (median(runs, 'settled') - median(without, 'settled')) / records,
           spread=spread(runs, 'settled') / records)


BURST = 20000


def row_burst():
    """Records lost of a burst, by a reader of text."""
    with Module(), Process(READER, 'count', 'text',
                           stdout=subprocess.PIPE) as reader:
        found = load(BURST)
        tally = json.loads(reader.end())
    report('burst_lost', tally['lost'], recorded=found['end_records'],
           **tally)


def row_pause():
    """Records lost of a burst by a reader that sleeps through half of it."""
    begin = '/tmp/begin'
    with Module(), Process(READER, 'pause', begin,
                           stdout=subprocess.PIPE) as reader:
        load(BURST // 2)
        with open(begin, 'w'):
            pass
        load(BURST // 2)
        tally = json.loads(reader.end())
    os.unlink(begin)
    report('pause_lost', tally['lost'], **tally)


def row_parallel():
    """Records lost by readers while each processor makes connections; only
    numbers, as time means nothing here."""
    cpus = os.cpu_count()
    with Module(), Process(READER, 'count', 'text',
                           stdout=subprocess.PIPE) as text, \
            Process(READER, 'count', 'binary',
                    stdout=subprocess.PIPE) as binary:
        bursts = [subprocess.Popen([LOAD, 'burst', str(BURST // cpus),
                                    str(7000 + number)])
                  for number in range(cpus)]
        if any([burst.wait() for burst in bursts]):
            raise RuntimeError('a burst failed')
        time.sleep(10)
        for name, reader in (('parallel_lost', text),
                             ('parallel_lost_binary', binary)):
            tally = json.loads(reader.end())
            report(name, tally['lost'], cpus=cpus, **tally)


def row_first():
    """From insmod to the first line."""
    values = []
    for _ in range(repetitions + 1):
        values.append(output(READER, 'first', MODULE)['ns'])
        rmmod()
    report('first_line', statistics.median(values[1:]), cold=values[0])


def peak(pid):
    """The most memory that it has had. VmHWM lags behind by up to 64 pages of
    each kind, so what it has now may be more."""
    most = 0
    for name, key in (('status', 'VmHWM:'), ('smaps_rollup', 'Rss:')):
        with open(f'/proc/{pid}/{name}') as file:
            most = max(most, *(int(line.split()[1]) * 1024 for line in file
                               if line.startswith(key)))
    return most


def row_memory():
    """The most memory that a live reader has had."""
    for name, command in (('memory_cat', ['cat', DEVICE]),
                          ('memory_watch', ['tcpstates', 'watch'])):
        with Module(), Process(*command) as reader:
            load(1000)
            report(name, peak(reader.process.pid))


MILLION = 1000000


def held(count):
    """The extra cost per transition while so many connections exist, and the
    memory of the module's table. They stay until the machine ends."""
    with Module('conn_mib=1024'):
        holder = subprocess.Popen([LOAD, 'hold', str(count)],
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        if holder.stdout.readline() != b'ready\n':
            raise RuntimeError(f'no {count} connections')
        held.processes.append(holder)
        runs = [load() for _ in range(repetitions)]
        stats = output(READER, 'stats', '-')
    without = [load() for _ in range(repetitions)]
    if stats['conns_missed']:
        say(f'the table had no place for {stats["conns_missed"]}')
    extra = median(runs, 'end') - median(without, 'end')
    return (extra / median(runs, 'end_records'), stats,
            median(without, 'end') / connections)


held.processes = []


def row_million():
    """Cost with a million connections relative to that with a hundred."""
    few, _, _ = held(100)
    many, stats, without = held(MILLION)
    report('million_ratio', many / few, few=few, many=many, untraced=without,
           table_bytes=stats['conn_bytes'], missed=stats['conns_missed'])


def prepare():
    # No connection meets the TIME_WAIT of another, and all have one.
    set_sysctl('net.ipv4.ip_local_port_range', '10000 64999')
    set_sysctl('net.ipv4.tcp_max_tw_buckets', 4000000)
    set_sysctl('fs.nr_open', 4000000)
    set_sysctl('fs.file-max', 4000000)
    set_sysctl('fs.pipe-max-size', BIG)
    with open('/sys/devices/system/clocksource/clocksource0/'
              'current_clocksource') as file:
        say('clock:', file.read().strip())


def main(arguments):
    global repetitions, connections
    repetitions, connections = int(arguments[0]), int(arguments[1])
    prepare()
    for name in arguments[2:]:
        start = time.monotonic()
        globals()['row_' + name]()
        say(f'{name}: {time.monotonic() - start:.0f} s of the guest')


if __name__ == '__main__':
    main(sys.argv[1:])
