# SPDX-License-Identifier: GPL-2.0
"""Checks by other people's tools. Each returns what they have to say."""

import functools
import glob
import os
import re
import subprocess
import tempfile

import tree

HERE = os.path.dirname(os.path.abspath(__file__))

# checkpatch --strict everywhere; what it may not say, by the beginning of the
# path, with the reason. The longest beginning counts.
CHECKPATCH_IGNORE = {
    # "atleast" is a word of the ABI.
    "module/": ["TYPO_SPELLING"],
    # Likewise; and it takes a function whose argument is a function for
    # something else than a function.
    "module/conn.c": ["TYPO_SPELLING", "OPEN_BRACE"],
    # TRACE_EVENT() is a macro whose arguments are code, laid out as in the
    # kernel's own events.
    "module/trace.h": ["PARENTHESIS_ALIGNMENT", "OPEN_ENDED_LINE"],
    # A list of fields or words stands for statements, members or parts of a
    # literal, one for each item, and for what a macro makes of them.
    "module/fields.h": ["COMPLEX_MACRO", "MACRO_ARG_REUSE"],
    "module/names.h": ["TYPO_SPELLING", "COMPLEX_MACRO", "MACRO_ARG_REUSE"],
    "module/format.c": ["TYPO_SPELLING", "COMPLEX_MACRO", "MACRO_ARG_REUSE",
                        "MULTISTATEMENT_MACRO_USE_DO_WHILE",
                        "TRAILING_SEMICOLON"],
    # A group of members is declared twice, as by __struct_group() of the kernel.
    "module/group.h": ["MACRO_ARG_REUSE"],
    # The members of a group are the argument of a macro.
    "module/uapi/tcpstates.h": ["TYPO_SPELLING", "PARENTHESIS_ALIGNMENT",
                                "LINE_SPACING"],
    # To compare kernel versions is what this file is for; for the second see
    # the first: checkpatch takes KERNEL_VERSION() for a constant.
    "module/compat.h": ["LINUX_VERSION_CODE", "CONSTANT_COMPARISON",
                        "OPEN_BRACE"],
    # The macro that it prefers is the kernel's.
    "userspace/": ["PREFER_DEFINED_ATTRIBUTE_MACRO"],
    # Lists, as in module/format.c.
    "userspace/base/stuck_states.h": ["COMPLEX_MACRO", "MACRO_ARG_REUSE"],
    "userspace/lib/text.c": ["COMPLEX_MACRO", "TRAILING_SEMICOLON",
                             "MULTISTATEMENT_MACRO_USE_DO_WHILE"],
    # These define barriers and READ_ONCE() and do not use them; a member's name
    # cannot stand in parentheses.
    "userspace/lib/shim/": ["MEMORY_BARRIER", "VOLATILE", "COMPLEX_MACRO",
                            "MACRO_ARG_PRECEDENCE", "MACRO_ARG_REUSE",
                            "PREFER_DEFINED_ATTRIBUTE_MACRO"],
    # The same; CMUnitTest is cmocka's name and _Static_assert C's; a member's
    # name given to a macro twice has no side effects.
    "tests/": ["PREFER_DEFINED_ATTRIBUTE_MACRO", "CAMELCASE",
               "MACRO_ARG_REUSE", "TYPO_SPELLING"],
    # These define barriers and do not use them; neither a member's name nor a
    # declaration can stand in parentheses; the kernel's loops use their arguments
    # twice as well.
    "tests/unit/shim/": ["MEMORY_BARRIER", "COMPLEX_MACRO",
                         "MACRO_ARG_PRECEDENCE",
                         "MACRO_ARG_REUSE", "PREFER_DEFINED_ATTRIBUTE_MACRO"],
    # Likewise; and it misreads an array of pointers to functions.
    "tests/unit/model/": ["MEMORY_BARRIER", "FUNCTION_ARGUMENTS"],
}


