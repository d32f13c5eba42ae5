# SPDX-License-Identifier: GPL-2.0
"""The project's own rules. Each function returns a list of violations."""

import os
import re
import subprocess

import tree

PURE = ("ring", "reader", "filter", "format", "text", "names", "keyset",
        "conn", "life", "stuck", "record", "visit", "snapshot")
TOP_LEVEL = {"module", "userspace", "tests", "Kbuild", "Makefile", "README.md",
             "dkms.conf", "debian", "LICENSE"}
VERSION_TEST = re.compile(r"\b(LINUX_VERSION_CODE|KERNEL_VERSION)\b")
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
# As a word of prose; a word in quotes or in a pattern is a directive of TAP.
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b(?![\"|)])")
LABEL = re.compile(r"/?\*\s+([A-Z]): ")
PAIR = re.compile(r"Pairs? with ((?:[A-Z](?:, | and )?)+)\b")


def c_files(folder):
    return [name for name in tree.list_files()
            if name.startswith(folder) and name.endswith((".c", ".h"))]


def includes(name):
    """Triples of place, "<" or quote, and included name."""
    for place, line in tree.lines(name):
        match = INCLUDE.match(line)
        if match:
            yield place, match[1], match[2]


def unit(name):
    """What deps calls a file: its path without ".c" and ".h"."""
    return os.path.splitext(name)[0]


def read_deps():
    deps = {}
    for _, line in tree.lines("tests/lint/deps"):
        name, colon, allowed = line.partition("#")[0].partition(":")
        if colon:
            deps[name.strip()] = allowed.split()
    return deps


def covers(name, file):
    return unit(file) == name or (name.endswith("/") and file.startswith(name))


def resolve(name, included, files):
    """Which of our files an include in quotes means, or None."""
    for folder in (os.path.dirname(name), "module", "userspace",
                   "userspace/lib"):
        path = os.path.normpath(os.path.join(folder, included))
        if path in files:
            return path
    return None


def allowed_includes():
    """a file includes only what tests/lint/deps allows"""
    deps = read_deps()
    files = c_files("module/") + c_files("userspace/")
    faults = [f"tests/lint/deps: no file is {name}" for name in deps
              if not any(covers(name, file) for file in files)]
    for file in files:
        rule = next((deps[name] for name in deps if covers(name, file)), None)
        if rule is None:
            faults.append(f"tests/lint/deps: says nothing about {file}")
            continue
        for place, quote, included in includes(file):
            target = resolve(file, included, files)
            if quote == "<":
                continue
            if target is None:
                faults.append(f'{place}: "{included}" is not a file of ours')
            elif unit(target) != unit(file) and \
                    not (file.startswith("module/") and
                         target == "module/uapi/tcpstates.h") and \
                    not any(covers(name, target) for name in rule):
                faults.append(f"{place}: may not include {target}")
    return faults


def pure_files():
    """the pure files know no networking header"""
    faults = []
    for name in c_files("module/"):
        if os.path.basename(unit(name)) not in PURE:
            continue
        for place, _, included in includes(name):
            if re.match(r"(net|trace|linux/(net|tcp|ip|ipv6|skbuff|in6?|sock"
                        r"|inet))(\.h|/|dev)", included):
                faults.append(f"{place}: {included}")
    return faults


def version_tests():
    """kernel versions are compared only in module/compat.h"""
    return [f"{place}: {line.strip()}"
            for name in tree.list_files()
            if name.endswith((".c", ".h", "Kbuild", "Makefile"))
            and name != "module/compat.h"
            for place, line in tree.lines(name) if VERSION_TEST.search(line)]


def comments(text):
    """Block comments as (position, text on one line)."""
    for match in re.finditer(r"/\*.*?\*/", text, re.DOTALL):
        yield match.start(), re.sub(r"\s*\n\s*\*\s*", " ", match[0])


def barrier_pairs():
    """each barrier's label names its partners, and they name it"""
    partners = {}
    faults = []
    for name in c_files("module/"):
        for _, comment in comments(tree.read(name)):
            pair = PAIR.search(comment)
            if not pair:
                continue
            label = LABEL.match(comment)
            if not label:
                faults.append(f"{name}: no label: {comment}")
                continue
            partners.setdefault(label[1], set()).update(
                re.findall("[A-Z]", pair[1]))
    for label, others in sorted(partners.items()):
        for other in sorted(others):
            if label not in partners.get(other, ()):
                faults.append(f"{label} pairs with {other}, but {other} "
                              f"with {sorted(partners.get(other, []))}")
    if not partners:
        faults.append("no barrier is labelled")
    return faults


def unlabelled_barriers():
    """each barrier has a label and a partner"""
    barrier = re.compile(r"\b(smp_(mb|rmb|wmb|store_mb|mb__\w+|load_acquire|"
                         r"store_release)|mb|rmb|wmb)\s*\(")
    faults = []
    for name in c_files("module/"):
        text = tree.read(name)
        code = re.sub(r"/\*.*?\*/", lambda match: re.sub("[^\n]", " ", match[0]),
                      text, flags=re.DOTALL)
        for match in barrier.finditer(code):
            before = [comment for start, comment in comments(text)
                      if start < match.start() and
                      text.count("\n", start, match.start()) <= 8]
            if not before or not PAIR.search(before[-1]):
                line = text.count("\n", 0, match.start()) + 1
                faults.append(f"{name}:{line}: {match[1]}")
    return faults


def file_map():
    """module/DESIGN.md lists every file in module/ and no other"""
    named = [name for _, line in tree.lines("module/DESIGN.md")
             if re.match(r"\| `[^|]*` \|", line)
             for name in re.findall(r"`([\w/-]+[./][\w./-]+)`",
                                    line.split("|")[1])]
    present = [name.removeprefix("module/") for name in tree.list_files()
               if name.startswith("module/")]
    return [f"DESIGN.md does not name {name}" for name in present
            if name not in named] + \
        [f"DESIGN.md names {name}, which is not there" for name in named
         if name not in present]


def top_level():
    """the top level holds what the contract lists"""
    found = {name.split("/")[0] for name in tree.list_files()}
    return [f"{name} does not belong there" for name in sorted(found)
            if name not in TOP_LEVEL and not name.startswith(".")] + \
        [f"{name} is missing" for name in sorted(TOP_LEVEL - found)]


def unfinished():
    """nothing is marked as unfinished"""
    return [f"{place}: {line.strip()}" for name in tree.list_files()
            if name != "LICENSE"
            for place, line in tree.lines(name) if UNFINISHED.search(line)]


def needs_spdx(name):
    """True for what is source, and not empty; lists of names are none."""
    return tree.read(name) != "" and \
        (name.endswith((".c", ".h", ".py", ".sh")) or
         os.path.basename(name) in ("Makefile", "Kbuild") or
         tree.read(name).startswith("#!"))


def spdx():
    """each file says its licence in the form for its kind"""
    faults = []
    for name in tree.list_files():
        if not needs_spdx(name):
            continue
        head = tree.read(name).split("\n")[:3]
        line = head[1] if head[0].startswith("#!") else head[0]
        opening = "// " if name.endswith(".c") else \
            "/* " if name.endswith(".h") else "# "
        if name.startswith("module/uapi/"):
            licence = "GPL-2.0 WITH Linux-syscall-note"
        else:
            licence = "GPL-2.0"
        if not re.match(rf"{re.escape(opening)}SPDX-License-Identifier: "
                        rf"{licence}( \*/)?$", line) and \
                not (name.startswith("userspace/") and
                     "SPDX-License-Identifier: " in line):
            faults.append(f"{name}: {line}")
    return faults


def documented():
    """each function that other files call is described with its context"""
    function = re.compile(r"^(?!static|typedef)(\w[\w ]*[ *])(\w+)"
                          r"\([^;{}]*\)\n\{", re.MULTILINE)
    faults = []
    for name in c_files("module/"):
        if not name.endswith(".c"):
            continue
        text = tree.read(name)
        header = unit(name) + ".h"
        # A header may tell it for all that it declares.
        common = header in c_files("module/") and \
            re.search(r"^ \* Context( of all [^:]*)?: ", tree.read(header),
                      re.MULTILINE)
        for match in function.finditer(text):
            comment = text[:match.start()].rpartition("/**")[2]
            if not comment.startswith(f"\n * {match[2]}() - ") or \
                    not comment.endswith("*/\n"):
                faults.append(f"{name}: {match[2]}() has no kernel-doc")
                continue
            if not common and " * Context: " not in comment:
                faults.append(f"{name}: {match[2]}() tells no context")
            if match[1].strip() != "void" and " * Return: " not in comment:
                faults.append(f"{name}: {match[2]}() tells no return value")
    return faults


def supported_kernels():
    """userspace/doc/kernels.md has the kernels of tests/kernels/list"""
    done = subprocess.run(["tests/kernels/check", "--lint"], cwd=tree.TOP,
                          check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    lines = done.stdout.splitlines()
    return lines or [f"status {done.returncode}"] * bool(done.returncode)


def who_sees_what():
    """userspace/doc/access.md has the table of who sees what that gets tested"""
    done = subprocess.run(
        ["python3", "-B", "-c",
         "from lib import openers; print(*openers.table(), sep='\\n')"],
        cwd=os.path.join(tree.TOP, "tests/guest"), check=False, text=True,
        env={**os.environ, "PYTHONPATH": os.path.join(tree.TOP, "tests")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    page = "userspace/doc/access.md"
    if done.returncode == 0 and done.stdout in tree.read(page):
        return []
    return [f"{page}: the table is to be", *done.stdout.splitlines()]


# Where the version is written again, as a pattern whose first group is the version.
VERSIONS = {
    "dkms.conf": r'^PACKAGE_VERSION="(.*)"$',
    "debian/changelog": r"\Atcpstates \((.*)\) ",
    "userspace/doc/CHANGELOG.md": r"\A(?:(?!## ).*\n)*## (\S+?),? ",
    "README.md": r"\btcpstates/(\d+\.\d+\.\d+)",
    "userspace/lib/libtcpstates.h": r'like "(\d+\.\d+\.\d+)"',
}


def versions():
    """the version is that of module/version.h everywhere"""
    source = re.findall(r'#define TCPS_VERSION "(.*)"',
                        tree.read("module/version.h"))
    if len(source) != 1:
        return [f"module/version.h: versions {source}"]
    faults = []
    for name, pattern in VERSIONS.items():
        found = re.findall(pattern, tree.read(name), re.MULTILINE)
        faults += [f"{name}: version {version}, not {source[0]}"
                   for version in found or ["missing"]
                   if version != source[0]]
    return faults


def stuck_states():
    """the states that can be stuck are the module's parameters everywhere"""
    lists = {name: re.findall(pattern, tree.read(name)) for name, pattern in {
        "module/stuck_timer.c": r"\nLIMIT\((\w+), (\w+)\);",
        "userspace/base/stuck_states.h": r"\n\tX\((\w+), (\w+)\)"}.items()}
    ours, theirs = lists.values()
    text = tree.read("module/uapi/sysfs-module-tcpstates")
    return [f"{name}: {states}" for name, states in lists.items()
            if ours != theirs or not states] + \
        [f"module/uapi/sysfs-module-tcpstates: no stuck_{limit}" for _, limit in ours
         if f"stuck_{limit}" not in text]


RULES = [allowed_includes, pure_files, version_tests, barrier_pairs,
         unlabelled_barriers, documented, file_map, top_level, unfinished, spdx,
         supported_kernels, who_sees_what, versions, stuck_states]
