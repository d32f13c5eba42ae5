# SPDX-License-Identifier: GPL-2.0
"""What a terminal had on it, kept in the report of a run for people to look at."""


def show(title, text):
    print(f'# -- {title}')
    for line in text.rstrip().splitlines():
        print(f'# {line}'.rstrip())
