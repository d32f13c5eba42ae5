# SPDX-License-Identifier: GPL-2.0
"""The figures as one table: a row for each, a column for each tool."""

TOOLS = ['tcpstates', 'bcc', 'libbpf', 'bpftrace', 'perf', 'trace-cmd',
         'ftrace', 'ss']


def count(value):
    """1,234 or 3.0 M or 1,884 M."""
    if abs(value) >= 1e6:
        return f'{value / 1e6:,.{0 if abs(value) >= 10e6 else 1}f} M'
    return f'{value:,.0f}'


def size(value):
    if value >= 1e6:
        return f'{value / 1e6:,.1f} MB'
    return f'{value / 1e3:,.0f} kB'


def ratio(value):
    return f'{value:.2f}'


# What is shown of each: name of the figure, words, how to print it, target.
ROWS = [
    ('untraced', 'connection, untraced', count, None),
    ('kernel_connection', 'more per connection', count, 4000),
    ('kernel_transition', 'more per transition', count, 300),
    ('kernel_transition_work', ' before TIME_WAIT ends', count, 300),
    ('idle_1', ' 1 open, not reading', count, 0),
    ('idle_8', ' 8 open', count, 0),
    ('idle_64', ' 64 open', count, 0),
    ('filter_1', ' 1 blocked, filter', count, 0),
    ('filter_8', ' 8 blocked', count, 0),
    ('filter_64', ' 64 blocked', count, 0),
    ('system', 'with a live reader', count, 2000),
    ('read_binary', 'read() binary, event', count, 180),
    ('read_text', 'read() text, line', count, None),
    ('cat', 'cat, line', count, 1500),
    ('watch_lines', 'watch, line', count, 1000),
    ('watch_json', 'watch --json, line', count, 1300),
    ('burst_lost', 'lost of 20,000', count, 0),
    ('pause_lost', ' with half of it asleep', count, None),
    ('parallel_lost', ' by 4 processors', count, 0),
    ('first_line', 'insmod to first line', count, 3e6),
    ('memory_cat', 'memory of cat', size, 2e6),
    ('memory_watch', 'memory of watch', size, 2e6),
    ('installed', 'installed', size, 1e6),
    ('million_ratio', '1,000,000 against 100', ratio, 1.15),
]


def cells(figures, tools, row):
    name, words, form, target = row
    values = [figures.get(tool, {}).get(name) for tool in tools]
    return [words, *('-' if value is None else form(value['value'])
                     for value in values),
            '' if target is None else form(target)]


def text(figures):
    """The table as lines; {tool: {name: figure}} is what there is."""
    tools = [tool for tool in TOOLS if figures.get(tool)]
    rows = [cells(figures, tools, row) for row in ROWS
            if any(row[0] in figures[tool] for tool in tools)]
    rows.insert(0, ['instructions', *tools, 'target'])
    widths = [max(len(row[column]) for row in rows)
              for column in range(len(rows[0]))]
    return '\n'.join(
        ' '.join([row[0].ljust(widths[0]),
                   *(cell.rjust(width) for cell, width
                     in zip(row[1:], widths[1:]))])
        for row in rows)
