# SPDX-License-Identifier: GPL-2.0
"""
Connections over the loopback, and means to stop them anywhere in their life
without a packet filter or a second machine: socket filters that drop what
arrives, and segments made by hand.
"""

import ctypes
import dataclasses
import itertools
import socket
import struct
import time

from lib import kernel

IPPROTO_MPTCP = 262
SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27
SO_COOKIE = 57
TCP_SYNCNT = 7
TCP_REPAIR = 19
TCP_REPAIR_QUEUE = 20
TCP_QUEUE_SEQ = 21
TCP_FASTOPEN = 23
TCP_FASTOPEN_CONNECT = 30
TCP_REPAIR_OFF_NO_WP = -1
RECV_QUEUE = 1
SEND_QUEUE = 2
MSG_FASTOPEN = 0x20000000

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

# A window that no kernel sends: marks a segment made by hand.
MARK = 4321

# Programs of classic BPF as (code, jump if true, jump if false, operand).
# They see a segment from its TCP header on.
DROP_ALL = [(0x06, 0, 0, 0)]
ONLY_SYN = [(0x30, 0, 0, 13), (0x45, 0, 1, SYN),
            (0x06, 0, 0, 0xffffffff), (0x06, 0, 0, 0)]
ONLY_MARKED = [(0x28, 0, 0, 14), (0x15, 0, 1, MARK),
               (0x06, 0, 0, 0xffffffff), (0x06, 0, 0, 0)]

# Every listener and bound client of a guest gets a port of its own, below the
# ephemeral ones, so that connections left by one test never meet another test's.
ports = itertools.count(10000)


@dataclasses.dataclass(frozen=True)
class Family:
    name: str
    af: int
    host: str
    any: str

    def open(self, protocol=socket.IPPROTO_TCP):
        sock = socket.socket(self.af, socket.SOCK_STREAM, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return sock

    def listener(self, backlog=16, host=None, port=None,
                 protocol=socket.IPPROTO_TCP):
        sock = self.open(protocol)
        if host == '::':
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((host or self.host, port or next(ports)))
        sock.listen(backlog)
        return sock

    def raw(self):
        """A socket that sends segments made by hand."""
        af, host = self.af, self.host
        if self.name == 'mapped':
            af, host = socket.AF_INET, '127.0.0.1'
        sock = socket.socket(af, socket.SOCK_RAW, socket.IPPROTO_TCP)
        sock.bind((host, 0))
        return sock


FAMILIES = {
    'v4': Family('v4', socket.AF_INET, '127.0.0.1', '0.0.0.0'),
    'v6': Family('v6', socket.AF_INET6, '::1', '::'),
    'mapped': Family('mapped', socket.AF_INET6, '::ffff:127.0.0.1', '::'),
}


def ends(sock):
    """The tuple of a connected socket: laddr, lport, raddr, rport."""
    return (*sock.getsockname()[:2], *sock.getpeername()[:2])


def listening(sock):
    """The tuple of a listener, as a line and the model have it."""
    return (*sock.getsockname()[:2], None, None)


def flip(end):
    """The same connection, seen from its other side."""
    return end[2:] + end[:2]


def cookie(sock):
    raw = sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8)
    return struct.unpack('=Q', raw)[0]


def attach_filter(sock, program):
    code = ctypes.create_string_buffer(
        b''.join(struct.pack('=HBBI', *step) for step in program))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack('@HL', len(program), ctypes.addressof(code)))


def detach_filter(sock):
    sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


def reset_on_close(sock):
    """Makes close() send a RST, whatever the state of the connection."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack('ii', 1, 0))


def start_connect(sock, address):
    """connect() that does not wait; whether it is done already."""
    sock.setblocking(False)
    try:
        sock.connect(address)
    except BlockingIOError:
        return False
    return True


def disconnect(sock):
    """connect() to AF_UNSPEC, which Python's sockets do not offer."""
    address = struct.pack('=H14x', socket.AF_UNSPEC)
    kernel.call('connect', sock.fileno(), address, len(address))


def sequences(sock):
    """Next number to send, and next to receive, of an open connection."""
    tcp = socket.IPPROTO_TCP
    sock.setsockopt(tcp, TCP_REPAIR, 1)
    numbers = []
    for queue in (SEND_QUEUE, RECV_QUEUE):
        sock.setsockopt(tcp, TCP_REPAIR_QUEUE, queue)
        numbers.append(sock.getsockopt(tcp, TCP_QUEUE_SEQ) & 0xffffffff)
    sock.setsockopt(tcp, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP)
    return numbers


