# SPDX-License-Identifier: GPL-2.0
"""Loading and unloading: what it refuses, leaves behind, and survives."""

import errno
import os
import re
import shutil
import subprocess
import unittest

from lib import kernel, tcp, uapi
from lib.harness import expand, over
from lib.model import Model
from lib.stream import Stream

ENABLED = '/sys/kernel/tracing/enabled_functions'

# The functions of section "Reading" of the contract, and those that complete
# the tuple and the identity; inet_twsk_hashdance has a successor.
HOOKED = {
    'inet_twsk_kill', '__inet_twsk_schedule',
    'inet_csk_reqsk_queue_hash_add', '__inet_csk_reqsk_queue_drop',
    'inet_csk_complete_hashdance', 'inet_csk_clone_lock',
    'inet_reqsk_clone', 'tcp_v4_reqsk_destructor', 'tcp_v6_reqsk_destructor',
}
# As a kernel has it.
HASHDANCES = {'inet_twsk_hashdance', 'inet_twsk_hashdance_schedule'}

NGINX = '''
daemon off;
master_process on;
worker_processes 2;
pid {dir}/pid;
error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    keepalive_timeout 0;
    server {{
        listen 127.0.0.1:{port};
        listen [::1]:{port};
        location / {{ return 200 "hello\\n"; }}
    }}
}}
'''


OPENED_AND_CLOSED = [
    'CLOSE>SYN_SENT>ESTABLISHED>' + closing for closing in (
        'CLOSE_WAIT>LAST_ACK>CLOSE', 'FIN_WAIT1>FIN_WAIT2>TIME_WAIT',
        'FIN_WAIT1>CLOSING>TIME_WAIT')]


class LoadTest(unittest.TestCase):
    def tearDown(self):
        if kernel.loaded():
            kernel.unload()


