# SPDX-License-Identifier: GPL-2.0
"""
A module built for a kernel, and machines that run tests with it, as one TAP
stream: what the programs of this folder that check kernels share. A kernel has
a name and a dictionary, results.
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(TOP, "tests"))

import tap  # noqa: E402

# tests/vm/run: the machine failed, or ended with a dirty kernel log.
MACHINE_FAILED = 125

FACTS = "# facts "


class Tap(tap.Writer):
    """The one stream, of all kernels."""

    def add(self, kernel, result):
        """A result of a kernel: a tap.Result."""
        if not result.directive:
            name = result.name.split()[0]
            kernel.results[name] = result.good and \
                kernel.results.get(name, True)
        self.result(result.good, f"{kernel.name}: {result.text()}")

    def check(self, kernel, good, name):
        """A result that is found out here."""
        self.add(kernel, tap.Result(good, None, name))


def build(stream, kernel):
    """The path of the module, or None if there is none."""
    done = subprocess.run([os.path.join(HERE, "build"), kernel.name],
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    stream.check(kernel, done.returncode == 0, "builds without a warning")
    stream.note("\n".join(line.removeprefix("# ")
                          for line in done.stderr.splitlines()))
    module = done.stdout.strip()
    return module if module and os.path.isfile(module) else None


class Documents:
    """What the guest says: several TAP documents, one after the other."""

    def __init__(self, stream, kernel):
        self.stream = stream
        self.kernel = kernel
        self.planned = 0
        self.ran = 0

    def line(self, line):
        what = tap.parse(line)
        if isinstance(what, tap.Plan):
            self.planned += what.count
        elif isinstance(what, tap.Result):
            self.ran += 1
            self.stream.add(self.kernel, what)
        elif line.startswith(FACTS):
            self.kernel.facts = json.loads(line.removeprefix(FACTS))
        elif line:
            print(line if line.startswith("#") else f"# {line}", flush=True)

    def fault(self, status):
        """Why the run as a whole is not to be trusted, or None."""
        if status == MACHINE_FAILED or status < 0:
            return f"tests/vm/run ended with status {status}"
        if not self.planned or self.planned != self.ran:
            return f"{self.planned} tests planned, but {self.ran} ran"
        if status and all(self.kernel.results.values()):
            return f"the tests ended with status {status}"
        return None


def smoke(arguments):
    """The command that runs it, and with it the guest's tests, in the guest."""
    with open(os.path.join(HERE, "smoke"), encoding="utf-8") as file:
        return ["python3", "-c", file.read(), *arguments]


def boot(stream, kernel, options, command):
    """Runs a command that prints TAP in one machine; options of tests/vm/run."""
    command = [os.path.join(TOP, "tests/vm/run"), "--smp", "2", *options,
               "--", *command]
    documents = Documents(stream, kernel)
    with subprocess.Popen(command, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as machine:
        try:
            for line in machine.stdout:
                documents.line(line.rstrip("\r\n"))
        except BaseException:
            machine.terminate()
            raise
    fault = documents.fault(machine.returncode)
    stream.check(kernel, fault is None, "ends with a clean log and unloaded")
    if fault:
        stream.note(fault)
