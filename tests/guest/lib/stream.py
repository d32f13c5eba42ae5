# SPDX-License-Identifier: GPL-2.0
"""
Readers of /dev/tcpstates, and a parser that accepts exactly the contract's
line: the keys in their order, one space between them, every value in its one
canonical spelling. Anything else is an error, never a line to skip.
"""

import calendar
import dataclasses
import os
import re
import select
import socket
import time

from lib import kernel, uapi

PORT = r'(-|[1-9]\d{0,4})'
NUMBER = r'(-|0|[1-9]\d*)'
LINE = re.compile((
    r'time=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z '
    r'(?:seq=(0|[1-9]\d*):(0|[1-9]\d*) event=(transition|stuck)|'
    r'seq=- event=(existing)) '
    r'conn=([1-9a-f][0-9a-f]*) netns=([1-9]\d*) family=(inet6?) '
    r'laddr=([0-9a-f.:]+|-) lport=' + PORT +
    r' raddr=([0-9a-f.:]+|-) rport=' + PORT +
    r' old=(-|[A-Z_0-9]+) new=([A-Z_0-9]+) '
    r'dur_ns=' + NUMBER + r' cause=(-|[a-z][a-z-]*) pid=' + NUMBER +
    r' comm=(-|"(?:[^"\\\x00-\x1f\x7f]|\\x[0-9a-f]{2})*") uid=' + NUMBER +
    r' flags=(-|[a-z0-9]+(?:,[a-z0-9]+)*)'
    r'((?: [a-z][a-z0-9_]*=(?:"[^"\n]*"|[^" \n]+))*)\n'))
APPENDED = re.compile(''.join(f'(?: {key}={NUMBER})?' for key in uapi.HEALTH))
COMPLETE = re.compile(''.join(f' {key}=[^ ]+' for key in uapi.HEALTH))
LOST = re.compile(
    r'time=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z '
    r'seq=- event=lost count=([1-9]\d*)\n')
ADDRESS_FAMILY = {'inet': socket.AF_INET, 'inet6': socket.AF_INET6}
LINE_MAX = 768


class BadLine(AssertionError):
    """A line or record that the contract does not allow."""


@dataclasses.dataclass(frozen=True)
class Event:
    """One line or record. Unknown values are None."""
    text: str
    event: str
    real_ns: int
    cpu: int = None
    seq: int = None
    conn: int = None
    netns: int = None
    family: str = None
    laddr: str = None
    lport: int = None
    raddr: str = None
    rport: int = None
    old: str = None
    new: str = None
    dur_ns: int = None
    cause: str = None
    pid: int = None
    comm: str = None
    uid: int = None
    flags: frozenset = frozenset()
    inode: int = None
    cgroup: int = None
    rtt_us: int = None
    retrans: int = None
    rq: int = None
    wq: int = None
    bytes_in: int = None
    bytes_out: int = None
    handshake_ns: int = None
    acceptq: int = None
    backlog: int = None
    count: int = None
    boot_ns: int = None     # binary records only

    def fields(self):
        """The values that text and binary must have in common."""
        values = dataclasses.asdict(self)
        for name in ('text', 'boot_ns'):
            del values[name]
        return values


def _number(text):
    return None if text in ('-', None) else int(text)


def _port(text):
    port = _number(text)
    if port is not None and port > 65535:
        raise BadLine(f'port {text}')
    return port


def _address(family, text):
    """The address, which must be spelled as inet_ntop does."""
    if text == '-':
        return None
    family = ADDRESS_FAMILY[family]
    try:
        canonical = socket.inet_ntop(family, socket.inet_pton(family, text))
    except OSError as error:
        raise BadLine(f'address {text}: {error}') from error
    if canonical != text:
        raise BadLine(f'address {text} is to be spelled {canonical}')
    return text


def _real_ns(seconds, fraction):
    stamp = time.strptime(seconds, '%Y-%m-%dT%H:%M:%S')
    return calendar.timegm(stamp) * 10**9 + int(fraction)


