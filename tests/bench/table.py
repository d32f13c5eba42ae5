# SPDX-License-Identifier: GPL-2.0
"""The figures as one table: a row for each, a column for each tool."""

import kept

TOOLS = ['tcpstates', 'bcc', 'libbpf', 'bpftrace', 'perf', 'trace-cmd',
         'ftrace', 'ss']
OURS = 'tcpstates'


def count(value):
    """1,234 or 3.0 M or 1,884 M."""
    if abs(value) >= 1e6:
        return f'{value / 1e6:,.{0 if abs(value) >= 10e6 else 1}f} M'
    return f'{round(value):,}'


def size(value):
    if value >= 1e6:
        return f'{value / 1e6:,.1f} MB'
    if value >= 1e4:
        return f'{value / 1e3:,.0f} kB'
    return f'{value:,.0f} B'


def time(value):
    return f'{value / 1e3:,.0f} us'


def ratio(value):
    return f'{value:.2f}'


# What is shown of each: name of the figure, words, how to print it, target.
ROWS = [
    ('untraced', 'connection, untraced', count, None),
    ('kernel_connection', 'more per connection', count, 4000),
    ('kernel_transition', 'more per transition', count, 300),
    ('kernel_transition_work', ' before TIME_WAIT ends', count, 300),
    ('writer', ' in the module', count, None),
    ('atomics', ' atomic instructions', ratio, 1),
    ('lines', ' cache lines written', ratio, None),
    ('writer_idle_1', 'writer, 1 open', count, 0),
    ('writer_idle_8', ' 8 open', count, 0),
    ('writer_idle_64', ' 64 open', count, 0),
    ('writer_filter_1', ' 1 blocked, filter', count, 0),
    ('writer_filter_8', ' 8 blocked', count, 0),
    ('writer_filter_64', ' 64 blocked', count, 0),
    ('idle_1', 'machine, 1 open', count, None),
    ('idle_8', ' 8 open', count, None),
    ('idle_64', ' 64 open', count, None),
    ('filter_1', ' 1 blocked, filter', count, None),
    ('filter_8', ' 8 blocked', count, None),
    ('filter_64', ' 64 blocked', count, None),
    ('system', 'with a live reader', count, 2000),
    ('read_binary', 'read() binary, event', count, 180),
    ('mapped', 'library, event', count, 110),
    ('read_binary_128', ' read(), 128 rings', count, None),
    ('mapped_128', ' library, 128 rings', count, None),
    ('read_text', 'read() text, line', count, None),
    ('cat', 'cat, line', count, 1500),
    ('watch_lines', 'watch, line', count, 1000),
    ('watch_json', 'watch --json, line', count, 1300),
    ('burst_lost', 'lost of 20,000', count, 0),
    ('pause_lost', ' with half of it asleep', count, 0),
    ('burst_two_lost', ' by 2 processors', count, 0),
    ('pause_two_lost', ' and with half asleep', count, 0),
    ('parallel_lost', ' by 8 processors', count, 0),
    ('parallel_binary_lost', ' and by read() binary', count, 0),
    ('parallel_sleeps', 'sleeps of that reader', count, None),
    ('parallel_binary_sleeps', ' binary', count, None),
    ('parallel_migrations', 'migrations', count, None),
    ('parallel_binary_migrations', ' binary', count, None),
    ('latency_idle', 'latency, idle', time, None),
    ('latency_idle_max', ' at most', time, 1e6),
    ('latency_load', ' under load', time, None),
    ('latency_load_max', ' at most', time, 1.1e6),
    ('first_line', 'insmod to first line', count, 3e6),
    ('stuck_few', '3 stuck of 100, a second', count, None),
    ('stuck_many', ' of 100,000', count, None),
    ('export_few', 'scrape, 100 connections', count, None),
    ('export_many', ' 100,000', count, None),
    ('memory_cat', 'memory of cat', size, 2e6),
    ('memory_watch', 'memory of watch', size, 2e6),
    ('module_total', 'memory of the module', size, None),
    ('module_ring', ' each processor', size, None),
    ('module_connection', ' each connection', size, None),
    ('module_million', ' with 1,000,000', size, None),
    ('installed', 'installed', size, 1e6),
    ('million_ratio', '1,000,000 against 100', ratio, 1.15),
]


def cells(figures, before, tools, row):
    """Words, values, mark, target, change."""
    name, words, form, target = row
    values = [figures.get(tool, {}).get(name) for tool in tools]
    ours = figures.get(OURS, {}).get(name)
    # As far as it is shown.
    missed = ours and target is not None and \
        round(ours['value'], 2 if form is ratio else 0) > target
    return [words, *('-' if value is None else form(value['value'])
                     for value in values), '!' if missed else '',
            '' if target is None else form(target),
            kept.change(ours, before[OURS].get(name))
            if ours and OURS in before else '']


def changes(figures, before):
    """The changes of the other tools, a line for each."""
    words = {row[0]: row[1].strip() for row in ROWS}
    for tool in TOOLS:
        if tool == OURS or tool not in before:
            continue
        for name, figure in figures.get(tool, {}).items():
            change = kept.change(figure, before[tool].get(name))
            if change:
                yield f'{tool}: {words[name]}: {change}'


def text(figures, before):
    """The table as lines; {tool: {name: figure}} is what there is, and before
    {tool: {name: [value, spread]}}."""
    tools = [tool for tool in TOOLS if figures.get(tool)]
    rows = [cells(figures, before, tools, row) for row in ROWS
            if any(row[0] in figures[tool] for tool in tools)]
    rows.insert(0, ['instructions', *tools, '', 'target',
                    'change' if OURS in before else ''])
    widths = [max(len(row[column]) for row in rows)
              for column in range(len(rows[0]))]
    lines = [' '.join([row[0].ljust(widths[0]),
                       *(cell.rjust(width) for cell, width
                         in zip(row[1:], widths[1:]))]).rstrip()
             for row in rows]
    if any('!' in row for row in rows):
        lines.append('! misses the target')
    return '\n'.join([*lines, *changes(figures, before)])
