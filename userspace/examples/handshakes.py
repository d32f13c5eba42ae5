#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prints how long each handshake took, until Ctrl-C.

Reads the device with Python's standard library only. A line consists of key=value
pairs with one space between them; only the name of a process is in quotes.
"""

import re
import sys

PAIR = re.compile(r'(\w+)=("[^"]*"|\S+)')


def parse(line):
    """A line as a dict; None for an unknown value."""
    return {key: None if value == "-" else value.strip('"')
            for key, value in PAIR.findall(line)}


def main():
    with open("/dev/tcpstates", encoding="utf-8") as stream:
        for event in map(parse, stream):
            if event["event"] == "lost":
                print(f"{event['count']} lines were lost", file=sys.stderr)
            elif (event["event"] == "transition" and
                  event["new"] == "ESTABLISHED" and event["handshake_ns"]):
                print(f"{event['laddr']} port {event['lport']} with "
                      f"{event['raddr']} port {event['rport']}: "
                      f"{int(event['handshake_ns']) / 1e6:.3f} ms "
                      f"({event['comm']})", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