def _checksum(raw):
    total = sum(struct.unpack(f'>{len(raw) // 2}H', raw))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def send_segment(raw, end, flags, seq, ack=0, window=8192, data=b''):
    """A segment from the local side of @end to the remote, made by hand."""
    laddr, lport, raddr, rport = (
        part.removeprefix('::ffff:') if isinstance(part, str) else part
        for part in end)
    header = struct.pack('>HHIIBBHHH', lport, rport, seq & 0xffffffff,
                         ack & 0xffffffff, 5 << 4, flags, window, 0, 0)
    pseudo = (socket.inet_pton(raw.family, laddr) +
              socket.inet_pton(raw.family, raddr) +
              struct.pack('>II', len(header + data), socket.IPPROTO_TCP))
    checksum = _checksum(pseudo + header + data + bytes(len(data) % 2))
    raw.sendto(header[:16] + struct.pack('>H', checksum) + header[18:] + data,
               (raddr, 0))


def await_segment(raw, end, flags):
    """
    The number of the next segment with just these flags that the local side of
    @end sends. A raw socket sees them before TCP does.
    """
    raw.settimeout(20)
    while True:
        packet = raw.recv(65536)
        if raw.family == socket.AF_INET:
            packet = packet[(packet[0] & 15) * 4:]
        lport, rport, seq, _, _, got = struct.unpack_from('>HHIIBB', packet)
        if (lport, rport) == (end[1], end[3]) and got & 0x3f == flags:
            return seq


# Type and code of ICMP and ICMPv6.
HOST_UNREACHABLE = {socket.AF_INET: (3, 1), socket.AF_INET6: (1, 3)}
PORT_UNREACHABLE = {socket.AF_INET: (3, 3), socket.AF_INET6: (1, 4)}
# The first ends what is half open, the second does not: the families differ.
FATAL = {socket.AF_INET: (3, 1), socket.AF_INET6: (1, 1)}
NOT_FATAL = {socket.AF_INET: (3, 3), socket.AF_INET6: (1, 3)}


def send_error(end, kind, seq):
    """
    An ICMP message to the local side of @end about a segment that it has sent,
    whose number is @seq.
    """
    laddr, raddr = (part.removeprefix('::ffff:') for part in end[::2])
    segment = struct.pack('>HHIIBBHHH', end[1], end[3], seq, 0, 5 << 4, 0, 0,
                          0, 0)
    af = socket.AF_INET6 if ':' in laddr else socket.AF_INET
    addresses = socket.inet_pton(af, laddr) + socket.inet_pton(af, raddr)
    if af == socket.AF_INET:
        protocol = socket.IPPROTO_ICMP
        inner = struct.pack('>BBHIBBH', 0x45, 0, 40, 0, 64,
                            socket.IPPROTO_TCP, 0)
    else:
        protocol = socket.IPPROTO_ICMPV6
        inner = struct.pack('>IHBB', 6 << 28, 20, socket.IPPROTO_TCP, 64)
    message = inner + addresses + segment
    header = struct.pack('>BBHI', *kind[af], 0, 0)
    if af == socket.AF_INET:
        # For ICMPv6 the kernel does that.
        checksum = _checksum(header + message)
        header = struct.pack('>BBHI', *kind[af], checksum, 0)
    with socket.socket(af, socket.SOCK_RAW, protocol) as raw:
        raw.sendto(header + message, (laddr, 0))


def reset_sequences(sock, send, receive):
    """Sets the numbers with which a socket under TCP_REPAIR begins."""
    for queue, number in ((SEND_QUEUE, send), (RECV_QUEUE, receive)):
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ,
                        struct.pack('=I', number))


def total_retrans(sock):
    """tcpi_total_retrans"""
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack_from('=I', raw, 100)[0]


def await_reuse():
    """
    Until a TIME_WAIT that exists now may be reused: one second after its last
    timestamp, by the kernel's clock of whole seconds (tcp_twsk_unique()), or
    since 6.14 of milliseconds.
    """
    end = time.clock_gettime(time.CLOCK_MONOTONIC) + 1
    while (left := end - time.clock_gettime(time.CLOCK_MONOTONIC)) >= 0:
        time.sleep(left + 0.001)


def await_reset(sock):
    """Until the peer's RST has come; it may come by way of ksoftirqd."""
    try:
        while sock.recv(4096):
            pass
    except ConnectionResetError:
        return
    raise AssertionError('FIN instead of RST')


def close_by_fin(family):
    """A connection that the client closes first, by FIN."""
    with family.listener() as listener:
        client = family.open()
        client.connect(listener.getsockname()[:2])
        server = listener.accept()[0]
        client.close()
        assert server.recv(1) == b''
        server.close()


def exchange(family, count=1, listener=None):
    """
    Connections that open, and close by RST on both sides, so that nothing
    lingers: LINES of the stream each. Returns the tuples of the clients.
    """
    own = listener is None
    listener = listener or family.listener()
    clients = []
    for _ in range(count):
        with family.open() as client:
            client.connect(listener.getsockname())
            server, _ = listener.accept()
            clients.append(ends(client))
            reset_on_close(client)
            client.close()
            await_reset(server)
            server.close()
    if own:
        listener.close()
    return clients


def load(family, count, listener):
    """exchange() for another process, without a result."""
    exchange(family, count, listener)


LINES = 6           # of each connection made by exchange()
