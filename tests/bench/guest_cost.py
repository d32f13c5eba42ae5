# SPDX-License-Identifier: GPL-2.0
"""Rows that are instructions: of the machine, or of one reader."""

import fcntl
import json
import os
import subprocess

import guest
from guest import Module, Process, difference, load, median, report


def loaded():
    with Module():
        return load()


def baseline():
    """Runs without and with the module, measured once."""
    if not baseline.runs:
        baseline.runs = guest.alternate(load, loaded)
    return baseline.runs


baseline.runs = None


def each(runs, key):
    return [run[key] / guest.connections for run in runs]


def row_kernel():
    """Extra instructions for each connection, and each of its transitions,
    with nobody reading. TIME_WAIT's end, a minute later, is part of it."""
    count = guest.connections
    without, with_module = baseline()
    extra, spread = difference(with_module, without, 'end')
    records = median(with_module, 'end_records')
    report('untraced', median(without, 'end') / count,
           work=median(without, 'work') / count,
           spread=guest.spread(without, 'end') / count)
    report('kernel_connection', extra / count, spread=spread / count,
           without=each(without, 'end'), loaded=each(with_module, 'end'))
    report('kernel_transition', extra / records, spread=spread / records,
           per_connection=records / count)
    extra, spread = difference(with_module, without, 'work')
    records = median(with_module, 'work_records')
    report('kernel_transition_work', extra / records, spread=spread / records,
           per_connection=records / count,
           without=each(without, 'work'), loaded=each(with_module, 'work'))


def against(name, runs, others):
    """Reports how much more a transition cost, until readers were done."""
    extra, spread = difference(runs, others, 'settled')
    records = median(runs, 'work_records')
    report(name, extra / records, spread=spread / records)


def with_readers(how, count):
    def run():
        with Module(), Process(guest.READER, 'block', how, str(count)):
            return load()
    return run


def readers(how):
    _, alone = baseline()
    for count in (1, 8, 64):
        runs, = guest.alternate(with_readers(how, count))
        against(f'{how}_{count}', runs, alone)


def row_idle():
    """Readers that have the device open and do not read, each transition."""
    readers('idle')


def row_filter():
    """Readers blocked in read() by a filter that nothing passes."""
    readers('filter')


# So that the larger backlog fits, whatever the default is.
ROOM = 'ring_records=16384'


def backlog(count):
    """A descriptor of the device with the records of so many connections."""
    device = os.open(guest.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
    run = load(count)
    return device, run['end_records']


def slope(points):
    """The cost of one more event, from the costs of few and of many."""
    (few, least), (many, most) = points
    return (most - least) / (many - few)


FEW, MANY = 200, 1000


def drained(name, measure):
    """Reports a reader's cost per event, over backlogs of two sizes."""
    values = []
    for _ in range(guest.repetitions):
        points = []
        for count in (FEW, MANY):
            with Module(ROOM):
                points.append(measure(count))
        values.append(slope(points))
    report(name, **guest.middle(values))


def drain_by(form):
    def measure(count):
        device, _ = backlog(count)
        found = guest.output(guest.READER, 'drain', form, str(1 << 20),
                             stdin=device)
        os.close(device)
        # With those of the warming up.
        return (count + 100) * 11, found['ns']
    return measure


def row_drain():
    """A reader's cost per event when it drains a backlog."""
    drained('read_binary', drain_by('binary'))
    drained('read_text', drain_by('text'))


def drain_mapped(count):
    load(count)
    found = guest.output(guest.READER, 'mapped', '-')
    if found['lost']:
        raise RuntimeError(f'{found["lost"]} lost of a backlog')
    guest.say('the library', 'maps' if found['maps'] else 'does not map',
              'the rings')
    return found['events'], found['ns']


def row_mapped():
    """The cost of a drain through the library, which maps the rings if it can."""
    drained('mapped', drain_mapped)


def row_rings():
    """Both on a machine that may get many processors, so has as many rings to
    look at; all but one are empty."""
    drained('read_binary_128', drain_by('binary'))
    drained('mapped_128', drain_mapped)


def run(*command, **options):
    subprocess.run([guest.READER, 'run', guest.RESULT, *command], check=False,
                   **options)
    with open(guest.RESULT) as file:
        return json.load(file)['ns']


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
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, guest.BIG)
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
        with Module(), Process('cat', guest.DEVICE):
            return load()
    runs, = guest.alternate(live)
    against('system', runs, without)
