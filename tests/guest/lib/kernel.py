# SPDX-License-Identifier: GPL-2.0
"""The module and the kernel's log, settings and small system calls."""

import contextlib
import ctypes
import errno
import fcntl
import os
import re
import socket
import struct
import subprocess

MODULE = '/tcpstates.ko'
NAME = 'tcpstates'

# KCSAN tells of the kernel's own races too, as "BUG: KCSAN: data-race in ONE /
# OTHER". On a kernel of tests/kernels/debug-list only we have brackets behind
# the name of a function: there are no other modules.
ALARM = re.compile(
    r'WARNING|BUG(?!: KCSAN: [^\[]*$)|Oops|general protection|INFO: |UBSAN|refcount_t'
    r'|use-after-free|stall|lockup|unregister_netdevice|scheduling while'
    r'|sleeping function|Unable to handle|suspicious RCU' +
    # An allocation that is made to fail tells from where, in test_faults.py.
    ('' if os.path.isdir('/sys/kernel/debug/failslab') else '|Call Trace'))

# Emulated and checking every access, a kernel takes its time: so many times as
# much of it as tests grant others.
DEBUGGING = any(map(os.path.exists, ('/proc/lockdep_stats',
                                     '/sys/kernel/debug/kcsan')))
SLOWNESS = 5 if DEBUGGING else 1

RELEASE = tuple(int(number) for number in
                re.match(r'(\d+)\.(\d+)', os.uname().release).groups())

# What older kernels do not do, and the first release that does, as far as a
# test's result depends on it. All that the tests know of kernels stands here.
SINCE = {
    # tcp_reset() is told the segment. Before, its hook cannot tell a RST from
    # data that came too late, where both are possible.
    'reset_segment': (5, 11),
    # tcp_abort(), and with it "ss -K", ends minisocks too; see lib/ending.py.
    'kill_minisock': (6, 1),
    # tcp_abort() ends what no process has open.
    'kill_orphan': (6, 1),
    # A second request of the same connection is refused
    # (inet_csk_reqsk_queue_hash_add()). Before, both live until they time out.
    'one_request': (6, 1),
    # A child has its addresses before it leaves LISTEN; before, the tracepoint
    # tells that without the peer.
    'child_complete': (6, 18),
    # net.ipv4.tcp_migrate_req.
    'migrate': (5, 14),
}

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1

libc = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    """A function of the C library, with an exception for -1."""
    result = getattr(libc, function)(*arguments)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f'{function}: {os.strerror(number)}')
    return result


def insmod(*parameters):
    """The result of insmod, with its messages in stderr."""
    return subprocess.run(['insmod', MODULE, *parameters], text=True,
                          capture_output=True, check=False)


def rmmod():
    return subprocess.run(['rmmod', NAME], text=True, capture_output=True,
                          check=False)


def load(*parameters):
    result = insmod(*parameters)
    assert result.returncode == 0, result.stderr + Log().tail()


def unload():
    result = rmmod()
    assert result.returncode == 0, result.stderr + Log().tail()


def loaded():
    return os.path.isdir(f'/sys/module/{NAME}')


def enter_new_netns(flags=0):
    """
    Into a network namespace of its own, with lo up. Not by ip(8): in a user
    namespace without a map of users, exec() would take the rights away.
    """
    call('unshare', CLONE_NEWNET | flags)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS,
                    struct.pack('=16sH22x', b'lo', IFF_UP))


class Log:
    """The kernel's log from a moment on."""

    def __init__(self):
        self.fd = os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def close(self):
        os.close(self.fd)

    def lines(self):
        """The messages since the last call."""
        lines = []
        while True:
            try:
                raw = os.read(self.fd, 8192).decode(errors='replace')
            except BlockingIOError:
                return lines
            except BrokenPipeError:     # too long ago, and overwritten
                continue
            lines.append(raw.partition(';')[2].split('\n')[0])

    def alarms(self):
        return [line for line in self.lines() if ALARM.search(line)]

    def tail(self, count=20):
        """The last lines, of any time, for a diagnostic."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        return '\n'.join(self.lines()[-count:])


def does(what):
    return RELEASE >= SINCE[what]


def read_file(path):
    with open(path, encoding='utf-8') as file:
        return file.read().strip()


def write_file(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def sysctl_path(name):
    return '/proc/sys/' + name.replace('.', '/')


def sysctl(name, value):
    """Sets a sysctl for the length of a with block."""
    return setting(sysctl_path(name), value)


@contextlib.contextmanager
def setting(path, value):
    """Sets the content of a file for the length of a with block."""
    before = read_file(path)
    write_file(path, str(value))
    try:
        yield
    finally:
        write_file(path, before)


def ftrace_stays_on():
    """
    Whether nobody can switch ftrace off, as in 7.3. Not to be asked while
    somebody's hooks forbid it.
    """
    try:
        with sysctl('kernel.ftrace_enabled', 0):
            return False
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return True
