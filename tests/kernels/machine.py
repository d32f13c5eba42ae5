# SPDX-License-Identifier: GPL-2.0
"""
A module built for a kernel, and machines that run tests with it, as one TAP
stream: what the programs of this folder that check kernels share. A kernel has
a name and a dictionary, results.
"""

import json
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# tests/vm/run: the machine failed, or ended with a dirty kernel log.
MACHINE_FAILED = 125

PLAN = re.compile(r"1\.\.(\d+)\s*(?:#.*)?$")
RESULT = re.compile(r"(ok|not ok)\b\s*(?:\d+)?\s*(?:-\s*)?(.*)$")
FACTS = "# facts "


class Tap:
    """The one stream, of all kernels."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def result(self, kernel, ok, text):
        """@text is the name, with a directive if there is one."""
        self.count += 1
        if not re.search(r"#\s*(SKIP|TODO)\b", text, re.IGNORECASE):
            name = text.split()[0]
            kernel.results[name] = ok and kernel.results.get(name, True)
            self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.count} - "
              f"{kernel.name}: {text}", flush=True)

    @staticmethod
    def note(text):
        for line in text.splitlines():
            print(f"# {line}", flush=True)

    def end(self):
        print(f"1..{self.count}", flush=True)


def build(tap, kernel):
    """The path of the module, or None if there is none."""
    done = subprocess.run([os.path.join(HERE, "build"), kernel.name],
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    tap.result(kernel, done.returncode == 0, "builds without a warning")
    tap.note("\n".join(line.removeprefix("# ")
                       for line in done.stderr.splitlines()))
    module = done.stdout.strip()
    return module if module and os.path.isfile(module) else None


class Documents:
    """What the guest says: several TAP documents, one after the other."""

    def __init__(self, tap, kernel):
        self.tap = tap
        self.kernel = kernel
        self.planned = 0
        self.ran = 0

    def line(self, line):
        plan = PLAN.match(line)
        result = RESULT.match(line)
        if plan:
            self.planned += int(plan[1])
        elif result:
            self.ran += 1
            self.tap.result(self.kernel, result[1] == "ok", result[2])
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


def boot(tap, kernel, options, command):
    """Runs a command that prints TAP in one machine; options of tests/vm/run."""
    command = [os.path.join(TOP, "tests/vm/run"), "--smp", "2", *options,
               "--", *command]
    documents = Documents(tap, kernel)
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
    tap.result(kernel, fault is None, "ends with a clean log and unloaded")
    if fault:
        tap.note(fault)
