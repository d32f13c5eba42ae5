# SPDX-License-Identifier: GPL-2.0
"""module/uapi/tcpstates.h in Python: numbers, layouts and ioctls."""

import collections
import fcntl
import struct

DEVICE = '/dev/tcpstates'
ABI_VERSION = 1

STATES = {
    1: 'ESTABLISHED', 2: 'SYN_SENT', 3: 'SYN_RECV', 4: 'FIN_WAIT1',
    5: 'FIN_WAIT2', 6: 'TIME_WAIT', 7: 'CLOSE', 8: 'CLOSE_WAIT',
    9: 'LAST_ACK', 10: 'LISTEN', 11: 'CLOSING',
}
STATE_NUMBERS = {name: number for number, name in STATES.items()}

EVENT_TRANSITION = 1
EVENT_LOST = 2
EVENT_EXISTING = 3
EVENT_STUCK = 4

FAMILY_INET = 4
FAMILY_INET6 = 6
FAMILIES = {FAMILY_INET: 'inet', FAMILY_INET6: 'inet6'}

KNOW_LADDR = 1 << 0
KNOW_LPORT = 1 << 1
KNOW_RADDR = 1 << 2
KNOW_RPORT = 1 << 3
KNOW_DURATION = 1 << 4
KNOW_OWNER = 1 << 5
KNOW_UID = 1 << 6
KNOW_INODE = 1 << 7
KNOW_CGROUP = 1 << 8
KNOW_RTT = 1 << 9
KNOW_RETRANS = 1 << 10
KNOW_QUEUES = 1 << 11
KNOW_BYTES = 1 << 12
KNOW_HANDSHAKE = 1 << 13
KNOW_ACCEPTQ = 1 << 14

# Members of the record with a name of their own as keys, behind the flags.
HEALTH = {
    'inode': KNOW_INODE, 'cgroup': KNOW_CGROUP, 'rtt_us': KNOW_RTT,
    'retrans': KNOW_RETRANS, 'rq': KNOW_QUEUES, 'wq': KNOW_QUEUES,
    'bytes_in': KNOW_BYTES, 'bytes_out': KNOW_BYTES,
    'handshake_ns': KNOW_HANDSHAKE, 'acceptq': KNOW_ACCEPTQ,
    'backlog': KNOW_ACCEPTQ,
}

FLAG_V4MAPPED = 1 << 0
FLAG_UNACCEPTED = 1 << 1
FLAG_ORPHAN = 1 << 2
FLAG_ATLEAST = 1 << 3
FLAG_SYNCOOKIE = 1 << 4
FLAG_TFO = 1 << 5
FLAG_MPTCP = 1 << 6
FLAGS = {
    FLAG_V4MAPPED: 'v4mapped', FLAG_UNACCEPTED: 'unaccepted',
    FLAG_ORPHAN: 'orphan', FLAG_ATLEAST: 'atleast',
    FLAG_SYNCOOKIE: 'syncookie', FLAG_TFO: 'tfo', FLAG_MPTCP: 'mptcp',
}

# By number, from 0; the first is unknown.
CAUSES = (
    '-', 'connect', 'listen', 'syn', 'synack', 'ack', 'fin', 'fin-acked',
    'close', 'shutdown', 'rst-received', 'rst-sent', 'abort', 'unread',
    'disconnect', 'timeout', 'refused', 'unreachable', 'synack-timeout',
    'overflow', 'listener-closed', 'duplicate', 'tw-expired', 'tw-reused',
    'tw-reset', 'tw-overflow', 'netns-exit', 'killed', 'no-memory',
    'connect-failed', 'listen-failed', 'repair', 'unseen')

FORMAT_TEXT = 0
FORMAT_BINARY = 1

HOOK_COUNT = 20