@expand
class Loading(LoadTest):
    @over('ring_records=1', 'ring_records=63', 'ring_records=4194305',
          'ring_records=4294967295', 'ring_records=-1', 'ring_records=',
          'ring_records=many', 'files_mib=65537', 'files_mib=-1')
    def test_bad_parameter(self, parameter):
        """It is refused, and nothing of it remains."""
        log = kernel.Log()
        result = kernel.insmod(parameter)
        said = '\n'.join(log.lines())
        log.close()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('Invalid parameters', result.stderr)
        self.assertIn(parameter.partition('=')[0], said)
        self.assertFalse(kernel.loaded())
        self.assertFalse(os.path.exists(uapi.DEVICE))

    def test_ring_records_are_chosen(self):
        """Enough for a burst, but at most 1/64 of the memory."""
        kernel.load()
        fd = os.open(uapi.DEVICE, os.O_RDONLY)
        info, stats = uapi.get_info(fd), uapi.get_stats(fd)
        os.close(fd)
        self.assertEqual(info.ring_records & (info.ring_records - 1), 0)
        self.assertEqual(stats.ring_bytes, info.cpus * info.ring_records *
                         info.record_size)
        memory = int(re.search(r'MemTotal: *(\d+)', kernel.read_file(
            '/proc/meminfo')).group(1)) * 1024
        wanted = min(131072, 524288 // info.cpus)
        if info.ring_records < wanted:
            self.assertGreater(2 * stats.ring_bytes, memory // 64)
        self.assertLessEqual(info.ring_records, wanted)
        self.assertLessEqual(stats.ring_bytes, memory // 64)

    def test_twice(self):
        kernel.load()
        result = kernel.insmod()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('File exists', result.stderr)

    def test_processor_that_comes_up(self):
        """It comes up after loading: its connections are recorded at once."""
        cpu = '/sys/devices/system/cpu/cpu1/online'
        allowed = os.sched_getaffinity(0)
        with kernel.setting(cpu, 0):
            kernel.load()
        os.sched_setaffinity(0, {1})
        try:
            with Stream() as stream:
                tcp.exchange(tcp.FAMILIES['v4'])
                events = stream.collect(lambda events: len(events) >= 8)
                stats = uapi.get_stats(stream.fd)
        finally:
            os.sched_setaffinity(0, allowed)
        self.assertEqual({event.cpu for event in events}, {1})
        self.assertEqual(stats.conns_missed, 0)
        self.assertNotIn(None, [event.dur_ns for event in events
                                if event.old not in ('CLOSE', 'LISTEN')])

    def test_unload_while_open(self):
        """EBUSY; the reader is not disturbed."""
        kernel.load()
        with Stream() as stream:
            result = kernel.rmmod()
            self.assertNotEqual(result.returncode, 0)
            self.assertIn('in use', result.stderr)
            self.assertTrue(kernel.loaded())
            tcp.exchange(tcp.FAMILIES['v4'])
            stream.collect(lambda events: len(events) >= 8)
        kernel.unload()

    def test_nothing_stays(self):
        """Device node, entries and hooks exist while it is loaded, and not after."""
        minors = kernel.read_file('/proc/misc')
        before = kernel.read_file(ENABLED)
        self.assertFalse(os.path.exists(uapi.DEVICE))
        kernel.load()
        self.assertTrue(os.path.exists(uapi.DEVICE))
        self.assertIn('tcpstates', kernel.read_file('/proc/misc'))
        hooked = set(re.findall(r'^(\S+) \(', kernel.read_file(ENABLED),
                                re.MULTILINE))
        self.assertLessEqual(HOOKED, hooked)
        self.assertEqual(len(HASHDANCES & hooked), 1)
        kernel.unload()
        self.assertEqual(kernel.read_file(ENABLED), before)
        self.assertEqual(kernel.read_file('/proc/misc'), minors)
        self.assertFalse(os.path.exists(uapi.DEVICE))
        self.assertFalse(os.path.exists('/sys/class/misc/tcpstates'))

    def test_without_ftrace(self):
        """Loading fails while ftrace is off, when its hooks would see nothing."""
        stays_on = kernel.ftrace_stays_on()
        if not stays_on:
            self.refused_without_ftrace()
        kernel.load()
        with self.assertRaises(OSError) as caught:
            kernel.write_file(kernel.sysctl_path('kernel.ftrace_enabled'),
                              '0')
        self.assertEqual(caught.exception.errno,
                         errno.EOPNOTSUPP if stays_on else errno.EBUSY)

    def refused_without_ftrace(self):
        log = kernel.Log()
        with kernel.sysctl('kernel.ftrace_enabled', 0):
            result = kernel.insmod()
        said = '\n'.join(log.lines())
        log.close()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('ftrace_enabled', said)

    def test_quiet(self):
        """Loading and unloading print no message of the module."""
        log = kernel.Log()
        kernel.load()
        kernel.unload()
        said = [line for line in log.lines() if 'tcpstates: ' in line and
                'taint' not in line and 'verification failed' not in line]
        log.close()
        self.assertEqual(said, [])


class RealPrograms(LoadTest):
    """nginx and curl, over IPv4 and IPv6."""

    def test_nginx_and_curl(self):
        kernel.load()
        directory = '/tmp/nginx'
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        port = next(tcp.ports)
        kernel.write_file(f'{directory}/nginx.conf',
                          NGINX.format(dir=directory, port=port))
        model = Model()
        with Stream() as stream:
            server = subprocess.Popen(
                ['nginx', '-e', f'{directory}/error.log', '-c',
                 f'{directory}/nginx.conf'])
            try:
                events = stream.collect(lambda events: len(
                    [e for e in events if e.new == 'LISTEN']) >= 2)
                for host in ('127.0.0.1', '[::1]') * 3:
                    text = subprocess.run(
                        ['curl', '-s', f'http://{host}:{port}/'],
                        check=True, capture_output=True).stdout
                    self.assertEqual(text, b'hello\n')
            finally:
                server.terminate()
                server.wait()
            events += stream.collect(lambda events: len(
                [e for e in events if e.new == 'TIME_WAIT']) >= 6)
        for event in events:
            model.apply(event)
        self.assertEqual(model.errors, [])
        paths = sorted(life.path for life in model.lives
                       if 'LISTEN>' not in life.path)
        # Whoever closes first: curl may, when it has all that it asked for.
        self.assertEqual(len(paths), 6)
        for path in paths:
            self.assertIn(path, OPENED_AND_CLOSED)
        for life in model.lives:
            if life.end[2]:
                self.assertIn(life.end[0], ('127.0.0.1', '::1'))


CASES = [Loading, RealPrograms]