def parse_line(raw, complete=False):
    """
    One whole line, with its newline, as bytes; with all keys, if @complete.
    """
    if len(raw) > LINE_MAX:
        raise BadLine(f'{len(raw)} bytes: {raw!r}')
    text = raw.decode()
    match = LOST.fullmatch(text)
    if match:
        return Event(text=text, event='lost', count=int(match[3]),
                     real_ns=_real_ns(match[1], match[2]))
    match = LINE.fullmatch(text)
    if not match:
        raise BadLine(f'not a line of the contract: {raw!r}')
    try:
        (seconds, fraction, cpu, seq, event, row, conn, netns, family, laddr,
         lport, raddr, rport, old, new, dur_ns, cause, pid, comm, uid, flags,
         appended) = match.groups()
        health = APPENDED.match(appended)
        if complete and not COMPLETE.match(appended):
            raise BadLine('keys are missing')
        if cause != '-' and cause not in uapi.CAUSES:
            raise BadLine(f'cause {cause}')
        for state in (new,) if row and old == '-' else (old, new):
            if state not in uapi.STATE_NUMBERS:
                raise BadLine(f'state {state}')
        if (event == 'stuck') != (old == new):
            raise BadLine(f'{event} from {old} to {new}')
        return Event(
            text=text, event=row or event,
            real_ns=_real_ns(seconds, fraction),
            cpu=None if row else int(cpu), seq=None if row else int(seq),
            conn=int(conn, 16), netns=int(netns),
            family=family, laddr=_address(family, laddr), lport=_port(lport),
            raddr=_address(family, raddr), rport=_port(rport),
            old=None if row else old, new=new, dur_ns=_number(dur_ns),
            cause=None if cause == '-' else cause, pid=_number(pid),
            comm=None if comm == '-' else comm[1:-1], uid=_number(uid),
            flags=frozenset(() if flags == '-' else flags.split(',')),
            **{key: _number(value)
               for key, value in zip(uapi.HEALTH, health.groups())})
    except BadLine as error:
        raise BadLine(f'{error} in {raw!r}') from None


def _known(record, bit, value, nothing):
    """The value of a member, which must be zero where it is not known."""
    if record.known & bit:
        return value
    if value != nothing:
        raise BadLine(f'member not in @known is {value!r}: {record}')
    return None


def _binary_address(record, family, raw, bit):
    if family == socket.AF_INET and raw[4:] != bytes(12):
        raise BadLine(f'bytes behind an IPv4 address: {record}')
    if not record.known & bit:
        return _known(record, bit, raw, bytes(16))
    length = 4 if family == socket.AF_INET else 16
    return socket.inet_ntop(family, raw[:length])


def _escape(comm):
    text = comm.decode('utf-8', 'surrogateescape')
    return ''.join(
        ''.join(f'\\x{byte:02x}' for byte in
                char.encode('utf-8', 'surrogateescape'))
        if char in '"\\' or ord(char) < 32 or ord(char) == 127 or
        0xdc80 <= ord(char) <= 0xdcff else char
        for char in text)


def parse_records(raw):
    """All records of one read() in binary format."""
    events = []
    while raw:
        if len(raw) < uapi.RECORD.size:
            raise BadLine(f'{len(raw)} bytes of a record')
        record = uapi.Record(*uapi.RECORD.unpack_from(raw))
        if record.size % 8 or record.size < uapi.RECORD.size:
            raise BadLine(f'record size {record.size}')
        events.append(_parse_record(record))
        raw = raw[record.size:]
    return events


