# SPDX-License-Identifier: GPL-2.0
"""
What may happen to the module while it records: readers of all kinds that come
and are killed, processors and namespaces that go, others that trace the same
functions, connections that are destroyed, parameters that change.

Each is a context manager with a source of random numbers as its argument:
entered, it begins; left, it ends.
"""

import contextlib
import errno
import os
import select
import subprocess

from lib import ending, kernel, tcp, uapi
from lib.mapped import Map
from lib.processes import Child
from lib.rows import Snapshot
from lib.stream import Stream
from lib.witness import Witness

TRACING = '/sys/kernel/tracing'
EVENT = f'{TRACING}/events/tcpstates/transition/enable'
CPU = '/sys/devices/system/cpu/cpu1/online'
BATCH = '/sys/module/tcpstates/parameters/batch_us'

# Of those that the module hooks and all supported kernels have.
HOOKED = ('__inet_twsk_schedule', 'inet_csk_reqsk_queue_hash_add', 'tcp_reset',
          'inet_csk_complete_hashdance', 'inet_csk_clone_lock',
          'tcp_v4_reqsk_destructor')


@contextlib.contextmanager
def _killed(function):
    """A process that is killed at the end, wherever it is then."""
    child = Child(function, keep=())
    try:
        yield
    finally:
        assert not child.has_ended(), child.join()
        child.kill()


def reader(choose):
    """Reads lines or records without a pause."""
    binary = choose.random() < 0.5

    def run():
        with Stream(binary=binary) as stream:
            while True:
                stream.wait(10)
                stream.fetch_some()
    return _killed(run)


def poller(_):
    """Polls, and never reads."""
    def run():
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        with select.epoll() as epoll:
            epoll.register(fd, select.EPOLLIN | select.EPOLLET)
            while True:
                epoll.poll(1)
    return _killed(run)


def mapped(choose):
    """Maps the rings again and again."""
    seed = choose.random()

    def run():
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        while True:
            rings = Map(fd)
            for cpu in range(rings.info.cpus):
                ring = rings.ring(cpu)
                # None on a processor that has not been up yet: a SIGBUS.
                if ring.records:
                    rings.record(cpu, int(seed * ring.head))
            rings.close()
    return _killed(run)


@contextlib.contextmanager
def command(choose):
    """Commands of tcpstates."""
    words = choose.choice((['cat', uapi.DEVICE], ['tcpstates', 'watch'],
                           ['tcpstates', 'watch', '--json']))
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def snapshot(_):
    """Another reader that begins with a snapshot."""
    with Snapshot() as other:
        other.pump_for(0.2)
        yield
        assert other.faults() == '', other.faults()


def namespace(_):
    """A namespace that ends, with its connections, when its only process ends."""
    def run():
        kernel.enter_new_netns()
        socks = []
        for name in ('v4', 'v6'):
            family = tcp.FAMILIES[name]
            listener = family.listener()
            tcp.exchange(family, 3, listener)
            for _ in range(5):
                client = family.open()
                client.connect(listener.getsockname()[:2])
                socks += [client, listener.accept()[0]]
            socks[-1].close()
            socks.append(listener)
        select.select([], [], [])
    return _killed(run)


def processor(_):
    """Takes a processor offline."""
    return kernel.setting(CPU, 0)


def _kprobe_events(text):
    """In addition to those that there are: nothing is truncated."""
    fd = os.open(f'{TRACING}/kprobe_events', os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


@contextlib.contextmanager
def kprobe(choose):
    """Another user's kprobe on a function with a hook."""
    _kprobe_events(f'p:storm/it {choose.choice(HOOKED)}')
    try:
        with kernel.setting(f'{TRACING}/events/storm/it/enable', 1):
            yield
    finally:
        _kprobe_events('-:storm/it')


@contextlib.contextmanager
def function_tracer(choose):
    """Another user's tracer on functions with a hook, and on others."""
    kernel.write_file(f'{TRACING}/set_ftrace_filter',
                      choose.choice(('tcp_re*', 'inet_twsk_*', 'inet_csk_*')))
    try:
        with kernel.setting(f'{TRACING}/current_tracer', 'function'):
            yield
    finally:
        kernel.write_file(f'{TRACING}/set_ftrace_filter', '')


@contextlib.contextmanager
def bpf(_):
    """Another BPF program at the tracepoint."""
    witness = Witness()
    try:
        yield
    finally:
        witness.close()


def trace_event(_):
    """The module's trace event, enabled."""
    return kernel.setting(EVENT, 1)


@contextlib.contextmanager
def destroyed(choose):
    """Ends connections by ss -K."""
    state = choose.choice(('established', 'time-wait', 'syn-recv',
                           'fin-wait-2', 'close-wait'))
    ending.destroy('state', state)
    yield


@contextlib.contextmanager
def batch(choose):
    """Changes batch_us, the bound of delayed wake-ups."""
    kernel.write_file(BATCH, str(choose.choice((0, 1, 1000, 50000))))
    yield


@contextlib.contextmanager
def ftrace_off(_):
    """Switches ftrace off; refused while hooks depend on it."""
    try:
        kernel.write_file(kernel.sysctl_path('kernel.ftrace_enabled'), '0')
    except OSError as error:
        # The second whether or not there are hooks; ftrace_stays_on().
        assert error.errno in (errno.EBUSY, errno.EOPNOTSUPP), error
    else:
        raise AssertionError('ftrace can be switched off')
    yield


@contextlib.contextmanager
def unloading(_):
    """Unloads; refused while the device is open."""
    result = kernel.rmmod()
    assert result.returncode and 'in use' in result.stderr, result.stderr
    yield


# Those that may be there before the module is loaded, and after.
FOREIGN = [kprobe, function_tracer, bpf, namespace, processor]

ALL = [reader, poller, mapped, command, snapshot, trace_event, destroyed, batch,
       ftrace_off, unloading, *FOREIGN]

MOST_AT_A_TIME = 4


class Disturbances:
    """Those that go on; of each kind one at most. @story: all that began."""

    def __init__(self):
        self.active = {}
        self.story = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end_all()

    def begin(self, kind, choose):
        if kind in self.active:
            self.end(kind)
        while len(self.active) >= MOST_AT_A_TIME:
            self.end(choose.choice(list(self.active)))
        manager = kind(choose)
        manager.__enter__()
        self.active[kind] = manager
        self.story.append(kind.__name__)

    def end(self, kind):
        self.active.pop(kind).__exit__(None, None, None)

    def end_all(self, *but):
        """Each of them, also if another one complains."""
        with contextlib.ExitStack() as stack:
            for kind in list(self.active):
                if kind not in but:
                    stack.push(self.active.pop(kind))
