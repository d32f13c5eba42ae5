# SPDX-License-Identifier: GPL-2.0
"""
The Test Anything Protocol (https://testanything.org), as every tier speaks it:
a plan, and a numbered result for each test, with comments behind it. The shell
scripts have tap.sh.
"""

import dataclasses
import re

PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*SKIP\b\s*(.*))?$", re.IGNORECASE)
RESULT = re.compile(r"(not )?ok\b\s*(\d+)?\s*(?:-\s*)?((?:\\#|[^#])*)"
                    r"(?:#\s*(SKIP|TODO)\b\s*(.*))?", re.IGNORECASE)
DIRECTIVE = re.compile(r"#\s*(SKIP|TODO)\b", re.IGNORECASE)
BAIL_OUT = "Bail out!"


def comment(text):
    """A text of any number of lines, as comments."""
    return "".join(f"# {line}\n" for line in str(text).splitlines())


class Writer:
    """
    Prints one stream. @plan: how many tests there will be, or None to say so at
    the end. @prefix comes before each name.
    """

    def __init__(self, plan=None, prefix=""):
        self.plan = plan
        self.prefix = prefix
        self.number = 0
        self.failed = 0
        if plan is not None:
            print(f"1..{plan}", flush=True)

    def result(self, good, name, text=""):
        """@name may end with a directive; @text says more about it."""
        self.number += 1
        self.failed += not good and not DIRECTIVE.search(name)
        print(f"{'ok' if good else 'not ok'} {self.number} - "
              f"{self.prefix}{name}\n{comment(text)}", end="", flush=True)

    def skip(self, name, reason):
        self.result(True, f"{name} # SKIP {reason}")

    @staticmethod
    def note(text):
        print(comment(text), end="", flush=True)

    def end(self):
        """The plan, if it is not printed yet. Returns an exit status."""
        if self.plan is None:
            print(f"1..{self.number}", flush=True)
        return 1 if self.failed else 0


@dataclasses.dataclass(frozen=True)
class Plan:
    count: int
    skip_reason: str = None


@dataclasses.dataclass(frozen=True)
class Result:
    good: bool              # as it says itself: see counts_as()
    number: int
    name: str
    directive: str = ""     # "SKIP" or "TODO"
    reason: str = ""

    def counts_as(self):
        """A skip is never a pass, and what is still to be done no failure."""
        if self.directive:
            return "skipped"
        return "passed" if self.good else "failed"

    def text(self):
        """The name, with the directive if there is one."""
        return f"{self.name} # {self.directive} {self.reason}".rstrip() \
            if self.directive else self.name


def parse(line):
    """A Plan or Result, BAIL_OUT, or None for anything else."""
    if match := PLAN.match(line):
        return Plan(int(match[1]), match[2])
    if match := RESULT.match(line):
        return Result(not match[1], int(match[2]) if match[2] else None,
                      match[3].strip(), (match[4] or "").upper(),
                      match[5] or "")
    return BAIL_OUT if line.startswith(BAIL_OUT) else None


class Document:
    """What a stream must be in itself: as many results as are planned, in order."""

    def __init__(self):
        self.plan = None
        self.count = 0

    def add(self, result):
        """What is wrong with the number of a result, or None."""
        self.count += 1
        if result.number not in (None, self.count):
            return f"expected number {self.count}"
        return None

    def fault(self):
        """What is wrong at the end, or None."""
        if self.plan is None:
            return f"{self.count} results, but no plan"
        if self.plan != self.count:
            return f"{self.plan} tests planned, but {self.count} ran"
        return None
