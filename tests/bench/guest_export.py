# SPDX-License-Identifier: GPL-2.0
"""The cost of a scrape of the exporter."""

import subprocess
import time
import urllib.request

import guest
from guest import Module, Process, report

SCRAPES = 10


def scrape():
    with urllib.request.urlopen('http://127.0.0.1:9807/metrics',
                                timeout=600) as answer:
        return answer.read()


def await_answer():
    for _ in range(600):
        try:
            return scrape()
        except OSError:
            time.sleep(0.1)
    raise RuntimeError('the exporter does not answer')


def cost(idle):
    """Instructions of a scrape, the scraper's among them, with so many
    connections."""
    with subprocess.Popen([guest.LOAD, 'hold', str(idle)],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:
        if holder.stdout.readline() != b'ready\n':
            raise RuntimeError(f'no {idle} connections')
        with Module(), Process('tcpstates', 'export'):
            text = await_answer()
            runs = []
            for _ in range(guest.repetitions):
                begin = guest.busy()
                for _ in range(SCRAPES):
                    scrape()
                runs.append((guest.busy() - begin) / SCRAPES)
        holder.stdin.close()
    series = sum(not line.startswith(b'#') for line in text.splitlines())
    return {**guest.middle(runs), 'bytes': len(text), 'series': series}


def row_export():
    """The cost with a hundred connections, and with a hundred thousand."""
    report('export_few', **cost(100))
    report('export_many', **cost(100000))
