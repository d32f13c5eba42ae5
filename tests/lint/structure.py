# SPDX-License-Identifier: GPL-2.0
"""
How the source is divided: length of files and functions, cycles of includes,
names of functions. Each check returns a list of violations.
"""

import os
import re

import rules
import tree

MOST_LINES = 500
MOST_LINES_OF_FUNCTION = 45
# The ladder of loading: three lines and a label for each part of the module.
LONG_FUNCTIONS = ("tcpstates_init",)

# Data and pictures have no place for a comment.
NO_COMMENTS = (".json", ".svg", ".csv", ".yml")


def opening(name):
    """The lines up to the first that is neither comment nor empty."""
    head = []
    for line in tree.read(name).splitlines()[:60]:
        if not re.match(r"\s*(/?\*|//|#(?!\s*(include|define|if))|$)", line) and \
                not name.endswith((".py", ".md")) and "." in name:
            break
        head.append(line)
    return "\n".join(head)


def long_files():
    """a file has 500 lines at most, or "Long because" in its opening comment"""
    faults = []
    for name in tree.list_files():
        if not name.startswith(("module/", "userspace/", "tests/")) or \
                name.endswith(NO_COMMENTS):
            continue
        length = tree.read(name).count("\n")
        if length > MOST_LINES and "Long because " not in opening(name):
            faults.append(f"{name}: {length} lines")
    return faults


def components(graph):
    """The strongly connected components of more than one node (Tarjan)."""
    order, lowest, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = lowest[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], order[other])
        if lowest[node] == order[node]:
            place = stack.index(node)
            component, stack[place:] = stack[place:], []
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def include_graph(files, node_of):
    """(node, included node): the places of the includes that say so"""
    edges = {}
    for file in files:
        for place, quote, included in rules.includes(file):
            target = rules.resolve(file, included, files)
            if quote == '"' and target and node_of(target) != node_of(file):
                edges.setdefault((node_of(file), node_of(target)),
                                 []).append(place)
    return edges


def cycles(edges):
    graph = {}
    for start, end in edges:
        graph.setdefault(start, set()).add(end)
    faults = []
    for component in components(graph):
        faults.append("a cycle: " + " ".join(component))
        faults += [f"  {places[0]}: {start} includes {end}"
                   for (start, end), places in sorted(edges.items())
                   if start in component and end in component]
    return faults


def include_cycles():
    """no cycle of includes between files, a .c and its .h being one, or folders"""
    files = [name for folder in ("module/", "userspace/", "tests/")
             for name in rules.c_files(folder)]
    return cycles(include_graph(files, rules.unit)) + \
        cycles(include_graph(files, os.path.dirname))


def one_word_functions():
    """a static function of module/ has a name of more than one word"""
    static = re.compile(r"^static\b[^;={}()#]*?\b(\w+)\(", re.MULTILINE)
    return [f"{name}:{text.count(chr(10), 0, match.start(1)) + 1}: {match[1]}()"
            for name in rules.c_files("module/")
            for text in [tree.read(name)] for match in static.finditer(text)
            if "_" not in match[1]]


def long_functions():
    """a function of module/ has 45 lines at most"""
    faults = []
    for name in rules.c_files("module/"):
        start = head = None
        for number, (place, line) in enumerate(tree.lines(name), 1):
            if line.startswith("{"):
                start = number
            elif line.startswith("}") and start:
                if number - start - 1 > MOST_LINES_OF_FUNCTION and \
                        not any(f" {long}(" in head for long in LONG_FUNCTIONS):
                    faults.append(f"{place}: the end of {number - start - 1} "
                                  f"lines of {head}")
                start = None
            elif start is None and re.match(r"\w.*\w+\(", line):
                head = line.strip()
    return faults


CHECKS = [long_files, include_cycles, one_word_functions, long_functions]
