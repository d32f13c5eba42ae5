# SPDX-License-Identifier: GPL-2.0
"""
Somebody on the other end of a cable who sends what he likes, from addresses
where nobody answers. Here is the victim.
"""

import os
import subprocess

from lib import kernel
from lib.network import ip

HERE = os.path.dirname(os.path.abspath(__file__))
SEGMENTS = os.path.join(os.path.dirname(HERE), '.build', 'segments')

VICTIM = {'v4': '10.65.0.1', 'v6': 'fd65::1'}
ATTACKER = {'v4': '10.65.0.2', 'v6': 'fd65::2'}
LENGTH = {'v4': 24, 'v6': 64}

# How many unused source addresses, and ports of each.
NOWHERE = {'v4': '10.66.0.0', 'v6': 'fd66::'}
BITS = 16
PORTS = '32768-65535'


def counters():
    """TCP's counters of this namespace, by their names in nstat(8)."""
    counts = {}
    for name in ('snmp', 'netstat'):
        with open(f'/proc/net/{name}', encoding='ascii') as file:
            lines = file.read().splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            prefix, _, names = names.partition(':')
            for key, value in zip(names.split(), values.split()[1:]):
                counts[prefix + key] = int(value)
    return counts


class Attacker:
    def __init__(self):
        ip('netns', 'add', 'attacker')
        ip('link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable',
           'netns', 'attacker')
        for family, length in LENGTH.items():
            more = ['nodad'] if family == 'v6' else []
            for place, addresses in (([], VICTIM),
                                     (['-n', 'attacker'], ATTACKER)):
                ip(*place, 'address', 'add',
                    f'{addresses[family]}/{length}', 'dev', 'cable', *more)
        ip('link', 'set', 'cable', 'up')
        ip('-n', 'attacker', 'link', 'set', 'cable', 'up')
        for family, address in ATTACKER.items():
            ip(f'-{family[1]}', 'route', 'add',
                f'{NOWHERE[family]}/{32 - BITS if family == "v4" else 112}',
                'via', address)
        self.place = os.open('/run/netns/attacker', os.O_RDONLY)

    def close(self):
        os.close(self.place)
        ip('netns', 'delete', 'attacker')

    def start(self, family, count, flags, ports):
        """A flood from nowhere to ports of the victim."""
        return subprocess.Popen(
            [SEGMENTS, '1', str(count), str(flags), NOWHERE[family], str(BITS),
             PORTS, VICTIM[family], str(ports)],
            preexec_fn=lambda: kernel.call('setns', self.place,
                                           kernel.CLONE_NEWNET),
            text=True, stdout=subprocess.PIPE)

    def send(self, *arguments):
        """The same, until all have been sent."""
        flood = self.start(*arguments)
        text = flood.communicate()[0]
        assert flood.returncode == 0
        print(f'# {text}', end='', flush=True)


def send_as(end, count, flags):
    """Segments to the remote side of @end, as if the local side sent them."""
    laddr, lport, raddr, rport = end
    subprocess.run(
        [SEGMENTS, '1', str(count), str(flags),
         laddr.removeprefix('::ffff:'), '0', str(lport),
         raddr.removeprefix('::ffff:'), str(rport)],
        check=True, capture_output=True)
