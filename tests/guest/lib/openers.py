# SPDX-License-Identifier: GPL-2.0
"""
Who sees what: the table. Each opener is a kind of process that opens the device
and reads it, each way one by which something could be seen.
"""

import dataclasses
import os
from collections.abc import Callable

from lib import kernel, rights

# Nobody in particular; members of the device's group have that besides.
USER = 4343
GROUP = 4242

MODE_ROOT = 0o600       # without the udev rule
MODE_GROUP = 0o640      # with it

WAYS = {
    'read': 'lines from now on',
    'rewind': 'older records, binary',
    'snapshot': 'rows of a snapshot',
    'filter': 'by a filter for another namespace',
    'poll': 'woken up by another namespace',
    'map': 'mmap()',
    'count': 'numbers in the statistics',
    'trace': 'trace event',
}

# Values of a cell: the whole host, the namespace of open(), or how it is
# refused.
ALL, OWN = 'all', 'own'


def _row(seen, mapped=ALL, count=ALL, trace='EACCES'):
    return dict.fromkeys(WAYS, seen) | {
        'map': mapped, 'count': count, 'trace': trace}


EVERYTHING = _row(ALL, trace=ALL)
EVERYTHING_OF_DEVICE = _row(ALL)
OWN_AND_TRACE = _row(OWN, 'EPERM', trace=ALL)
OWN_ONLY = _row(OWN, 'EPERM')
NOTHING = _row('EACCES', 'EACCES', 'EACCES')


def _stay():
    pass


def _new_netns():
    kernel.enter_new_netns()


def _without_right():
    rights.set_net_admin(False)


def _in_turn(*steps):
    def run():
        for step in steps:
            step()
    return run


def _user():
    rights.become(USER)


def _member():
    rights.become(USER, GROUP)


def _member_net_admin():
    rights.become_net_admin(USER, GROUP)


def _user_namespace():
    """Whoever makes one has every capability in it."""
    kernel.call('unshare', kernel.CLONE_NEWUSER)


def _user_and_network_namespace():
    kernel.enter_new_netns(kernel.CLONE_NEWUSER)


def _move_to_initial():
    initial = os.open('/proc/1/ns/net', os.O_RDONLY)
    kernel.call('setns', initial, kernel.CLONE_NEWNET)
    os.close(initial)


@dataclasses.dataclass(frozen=True)
class Opener:
    """
    @words: for the table in userspace/doc/access.md
    @sees: what is expected, by way
    @before: what the process does before it opens the device
    @after: what it does between that and reading
    @mode: of the device, which belongs to root and GROUP
    """
    words: str
    sees: dict
    before: Callable = _stay
    after: Callable = _stay
    mode: int = MODE_GROUP


OPENERS = {
    'root': Opener(
        'root', EVERYTHING),
    'root_elsewhere': Opener(
        'root in another network namespace (a container with `NET_ADMIN`)',
        EVERYTHING, _new_netns),
    'root_without_right': Opener(
        'root without `CAP_NET_ADMIN`', OWN_AND_TRACE, _without_right),
    'root_elsewhere_without_right': Opener(
        'the same in another network namespace (a container)', OWN_AND_TRACE,
        _in_turn(_new_netns, _without_right)),
    'group': Opener(
        'member of the group', OWN_ONLY, _member),
    'group_elsewhere': Opener(
        'the same in another network namespace', OWN_ONLY,
        _in_turn(_new_netns, _member)),
    'group_with_right': Opener(
        'member of the group with `CAP_NET_ADMIN` (a service)',
        EVERYTHING_OF_DEVICE, _in_turn(_new_netns, _member_net_admin)),
    'group_without_rule': Opener(
        'member of the group, no udev rule', NOTHING, _member,
        mode=MODE_ROOT),
    'user': Opener(
        'anybody else', NOTHING, _user),
    'user_with_right': Opener(
        'anybody else with `CAP_NET_ADMIN`', NOTHING,
        lambda: rights.become_net_admin(USER)),
    'user_namespace': Opener(
        "member of the group as root of a user namespace", OWN_ONLY,
        _in_turn(_member, _user_namespace)),
    'user_namespace_elsewhere': Opener(
        'the same with its own network namespace (a rootless container)',
        OWN_ONLY, _in_turn(_member, _user_and_network_namespace)),
    'user_namespace_of_other': Opener(
        'anybody else as root of a user namespace', NOTHING,
        _in_turn(_user, _user_namespace)),
    'dropped': Opener(
        'opened as root, then anybody else (a daemon)', EVERYTHING_OF_DEVICE,
        _new_netns, _user),
    'raised': Opener(
        'opened without `CAP_NET_ADMIN`, which came later (a passed file)',
        OWN_AND_TRACE, _in_turn(_new_netns, _without_right),
        lambda: rights.set_net_admin(True)),
    'moved': Opener(
        'the same, and moved to the initial network namespace', OWN_AND_TRACE,
        _in_turn(_new_netns, _without_right),
        _in_turn(lambda: rights.set_net_admin(True), _move_to_initial)),
}


def table():
    """In Markdown, as userspace/doc/access.md has it."""
    ways = list(WAYS.values())
    lines = ['| who opens it | ' + ' | '.join(ways) + ' |',
             '| --- |' + ' --- |' * len(ways)]
    for opener in OPENERS.values():
        cells = ' | '.join(opener.sees[way] for way in WAYS)
        lines.append(f'| {opener.words} | {cells} |')
    return lines
