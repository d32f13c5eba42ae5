# SPDX-License-Identifier: GPL-2.0
"""The order of everything, on all CPUs at once."""

import collections
import os

from lib import tcp
from lib.device import V4, V6, DeviceTest
from lib.harness import limit
from lib.model import Model
from lib.processes import Child


class Order(DeviceTest):
    """The reader's own checks, under load on all CPUs."""

    # Of each process; all their lines fit into a single ring.
    CONNECTIONS = 500

    @limit(180)
    def test_time_and_numbers(self):
        """
        Time never goes back, no number is missing, and every line follows
        from the ones before.
        """
        binary = self.stream(binary=True)
        model = Model()
        children = []
        for family in (V4, V6, V4):
            listener = self.enterContext(family.listener())
            children.append(Child(tcp.load, family, self.CONNECTIONS,
                                  listener))
        total = 3 + 3 * tcp.LINES * self.CONNECTIONS
        keys, records = [], []
        while len(keys) < total:
            self.assertTrue(self.reference.wait(20), 'nothing comes any more')
            for event in self.reference.fetch():
                keys.append((event.cpu, event.seq))
                model.apply(event)
            records += binary.fetch()
        for child in children:
            child.join()
        records += binary.fetch()
        self.assertEqual(model.errors, [])
        self.assertEqual({life.state for life in model.table.values()},
                         {'LISTEN'})
        self.assertEqual(len(keys), total)
        self.assertEqual([(event.cpu, event.seq) for event in records], keys)
        busy = collections.Counter(cpu for cpu, _ in keys)
        self.assertEqual(len(busy), os.cpu_count(), busy)
        print(f'# {total} lines in order, of CPUs {dict(busy)}')
