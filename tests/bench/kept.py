# SPDX-License-Identifier: GPL-2.0
"""The figures of the last complete run, in the tree, and what has changed."""

import json
import os

import machine

LAST = os.path.join(machine.HERE, 'last.json')

# Where a figure has no spread of its own, of the value.
USUAL_SPREAD = 0.02


def load(path):
    """{tool: {name: [value, spread]}}; nothing if there is no such file."""
    try:
        with open(path, encoding='utf-8') as file:
            found = json.load(file)
    except FileNotFoundError:
        if path != LAST:
            raise
        return {}
    return found.get('figures') or \
        {tool: {name: brief(figure) for name, figure in rows.items()}
         for tool, rows in found.items()}


def short(value):
    """A number with its significant digits only."""
    return None if value is None else float(f'{value:.5g}')


def brief(figure):
    return [short(figure['value']), short(figure.get('spread'))]


def save(figures):
    """Keeps them, a line for each, so that a commit shows what changed."""
    lines = []
    for tool, rows in sorted(figures.items()):
        inner = ',\n'.join(f'\t\t\t{json.dumps(name)}: '
                          f'{json.dumps(brief(figure))}'
                          for name, figure in sorted(rows.items()))
        lines.append(f'\t\t{json.dumps(tool)}: {{\n{inner}\n\t\t}}')
    with open(LAST, 'w', encoding='utf-8') as file:
        file.write(f'{{\n\t"kernel": {json.dumps(machine.release())},\n'
                   f'\t"module": {json.dumps(machine.version())},\n'
                   '\t"figures": {\n' + ',\n'.join(lines) + '\n\t}\n}\n')


def change(figure, before):
    """The change since before, in words, if it exceeds the spread."""
    if before is None:
        return 'new'
    value = short(figure['value'])
    old, spread = before
    margins = [spread, figure.get('spread')]
    margin = max(abs(old) * USUAL_SPREAD if given is None else given
                 for given in margins)
    if abs(value - old) <= margin:
        return ''
    if not old:
        return f'{value - old:+,.5g}'
    percent = 100 * (value - old) / abs(old)
    return f'{percent:+.{1 if abs(percent) < 1 else 0}f} %'