def _parse_record(record):
    if record.version != uapi.ABI_VERSION or record.reserved:
        raise BadLine(f'version or reserved: {record}')
    if record.event == uapi.EVENT_LOST:
        empty = record._replace(size=0, version=0, event=0, boot_ns=0,
                                real_ns=0, dur_ns=0)
        if any(value not in (0, bytes(16)) for value in empty):
            raise BadLine(f'a lost record with other members set: {record}')
        return Event(text='', event='lost', real_ns=record.real_ns,
                     boot_ns=record.boot_ns, count=record.dur_ns)
    row = record.event == uapi.EVENT_EXISTING
    stuck = record.event == uapi.EVENT_STUCK
    if record.event != uapi.EVENT_TRANSITION and not stuck and \
            not (row and not record.old):
        raise BadLine(f'event {record.event}')
    if stuck != (record.old == record.new):
        raise BadLine(f'event {record.event} from {record.old} to {record.new}')
    family = uapi.FAMILIES[record.family]
    address_family = ADDRESS_FAMILY[family]
    comm = _known(record, uapi.KNOW_OWNER, record.comm, bytes(16))
    flags = [name for bit, name in uapi.FLAGS.items() if record.flags & bit]
    if record.flags & ~sum(uapi.FLAGS):
        raise BadLine(f'flags {record.flags:#x}')
    if record.cause >= len(uapi.CAUSES):
        raise BadLine(f'cause {record.cause}')
    return Event(
        text='',
        event='existing' if row else 'stuck' if stuck else 'transition',
        real_ns=record.real_ns, boot_ns=record.boot_ns,
        cpu=None if row else record.cpu, seq=None if row else record.seq,
        conn=record.conn, netns=record.netns, family=family,
        laddr=_binary_address(record, address_family, record.laddr,
                              uapi.KNOW_LADDR),
        lport=_known(record, uapi.KNOW_LPORT, record.lport, 0),
        raddr=_binary_address(record, address_family, record.raddr,
                              uapi.KNOW_RADDR),
        rport=_known(record, uapi.KNOW_RPORT, record.rport, 0),
        old=None if row else uapi.STATES[record.old], new=uapi.STATES[record.new],
        dur_ns=_known(record, uapi.KNOW_DURATION, record.dur_ns, 0),
        cause=uapi.CAUSES[record.cause] if record.cause else None,
        pid=_known(record, uapi.KNOW_OWNER, record.pid, 0),
        comm=None if comm is None else _escape(comm.rstrip(b'\0')),
        uid=_known(record, uapi.KNOW_UID, record.uid, 0),
        flags=frozenset(flags),
        **{key: _known(record, bit, getattr(record, key), 0)
           for key, bit in uapi.HEALTH.items()})


class Order:
    """
    What holds for any stream that one reader sees: time never goes back, and
    the numbers of each CPU grow; without a gap if the reader has neither a
    filter nor a restricted view, except across a loss.
    """

    def __init__(self, gapless=True):
        self.gapless = gapless
        self.last_ns = 0
        self.next = {}
        self.skipped = 0

    def check(self, event):
        stamp = event.real_ns if event.boot_ns is None else event.boot_ns
        if stamp < self.last_ns:
            raise BadLine(f'{self.last_ns - stamp} ns before its '
                          f'predecessor: {event}')
        self.last_ns = stamp
        if event.event == 'lost':
            self.skipped += event.count
            return
        if event.event == 'existing':
            return
        expected = self.next.get(event.cpu)
        self.next[event.cpu] = event.seq + 1
        if expected is None or event.seq == expected:
            return
        if event.seq < expected:
            raise BadLine(f'seq {event.seq} after {expected - 1}: {event}')
        self.skipped -= event.seq - expected
        if self.gapless and self.skipped < 0:
            raise BadLine(f'{-self.skipped} records missing before {event}')


class Stream:
    """A non-blocking reader that hands out whole events."""

    SIZE = 65536

    def __init__(self, binary=False, gapless=True):
        self.fd = os.open(uapi.DEVICE, os.O_RDONLY | os.O_NONBLOCK)
        self.binary = binary
        self.order = Order(gapless)
        self.tail = b''
        self.poller = select.poll()
        self.poller.register(self.fd, select.POLLIN)
        if binary:
            uapi.set_format(self.fd, uapi.FORMAT_BINARY)

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
        self.fd = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def fetch(self):
        """
        Every event that is there now. Where more come faster than they can
        be parsed that has no end: see collect().
        """
        events = []
        while some := self.fetch_some():
            events += some
        return events

    def fetch_some(self):
        """The events of one read(); none if there is nothing to read."""
        try:
            raw = os.read(self.fd, self.SIZE)
        except BlockingIOError:
            return []
        if not raw:
            raise BadLine('end of file from the device')
        return self.parse(self.tail + raw)

    def parse(self, raw):
        if self.binary:
            events = parse_records(raw)
        else:
            lines = raw.split(b'\n')
            self.tail = lines.pop()
            events = [parse_line(line + b'\n', complete=True)
                      for line in lines]
        for event in events:
            self.order.check(event)
        return events

    def wait(self, limit):
        """Waits up to @limit seconds for something to read."""
        return bool(self.poller.poll(limit * 1000))

    def collect(self, enough, limit=20):
        """Events up to the moment when enough(events) is true."""
        events = self.fetch_some()
        end = time.monotonic() + limit * kernel.SLOWNESS
        while not enough(events):
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(
                    f'only these {len(events)} events within {limit} s:\n' +
                    ''.join(event.text or f'{event}\n'
                            for event in events[-30:]))
            self.wait(left)
            events += self.fetch_some()
        return events
