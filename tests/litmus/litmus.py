# SPDX-License-Identifier: GPL-2.0
"""
Litmus tests of the kernel's memory model (tools/memory-model in its source), as
much of their language as the tests here use: READ_ONCE(), WRITE_ONCE(),
acquire, release, barriers, and an if without else. What is not known is an
error.
"""

import dataclasses
import re

STATEMENTS = [
    ("read", r"(?P<reg>r\d+) = READ_ONCE\(\*(?P<place>\w+)\);"),
    ("acquire", r"(?P<reg>r\d+) = smp_load_acquire\((?P<place>\w+)\);"),
    ("write", r"WRITE_ONCE\(\*(?P<place>\w+), (?P<value>\w+)\);"),
    ("release", r"smp_store_release\((?P<place>\w+), (?P<value>\w+)\);"),
    ("store_mb", r"smp_store_mb\(\*(?P<place>\w+), (?P<value>\w+)\);"),
    ("mb", r"smp_mb\(\);"),
    ("rmb", r"smp_rmb\(\);"),
    ("wmb", r"smp_wmb\(\);"),
    ("if", r"if \((?P<reg>r\d+) (?P<compare>[!=]=) (?P<value>\d+)\) \{"),
    ("end", r"\}"),
]
STATEMENTS = [(kind, re.compile(pattern)) for kind, pattern in STATEMENTS]

# What is left of a statement that orders, if it does not.
WITHOUT = {"acquire": "read", "release": "write", "store_mb": "write",
           "mb": None, "rmb": None, "wmb": None}

WHOLE = re.compile(
    r"C (?P<name>[\w-]+)\n\s*\(\*(?P<comment>.*?)\*\)\s*"
    r"\{(?P<initial>[^}]*)\}\s*(?P<threads>.*?)\n"
    r"exists \((?P<condition>.*)\)\s*", re.DOTALL)
THREAD = re.compile(r"P(\d+)\([^)]*\)\n\{\n(.*?)\n\}\n", re.DOTALL)
RESULT = re.compile(r"\* Result: (Never|Sometimes)\n")


class BadTest(Exception):
    """The file is not a test of this language."""


@dataclasses.dataclass
class Statement:
    """One line of a thread; @label is the letter behind //, or None."""
    kind: str
    label: str = None
    reg: str = None
    place: str = None
    value: str = None
    compare: str = None


@dataclasses.dataclass
class Test:
    """A file. @threads: lists of statements, by number."""
    name: str
    never: bool
    initial: dict
    threads: list
    condition: str

    def places(self):
        found = {step.place for thread in self.threads for step in thread}
        return sorted((found | set(self.initial)) - {None})

    def labelled(self):
        """(thread, index) of all statements with a label."""
        return [(number, index) for number, thread in enumerate(self.threads)
                for index, step in enumerate(thread) if step.label]

    def without(self, number, index):
        """The same test, in which one statement does not order."""
        threads = [list(thread) for thread in self.threads]
        step = threads[number][index]
        if step.kind not in WITHOUT:
            raise BadTest(f"{self.name}: {step.kind} has a label")
        less = WITHOUT[step.kind]
        threads[number][index:index + 1] = \
            [dataclasses.replace(step, kind=less, label=None)] if less else []
        return dataclasses.replace(self, threads=threads)


def _statement(name, line):
    code, _, label = (part.strip() for part in line.partition("//"))
    for kind, pattern in STATEMENTS:
        match = pattern.fullmatch(code)
        if match:
            return Statement(kind, label or None, **match.groupdict())
    raise BadTest(f"{name}: {line.strip()}")


def _thread(name, body):
    lines = [line.strip() for line in body.splitlines()]
    return [_statement(name, line) for line in lines
            if line and not re.fullmatch(r"int r\d+;", line)]


def parse(text):
    whole = WHOLE.fullmatch(text)
    result = RESULT.search(text)
    if not whole or not result:
        raise BadTest("not the form of a test")
    name = whole["name"]
    left = THREAD.sub("", whole["threads"] + "\n").strip()
    if left:
        raise BadTest(f"{name}: {left.splitlines()[0]}")
    threads = THREAD.findall(whole["threads"] + "\n")
    if [int(number) for number, _ in threads] != list(range(len(threads))):
        raise BadTest(f"{name}: the threads are not P0, P1, ...")
    initial = dict(re.findall(r"(\w+)=(\d+);", whole["initial"]))
    return Test(name, result[1] == "Never", initial,
                [_thread(name, body) for _, body in threads],
                " ".join(whole["condition"].split()))
