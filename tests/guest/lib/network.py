# SPDX-License-Identifier: GPL-2.0
"""
Two hosts, A and B, in network namespaces of their own, with a router M between
them that delays, loses or reorders. It does so on its way out to either, so
that what A and B see on their own interfaces has the times at which they sent
and received it.
"""

import contextlib
import os
import re
import socket
import subprocess

from lib import kernel, proctcp
from lib.processes import wait_for

HOSTS = ('a', 'b')
ADDRESS = {'a': {'v4': '10.9.1.1', 'v6': 'fd09:1::1'},
           'b': {'v4': '10.9.2.1', 'v6': 'fd09:2::1'}}
ROUTER = {'a': {'v4': '10.9.1.2', 'v6': 'fd09:1::2'},
          'b': {'v4': '10.9.2.2', 'v6': 'fd09:2::2'}}
LENGTH = {'v4': 24, 'v6': 64}
AF = {'v4': socket.AF_INET, 'v6': socket.AF_INET6}

# The router answers that this is unreachable.
NOWHERE = {'v4': '10.9.3.1', 'v6': 'fd09:3::1'}


def ip(*words):
    """The command of that name."""
    result = subprocess.run(['ip', *words], text=True, capture_output=True,
                            check=False)
    assert result.returncode == 0, f'ip {words}: {result.stderr}'


class Network:
    def __init__(self, netem):
        """@netem: words of tc(8), the same for both directions."""
        self.home = os.open('/proc/self/ns/net', os.O_RDONLY)
        self.places = {}
        for name in ('m', *HOSTS):
            ip('netns', 'add', name)
            self.places[name] = os.open(f'/run/netns/{name}', os.O_RDONLY)
            ip('-n', name, 'link', 'set', 'lo', 'up')
        for name in HOSTS:
            self._join(name)
        with self.inside('m'):
            for path in ('ipv4/ip_forward', 'ipv6/conf/all/forwarding'):
                kernel.write_file(f'/proc/sys/net/{path}', '1')
        for address in NOWHERE.values():
            ip('-n', 'm', 'route', 'add', 'unreachable', address)
        self.netem('add', netem)

    def _join(self, host):
        ip('link', 'add', 'eth', 'netns', host, 'type', 'veth', 'peer',
            'name', f'to-{host}', 'netns', 'm')
        for place, device, addresses in (
                (host, 'eth', ADDRESS), ('m', f'to-{host}', ROUTER)):
            for family, address in addresses[host].items():
                more = ['nodad'] if family == 'v6' else []
                ip('-n', place, 'address', 'add',
                    f'{address}/{LENGTH[family]}', 'dev', device, *more)
            ip('-n', place, 'link', 'set', device, 'up')
        for family, address in ROUTER[host].items():
            ip('-n', host, f'-{family[1]}', 'route', 'add', 'default', 'via',
                address)

    def netem(self, verb, words):
        for host in HOSTS:
            subprocess.run(['tc', '-n', 'm', 'qdisc', verb, 'dev',
                            f'to-{host}', 'root', 'netem', *words.split()],
                           check=True)

    @contextlib.contextmanager
    def inside(self, host):
        """This thread is in the host; what it opens stays there."""
        kernel.call('setns', self.places[host], kernel.CLONE_NEWNET)
        try:
            yield
        finally:
            kernel.call('setns', self.home, kernel.CLONE_NEWNET)

    def enter(self, host):
        """Enters a host, in a process that has just been forked."""
        kernel.call('setns', self.places[host], kernel.CLONE_NEWNET)

    @contextlib.contextmanager
    def sysctl(self, host, name, value):
        """net.ipv4.@name, in one host, for the length of a with block."""
        path = f'/proc/sys/net/ipv4/{name}'
        with self.inside(host):
            before = kernel.read_file(path)
            kernel.write_file(path, str(value))
        try:
            yield
        finally:
            with self.inside(host):
                kernel.write_file(path, before)

    def start(self, host, command, **named):
        """A program in a host."""
        return subprocess.Popen(command, preexec_fn=lambda: self.enter(host),
                                **named)

    def run(self, host, command, **named):
        named.setdefault('capture_output', True)
        return subprocess.run(command, preexec_fn=lambda: self.enter(host),
                              text=True, check=False, **named)

    def netns(self, host):
        return os.fstat(self.places[host]).st_ino

    def entries(self):
        """What /proc shows of all hosts."""
        entries = []
        for host in HOSTS:
            with self.inside(host):
                entries += proctcp.read('thread-self')
        return entries

    def kill(self, *words):
        """ss -K of what the words select, on both hosts."""
        for host in HOSTS:
            self.run(host, ['ss', '-K', '-H', '-t', '-a', *words])

    def listening(self, host, port):
        """Waits for a program to listen."""
        def found():
            with self.inside(host):
                entries = proctcp.read('thread-self')
            return any(entry.state == 'LISTEN' and entry.lport == port
                       for entry in entries)
        wait_for(found, f'somebody listens on port {port}')

    def dropped(self):
        """How many packets the router has lost on purpose."""
        text = subprocess.run(['tc', '-n', 'm', '-s', 'qdisc'], check=True,
                              text=True, capture_output=True).stdout
        return sum(map(int, re.findall(r'dropped (\d+)', text)))

    def close(self):
        for number in (*self.places.values(), self.home):
            os.close(number)
        for name in self.places:
            ip('netns', 'delete', name)
