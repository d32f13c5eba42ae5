# SPDX-License-Identifier: GPL-2.0
"""
What the tests of the exporter share: one that runs, and a parser of what it
answers.
"""

import collections
import http.client
import re
import subprocess
import unittest

from lib import kernel
from lib.processes import PATIENCE, wait_for
from lib.stuck import Leak

PORT = 9807
NOBODY = 65534
SAMPLE = re.compile(r'tcpstates_([a-z_]+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """{name: {labels: value}}, with what the text itself promises checked."""
    found = collections.defaultdict(dict)
    typed = set()
    for line in text.splitlines():
        if line.startswith('# TYPE '):
            name = line.split()[2]
            assert name not in typed, f'{name} twice'
            typed.add(name)
        if line.startswith('#'):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        labels = tuple(LABEL.findall(match[2] or ''))
        assert labels not in found[match[1]], f'twice: {line}'
        found[match[1]][labels] = float(match[3])
        base = 'tcpstates_' + re.sub('_(bucket|sum|count)$', '', match[1])
        assert base in typed or 'tcpstates_' + match[1] in typed, line
    return found


def get(path='/metrics', method='GET', port=PORT):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, body


def expect_identity(pid, uid):
    """The process has this user, no other group and no capability."""
    text = kernel.read_file(f'/proc/{pid}/status')
    status = dict(line.split(':\t') for line in text.splitlines()
                  if ':\t' in line)
    for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
        assert int(status[name], 16) == 0, text
    assert status['NoNewPrivs'] == '1', text
    assert set(status['Uid'].split()) == {str(uid)}, text
    assert len(set(status['Gid'].split())) == 1, text
    assert status.get('Groups', '').split() == [], text
    assert uid == 0 or status['Gid'].split()[0] != '0', text


def labels(**named):
    return tuple(sorted(named.items()))


class Exporter:
    """An exporter that runs and has answered."""

    def __init__(self, *words, command=()):
        self.process = subprocess.Popen(
            [*command, 'tcpstates', 'export', *words], stderr=subprocess.PIPE,
            text=True)

    def await_answer(self):
        wait_for(self.answers, 'the exporter answers')
        return self

    def answers(self):
        assert self.process.poll() is None, self.process.stderr.read()
        try:
            return get('/')[0] == 200
        except OSError:
            return False

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()


class ExportTest(unittest.TestCase):
    maxDiff = 4000

    def exporter(self, *words, **named):
        exporter = Exporter(*words, **named)
        self.addCleanup(exporter.close)
        return exporter.await_answer()

    def metrics(self):
        status, headers, text = get()
        self.assertEqual(status, 200)
        self.assertEqual(headers['Content-Type'],
                         'text/plain; version=0.0.4; charset=utf-8')
        return parse(text)

    def states(self):
        """{state: connections} of the exporter."""
        found = self.metrics()['connections']
        return {dict(key)['state']: value for key, value in found.items()}

    def value(self, name, **named):
        for key, value in self.metrics()[name].items():
            if labels(**dict(key)) == labels(**named):
                return value
        return None

    def leak(self):
        leak = Leak()
        self.addCleanup(leak.close)
        return leak
