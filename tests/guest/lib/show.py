# SPDX-License-Identifier: GPL-2.0
"""The screen of a terminal, kept in the report of a run for people to read."""


def show(title, text):
    print(f'# -- {title}')
    for line in text.rstrip().splitlines():
        print(f'# {line}'.rstrip())
