# SPDX-License-Identifier: GPL-2.0
"""The table of the supported kernels, userspace/doc/kernels.md.

Written by tests/kernels/check from a run; read by it again, to see whether a
later run finds the same, and by lint.
"""

import re

BEGIN = ("<!-- written by: tests/kernels/check --smoke "
         "--table userspace/doc/kernels.md -->")
END = "<!-- end -->"

HEAD = ["kernel tested", "Debian's suites", "builds without a warning", "loads",
        "holds under load", "not visible", "does not exist there"]

# The tests of smoke that two columns stand for, with "ends": a clean log.
LOADS = ["smoke.load", "ends"]
UNDER_LOAD = ["smoke.under_load", "smoke.reload", "ends"]


def suites(kernel):
    return kernel.suites.replace(",", ", ")


def words(facts):
    """The two columns that tell what a kernel shows."""
    return ["; ".join(facts["unseen"]) or "nothing",
            "; ".join(facts["absent"]) or "-"]


def row(kernel):
    """The cells of a kernel that was run."""
    def answer(names):
        return "yes" if all(kernel.results.get(name) for name in names) \
            else "no"

    facts = kernel.facts or {"release": "-", "unseen": ["not known"],
                             "absent": []}
    return [facts["release"], suites(kernel), answer(["builds"]),
            answer(LOADS), answer(UNDER_LOAD), *words(facts)]


def markdown(kernels):
    rows = [HEAD, ["---"] * len(HEAD), *map(row, kernels)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def split(text):
    """What is before the table, the table, and what is behind; None if the
    text has no place for one."""
    match = re.fullmatch(f"(.*{re.escape(BEGIN)}\n)(.*?)({re.escape(END)}.*)",
                         text, re.DOTALL)
    return match.groups() if match else None


def replace(text, kernels):
    before, _, behind = split(text)
    return f"{before}\n{markdown(kernels)}\n{behind}"


def read(text):
    """The rows of a text's table as lists of cells, without the head."""
    lines = [line for line in split(text)[1].splitlines() if line]
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in lines[2:]]


def faults(text, kernels):
    """Why a text's table cannot be that of these kernels."""
    if not split(text):
        return [f"has no line {BEGIN} with {END} behind it"]
    rows = read(text)
    if len(rows) != len(kernels):
        return [f"its table has {len(rows)} kernels, tests/kernels/list "
                f"{len(kernels)}"]
    found = []
    for cells, kernel in zip(rows, kernels):
        good = ["yes"] * 3
        if not re.fullmatch(kernel.pattern, cells[0]) or \
                cells[1] != suites(kernel):
            found.append(f"{cells[0]} of {cells[1]} stands where "
                         f"{kernel.name} belongs")
        elif cells[2:5] != good:
            found.append(f"{cells[0]} is listed, but does not work")
    return found


def fault_of(text, kernel, kernels):
    """What the text's table says wrongly about a kernel that was run."""
    unreadable = faults(text, kernels)
    if unreadable:
        return f"kernels.md: {unreadable[0]}"
    said = read(text)[[other.name for other in kernels].index(kernel.name)]
    found = words(kernel.facts)
    if said[5:] != found:
        return f"kernels.md says {said[5:]}, but found was {found}"
    return None
