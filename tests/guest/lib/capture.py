# SPDX-License-Identifier: GPL-2.0
"""
tcpdump as a witness: the TCP segments of one interface with the kernel's own
times in nanoseconds, taken when a segment comes in, before it is processed,
and when it is handed to the device. The clock is that of the lines.
"""

import dataclasses
import os
import re
import signal
import socket
import struct
import subprocess

from lib import tcp
from lib.processes import wait_for

MAGIC_NS = 0xa1b23c4d
HEADER = struct.Struct('=IHHiIII')
PACKET = struct.Struct('=IIII')
ETHERNET = 1
BILLION = 10**9
MARKER = 9          # port of a datagram that marks a moment in the capture


@dataclasses.dataclass(frozen=True)
class Segment:
    ns: int
    src: str
    sport: int
    dst: str
    dport: int
    seq: int
    ack: int
    flags: int
    length: int

    @property
    def end(self):
        """The number after it, in which SYN and FIN count as well."""
        return (self.seq + self.length + bool(self.flags & tcp.SYN) +
                bool(self.flags & tcp.FIN)) & 0xffffffff

    def has(self, flags):
        return self.flags & flags == flags

    def acks(self, number):
        """Whether it acknowledges all before @number."""
        return self.has(tcp.ACK) and \
            (self.ack - number) & 0xffffffff < 1 << 31

    def __str__(self):
        names = [name for bit, name in (
            (tcp.SYN, 'SYN'), (tcp.FIN, 'FIN'), (tcp.RST, 'RST'),
            (tcp.ACK, 'ACK')) if self.flags & bit]
        return (f'{self.ns // BILLION % 1000}.{self.ns % BILLION:09d} '
                f'{self.src}:{self.sport} > {self.dst}:{self.dport} '
                f'{",".join(names)} seq {self.seq} ack {self.ack} '
                f'length {self.length}')


def _network_layer(raw):
    """Protocol, addresses and payload of a frame."""
    kind, = struct.unpack_from('>H', raw, 12)
    raw = raw[14:]
    if kind == 0x0800:
        size, = struct.unpack_from('>H', raw, 2)
        header = (raw[0] & 15) * 4
        ends = [socket.inet_ntop(socket.AF_INET, raw[at:at + 4])
                for at in (12, 16)]
        return raw[9], ends, size - header, raw[header:]
    assert kind == 0x86dd, f'ethertype {kind:x}'
    size, protocol = struct.unpack_from('>HB', raw, 4)
    ends = [socket.inet_ntop(socket.AF_INET6, raw[at:at + 16])
            for at in (8, 24)]
    return protocol, ends, size, raw[40:]


def parse_frame(ns, raw):
    """A Segment, or the destination port of a datagram."""
    protocol, (src, dst), size, raw = _network_layer(raw)
    if protocol == socket.IPPROTO_UDP:
        return struct.unpack_from('>H', raw, 2)[0]
    assert protocol == socket.IPPROTO_TCP, f'protocol {protocol}'
    sport, dport, seq, ack, offset, flags = struct.unpack_from('>HHIIBB', raw)
    return Segment(ns, src, sport, dst, dport, seq, ack, flags & 0x1f,
                   size - (offset >> 4) * 4)


class Capture:
    """tcpdump on the interface of a host; its file is read as it grows."""

    def __init__(self, network, host):
        self.network, self.host = network, host
        self.path = f'/tmp/{host}.pcap'
        self.segments = []
        self.markers = 0
        self.offset = 0
        self.process = network.start(host, [
            'tcpdump', '-i', 'eth', '-n', '-U', '--immediate-mode', '-s',
            '160', '-B', '8192', '-Z', 'root',
            '--time-stamp-precision=nano', '-w', self.path,
            f'tcp or udp port {MARKER}'],
            stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        while said and 'listening on' not in said:
            said = self.process.stderr.readline()
        assert said, 'tcpdump did not start'
        wait_for(lambda: self._read() >= 0 and self.offset,
                 'tcpdump writes its file')

    def _read(self):
        """What has been added to the file; how many segments."""
        before = len(self.segments)
        if not os.path.exists(self.path):
            return 0
        with open(self.path, 'rb') as file:
            file.seek(self.offset)
            raw = file.read()
        at = 0
        if self.offset == 0:
            if len(raw) < HEADER.size:
                return 0
            magic, *_, link = HEADER.unpack_from(raw)
            assert (magic, link) == (MAGIC_NS, ETHERNET), (magic, link)
            at = HEADER.size
        while len(raw) >= at + PACKET.size:
            seconds, fraction, size, _ = PACKET.unpack_from(raw, at)
            if len(raw) < at + PACKET.size + size:
                break
            frame = raw[at + PACKET.size:at + PACKET.size + size]
            self._add(parse_frame(seconds * BILLION + fraction, frame))
            at += PACKET.size + size
        self.offset += at
        return len(self.segments) - before

    def _add(self, found):
        if isinstance(found, Segment):
            self.segments.append(found)
        else:
            assert found == MARKER, found
            self.markers += 1

    def await_marker(self, number):
        def seen():
            self._read()
            return self.markers >= number
        wait_for(seen, f'tcpdump on {self.host} has seen all')

    def of(self, end):
        """(incoming, outgoing) segments of a connection of this host."""
        laddr, lport, raddr, rport = end
        there = [one for one in self.segments
                 if (one.src, one.sport, one.dst, one.dport) ==
                 (raddr, rport, laddr, lport)]
        here = [one for one in self.segments
                if (one.src, one.sport, one.dst, one.dport) ==
                (laddr, lport, raddr, rport)]
        return there, here

    def close(self):
        """Nothing may have been dropped."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=20)
        os.unlink(self.path)
        dropped = re.search(r'(\d+) packets? dropped by kernel', said)
        assert dropped and dropped[1] == '0', said
