# SPDX-License-Identifier: GPL-2.0
"""
ss of iproute2, which asks the kernel by sock_diag: another way than that of
the module, to the same sockets.
"""

import dataclasses
import re
import subprocess

STATES = {
    'LISTEN': 'LISTEN', 'SYN-SENT': 'SYN_SENT', 'SYN-RECV': 'SYN_RECV',
    'ESTAB': 'ESTABLISHED', 'FIN-WAIT-1': 'FIN_WAIT1',
    'FIN-WAIT-2': 'FIN_WAIT2', 'CLOSE-WAIT': 'CLOSE_WAIT',
    'LAST-ACK': 'LAST_ACK', 'CLOSING': 'CLOSING', 'TIME-WAIT': 'TIME_WAIT',
}
TIMER = re.compile(r' timer:\(([a-z]+),(?:([0-9.]+)min)?'
                   r'(?:([0-9]+)(?:sec|\.))?(?:([0-9]+)ms)?,(\d+)\)')


@dataclasses.dataclass(frozen=True)
class Shown:
    """One socket as ss prints it."""
    text: str
    cookie: int
    state: str
    end: tuple
    rq: int
    wq: int

    def word(self, pattern):
        """The value of a word of the details; None if it is not there."""
        match = re.search(rf' {pattern}(?= |$)', self.text)
        return match and match[1]

    def count(self, name):
        """A number; ss leaves out those that are zero."""
        return int(self.word(rf'{name}:(\d+)') or 0)

    @property
    def full(self):
        """A full socket, not a request or a timewait minisock."""
        return ' cgroup:' in self.text

    @property
    def rtt_us(self):
        text = self.word(r'rtt:([0-9.e+]+)/[0-9.e+]+')
        return None if text is None else round(float(text) * 1000)

    @property
    def retrans(self):
        return int(self.word(r'retrans:\d+/(\d+)') or 0)

    @property
    def timer(self):
        """Its name, milliseconds from and below, and its count; or None."""
        match = TIMER.search(self.text)
        if not match:
            return None
        minutes, seconds, millis = (int(part or 0)
                                    for part in match.groups()[1:4])
        total = (minutes * 60 + seconds) * 1000 + millis
        unit = 1 if match[4] else 1000
        return match[1], total, total + unit, int(match[5])


def _end(text):
    address, _, port = text.rpartition(':')
    address = address.strip('[]')
    return (None, None) if port == '*' else (address, int(port))


def show():
    """All TCP sockets of this namespace, by cookie."""
    text = subprocess.run(['ss', '-tanoeimHO', '--cgroup'], check=True,
                          text=True, capture_output=True).stdout
    found = {}
    for line in text.splitlines():
        line = line.rstrip()
        state, rq, wq, local, peer = line.split()[:5]
        cookie = int(re.search(r' sk:([0-9a-f]+)', line)[1], 16)
        found[cookie] = Shown(line, cookie, STATES[state],
                              _end(local) + _end(peer), int(rq), int(wq))
    return found
