# SPDX-License-Identifier: GPL-2.0
"""The files that lint looks at: what git tracks, and what it would."""

import os
import shutil
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def list_files():
    """All files but ignored ones, relative to the top, in order."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP, check=True, stdout=subprocess.PIPE, text=True)
    return sorted({name for name in done.stdout.split("\0")
                   if os.path.isfile(os.path.join(TOP, name))})


def read(name):
    """The text of a file; bytes that are not UTF-8 show as they are."""
    with open(os.path.join(TOP, name), encoding="utf-8",
              errors="surrogateescape") as file:
        return file.read()


def lines(name):
    """Pairs of "file:line" and the line."""
    for number, line in enumerate(read(name).splitlines(), 1):
        yield f"{name}:{number}", line


def is_script(name, *interpreters):
    """True if the first line names one of the interpreters."""
    first = read(name).partition("\n")[0]
    return first.startswith("#!") and \
        any(word in first.replace("/", " ").split() for word in interpreters)


def copy(folder):
    """A copy of the tree to build in."""
    for name in list_files():
        target = os.path.join(folder, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(TOP, name), target)
