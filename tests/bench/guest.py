# SPDX-License-Identifier: GPL-2.0
"""Code that all rows share that are measured in the guest."""

import json
import os
import signal
import statistics
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LOAD = os.path.join(HERE, 'load')
READER = os.path.join(HERE, 'reader')
LIVE = os.path.join(HERE, 'live')
MODULE = '/tcpstates.ko'
DEVICE = '/dev/tcpstates'
RESULT = '/tmp/result'
BIG = 64 << 20          # bytes of a pipe that holds the whole output
BURST = 20000           # connections

# A row's settings, from the command line.
repetitions = connections = 0
failed = []


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


def burst(count):
    """Connections, as many from each processor, and nothing measured."""
    cpus = os.cpu_count()
    loads = [subprocess.Popen([LOAD, 'burst', str(count // cpus),
                               str(7000 + number)]) for number in range(cpus)]
    if any([process.wait() for process in loads]):
        raise RuntimeError('a burst failed')


def stats():
    """The module's statistics."""
    return output(READER, 'stats', '-')


def busy():
    """Nanoseconds that the processor was busy, measured by clock.c."""
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


def states(session):
    """{pid: state} of the processes that have not ended."""
    found = {}
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/stat') as file:
                words = file.read().rpartition(')')[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(words[3]) == session and words[0] not in 'XZ':
            found[int(pid)] = words[0]
    return found


class Process:
    """A context in which a program runs, from when it waits for something; it
    ends by SIGTERM, with all of its processes."""

    def __init__(self, *command, **options):
        self.command = command
        self.options = {'stdout': subprocess.DEVNULL, **options}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, start_new_session=True,
                                        **self.options)
        # Even if it was asleep for a moment while it started.
        time.sleep(1)
        while set(states(self.process.pid).values()) - {'S'}:
            time.sleep(0.1)
        if self.process.poll() is not None:
            raise RuntimeError(f'{self.command} ended')
        return self

    def end(self):
        """Ends it by SIGTERM; returns its output."""
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


def difference(runs, others, key):
    """How much more @runs took than @others, and the spread of that."""
    return (median(runs, key) - median(others, key),
            spread(runs, key) + spread(others, key))


def middle(values):
    """The median and its spread, for report()."""
    return {'value': statistics.median(values),
            'spread': max(values) - min(values)}


def alternate(*ways):
    """Runs the load in each way, in turns, so that a drift affects all."""
    runs = [[] for _ in ways]
    for _ in range(repetitions):
        for way, found in zip(ways, runs):
            found.append(way())
    return runs


def peak(pid):
    """The most memory that it has had. VmHWM lags behind by up to 64 pages of
    each kind, so what it has now may be more."""
    most = 0
    for name, key in (('status', 'VmHWM:'), ('smaps_rollup', 'Rss:')):
        with open(f'/proc/{pid}/{name}') as file:
            most = max(most, *(int(line.split()[1]) * 1024 for line in file
                               if line.startswith(key)))
    return most


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


def main(arguments, *modules):
    """Measures the rows named, functions row_NAME() of the modules."""
    global repetitions, connections
    repetitions, connections = int(arguments[0]), int(arguments[1])
    functions = {}
    for module in modules:
        functions.update(vars(module))
    prepare()
    for name in arguments[2:]:
        start = time.monotonic()
        try:
            functions['row_' + name]()
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            # The other rows can be measured all the same.
            say(f'{name}: {error}')
            failed.append(name)
        say(f'{name}: {time.monotonic() - start:.0f} s of the guest')
    return 1 if failed else 0
