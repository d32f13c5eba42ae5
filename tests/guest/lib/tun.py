# SPDX-License-Identifier: GPL-2.0
"""
A peer on the far side of a tun device, whose segments are made by hand: it can
do what no kernel would. The host's own TCP answers it as it would any other.
"""

import fcntl
import os
import select
import socket
import struct
import subprocess

from lib import tcp
from lib.processes import PATIENCE

TUNSETIFF = 0x400454ca
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000

LOCAL, REMOTE = '192.168.77.1', '192.0.2.1'


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Peer:
    """The device, its route, and what is sent and received on it."""

    def __init__(self, port):
        self.port = port
        subprocess.run(['modprobe', '-q', 'tun'], check=False)
        self.fd = os.open('/dev/net/tun', os.O_RDWR)
        fcntl.ioctl(self.fd, TUNSETIFF,
                    struct.pack('16sH22x', b'peer0', IFF_TUN | IFF_NO_PI))
        for command in (f'ip address add {LOCAL}/24 dev peer0',
                        'ip link set peer0 up',
                        'ip route add 192.0.2.0/24 dev peer0'):
            subprocess.run(command.split(), check=True)

    def close(self):
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, port, seq, ack, flags, options=b'', data=b''):
        """A segment of the peer's @port."""
        options += b'\1' * (-len(options) % 4)
        head = struct.pack('!HHIIBBHHH', port, self.port, seq, ack,
                           (20 + len(options)) // 4 << 4, flags, 65000, 0, 0)
        addresses = socket.inet_aton(REMOTE) + socket.inet_aton(LOCAL)
        segment = head + options + data
        pseudo = addresses + struct.pack('!BBH', 0, 6, len(segment))
        segment = (segment[:16] + struct.pack('!H', checksum(pseudo + segment))
                   + segment[18:])
        packet = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(segment), 1, 0, 64,
                             6, 0) + addresses
        packet = (packet[:10] + struct.pack('!H', checksum(packet)) +
                  packet[12:])
        os.write(self.fd, packet + segment)

    def receive(self, port, flags):
        """(seq, ack, options) of the next segment with @flags."""
        while select.select([self.fd], [], [], PATIENCE)[0]:
            packet = os.read(self.fd, 4096)
            if packet[0] >> 4 != 4 or packet[9] != 6:
                continue
            segment = packet[20:]
            _, to, seq, ack, offset, has = struct.unpack('!HHIIBB',
                                                         segment[:14])
            if to == port and has & 0x17 == flags:
                return seq, ack, segment[20:(offset >> 4) * 4]
        raise AssertionError(f'no segment with flags {flags:#x} came')


def answers(peer, port):
    """Expects the answer to a SYN of @port; returns the number to acknowledge."""
    peer.send(port, 1, 0, tcp.SYN, b'\2\4\5\xb4')
    return peer.receive(port, tcp.SYN | tcp.ACK)[0] + 1