RECORD = struct.Struct('=HBBBBBBQQQQQII16s16sHHIII16sIIQQQQQIIIIII')
Record = collections.namedtuple('Record', (
    'size version event old new family cause boot_ns real_ns seq conn dur_ns '
    'netns cpu laddr raddr lport rport known pid uid comm flags rtt_us inode '
    'cgroup bytes_in bytes_out handshake_ns retrans rq wq acceptq backlog '
    'reserved'))

INFO = struct.Struct('=IIIIQ16s3Q')
Info = collections.namedtuple('Info', (
    'abi_version record_size cpus ring_records hooks module_version map_ring '
    'map_slots'))

# The counters of a mapped ring.
RING = struct.Struct('=4Q')
Ring = collections.namedtuple('Ring', 'entered reserved head records')

STATS = struct.Struct('=8Q24Q')
Stats = collections.namedtuple('Stats', (
    'recorded overwritten reader_lost untracked unplaced ring_bytes '
    'conns_missed conn_bytes hits'))

ACCOUNT = struct.Struct('=32Q')
Account = collections.namedtuple('Account', (
    'entries entries_started entries_ended requests_started requests_done '
    'requests_ended minisocks_started minisocks_ended vanished audits '
    'audit_boot_ns incomplete_boot_ns complete_boot_ns files files_bytes '
    'files_bytes_max files_bytes_user_max files_refused wakeups'))

FORMAT = struct.Struct('=II')
FILTER = struct.Struct('=IIIIQHHHH16s16sBBBBI')
FILTER_FIELDS = (
    'old_states new_states families netns conn lport_min lport_max rport_min '
    'rport_max laddr raddr laddr_family raddr_family laddr_prefix '
    'raddr_prefix events').split()

MAGIC = 0xE6


def _ioc(direction, number, size):
    return direction << 30 | size << 16 | MAGIC << 8 | number


GET_INFO = _ioc(2, 1, INFO.size)
GET_STATS = _ioc(2, 2, STATS.size)
SET_FORMAT = _ioc(1, 3, FORMAT.size)
SET_FILTER = _ioc(1, 4, FILTER.size)
REWIND = _ioc(0, 5, 0)
SNAPSHOT = _ioc(0, 6, 0)
NOW = _ioc(0, 7, 0)
GET_ACCOUNT = _ioc(2, 8, ACCOUNT.size)


def get_info(fd):
    raw = INFO.unpack(fcntl.ioctl(fd, GET_INFO, bytes(INFO.size)))
    assert raw[8] == 0, f'reserved member of the info: {raw[8]}'
    return Info(*raw[:5], raw[5].split(b'\0')[0].decode(), *raw[6:8])


def get_stats(fd):
    raw = STATS.unpack(fcntl.ioctl(fd, GET_STATS, bytes(STATS.size)))
    return Stats(*raw[:8], raw[8:])


def get_account(fd):
    raw = ACCOUNT.unpack(fcntl.ioctl(fd, GET_ACCOUNT, bytes(ACCOUNT.size)))
    count = len(Account._fields)
    assert not any(raw[count:]), f'reserved members of the account: {raw}'
    return Account(*raw[:count])


def set_format(fd, number, reserved=0):
    fcntl.ioctl(fd, SET_FORMAT, FORMAT.pack(number, reserved))


def pack_filter(**members):
    """A struct tcpstates_filter; what is not named is zero."""
    values = {name: 0 for name in FILTER_FIELDS}
    values.update(laddr=bytes(16), raddr=bytes(16))
    unknown = set(members) - set(values)
    assert not unknown, unknown
    values.update(members)
    return FILTER.pack(*(values[name] for name in FILTER_FIELDS))


def set_filter(fd, **members):
    fcntl.ioctl(fd, SET_FILTER, pack_filter(**members))


def states(*names):
    """The bits of a filter for these states."""
    return sum(1 << STATE_NUMBERS[name] for name in names)


def rewind(fd):
    fcntl.ioctl(fd, REWIND)


def snapshot(fd):
    fcntl.ioctl(fd, SNAPSHOT)


def now(fd):
    fcntl.ioctl(fd, NOW)