def run(*command, cwd=tree.TOP):
    """Status and output of a command, outside of the make that calls lint."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    environment["LC_ALL"] = "C.UTF-8"
    try:
        done = subprocess.run(command, cwd=cwd, env=environment, check=False,
                              stdin=subprocess.DEVNULL, text=True,
                              errors="replace", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout


def faults(status, output, said=r"warning:|error:|\*\*\*"):
    """The lines that complain, or all of them if the tool failed silently."""
    output = output.replace(workplace().name + "/", "")
    complaints = [line for line in output.splitlines() if re.search(said, line)]
    if status and not complaints:
        return output.splitlines()[-20:] + [f"status {status}"]
    return complaints


@functools.lru_cache
def workplace():
    """A copy of the tree; goes when the program ends."""
    folder = tempfile.TemporaryDirectory(prefix="tcpstates-lint-")
    tree.copy(folder.name)
    return folder


def make(*arguments, folder="."):
    return run("make", "--no-print-directory", "-C",
               os.path.join(workplace().name, folder), *arguments)


@functools.lru_cache
def kernel(variable):
    """What the top Makefile found: KDIR or release."""
    status, output = make("-s", "--eval",
                          f"lint-show: ; @echo $({variable})", "lint-show")
    return output.strip() if not status else ""


def build_module(*arguments):
    make("clean")
    status, output = make("module", *arguments)
    built = os.path.exists(os.path.join(workplace().name, "tcpstates.ko"))
    return faults(status, output) + ([] if built else ["no tcpstates.ko"])


def module_warnings():
    """the module builds without a warning (W=1)"""
    return build_module("W=1")


def module_sparse():
    """sparse finds nothing in the module (C=2)"""
    status, output = run("sparse", "--version")
    if status:
        return [output]
    return build_module("C=2", "CF=-D__CHECK_ENDIAN__")


def build_userspace(compiler):
    make("clean", folder="userspace")
    status, output = make(f"CC={compiler}", "CFLAGS=-O2 -g -Werror",
                          folder="userspace")
    return faults(status, output)


def userspace_gcc():
    """user space builds without a warning (gcc)"""
    return build_userspace("gcc")


def userspace_clang():
    """user space builds without a warning (clang)"""
    return build_userspace("clang")


@functools.lru_cache
def checkpatch_folder():
    status, output = run(os.path.join(HERE, "fetch-checkpatch"),
                         kernel("release"))
    if status:
        raise RuntimeError(f"no checkpatch.pl: {output}")
    return output.splitlines()[-1]


def checkpatch(folder):
    cache = checkpatch_folder()
    found = []
    for name in tree.list_files():
        if not name.startswith(folder) or not name.endswith((".c", ".h")):
            continue
        prefix = max((p for p in CHECKPATCH_IGNORE if name.startswith(p)),
                     key=len)
        ignored = CHECKPATCH_IGNORE[prefix]
        status, output = run(
            "perl", os.path.join(cache, "checkpatch.pl"), "--strict",
            "--no-tree", f"--root={cache}", "--no-summary", "--terse",
            "--show-types", *(["--ignore", ",".join(ignored)] if ignored
                              else []),
            "-f", os.path.join(workplace().name, name),
            cwd=workplace().name)
        found += faults(status, output, r"(ERROR|WARNING|CHECK):")
    return found


def checkpatch_module():
    """checkpatch --strict finds nothing in module/"""
    return checkpatch("module/")


def checkpatch_userspace():
    """checkpatch --strict finds nothing in userspace/"""
    return checkpatch("userspace/")


def checkpatch_tests():
    """checkpatch --strict finds nothing in tests/"""
    return checkpatch("tests/")


def kernel_doc():
    """kernel-doc finds every parameter and member described"""
    tools = glob.glob(os.path.join(kernel("KDIR"), "scripts", "kernel-doc")) + \
        sorted(glob.glob("/usr/lib/linux-kbuild-*/scripts/kernel-doc"))
    if not tools:
        return ["no kernel-doc with the kernel's headers"]
    names = [name for name in tree.list_files()
             if name.startswith("module/") and name.endswith((".c", ".h"))]
    status, output = run(tools[0], "-none", "-Werror", *names)
    return faults(status, output)


def shellcheck():
    """shellcheck finds nothing in the shell scripts"""
    names = [name for name in tree.list_files()
             if name.endswith(".sh") or tree.is_script(name, "sh", "bash",
                                                       "dash")]
    status, output = run("shellcheck", "--format=gcc", "--external-sources",
                         *names)
    return faults(status, output, r": (error|warning|note): ")


def python():
    """the Python scripts compile"""
    found = []
    for name in tree.list_files():
        if name.endswith(".py") or tree.is_script(name, "python3"):
            try:
                compile(tree.read(name), name, "exec")
            except (SyntaxError, ValueError) as error:
                found.append(f"{name}: {error}")
    return found


TOOLS = [module_warnings, module_sparse, userspace_gcc, userspace_clang,
         checkpatch_module, checkpatch_userspace, checkpatch_tests, kernel_doc,
         shellcheck, python]
