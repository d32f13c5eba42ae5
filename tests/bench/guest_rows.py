#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures in the guest, and prints a line "@bench {...}" for each figure.

usage: guest_rows.py REPETITIONS CONNECTIONS ROW...
"""

import sys

import guest
import guest_cost
import guest_export
import guest_live
import guest_memory
import guest_stuck

if __name__ == '__main__':
    sys.exit(guest.main(sys.argv[1:], guest_cost, guest_export,
                        guest_live, guest_memory, guest_stuck))
