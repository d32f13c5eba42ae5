# SPDX-License-Identifier: GPL-2.0
"""Checks after all scenarios."""

from lib import kernel
from lib.causes import fault_of_cause
from lib.harness import limit
from lib.model import Model
from lib.scenario import Scenario
from lib.tracepoint_check import compare


class End(Scenario):
    """Checks after all scenarios."""

    @limit(120)
    def test_time_wait_expires(self):
        """Every TIME_WAIT ends by itself within a good minute."""
        left = {life.end for life in self.watch.model.table.values()
                if life.state == 'TIME_WAIT'}
        self.assertTrue(left, 'nothing is in TIME_WAIT: nothing to see')
        self.watch.settle('all expired', {end: None for end in left},
                          patience=90)
        self.assertEqual(self.watch.look(), [])
        self.assertEqual(list(map(str, self.watch.model.table.values())), [])
        for life in self.watch.model.lives:
            if life.abandoned:
                continue    # a test has failed for it already
            self.assertTrue(life.path.endswith('>CLOSE'), str(life))

    def test_witness_agrees(self):
        """
        The tracepoint's every event during all scenarios, against the stream:
        see lib/tracepoint_check.py. Needs the scenarios to have run.
        """
        model = Model()
        for event in self.records.fetch():
            model.apply(event)
        events = self.witness.events()
        rules, faults = compare(events, model.lives)
        print(f'# {len(events)} events of the witness: {dict(rules)}')
        self.assertEqual('\n'.join(faults), '')
        for rule in ('same', 'T1', 'T2', 'T4', 'T6', 'minisock', 'half open'):
            self.assertTrue(rules[rule], f'nothing was explained by {rule}')
        self.assertNotEqual(bool(rules['T3']), kernel.does('child_complete'))

    def test_causes(self):
        """Lines that came between the scenarios have allowed causes, too."""
        expired = [event for event in self.watch.events
                   if event.new == 'CLOSE' and event.old == 'TIME_WAIT']
        faults = [fault_of_cause(event) for event in expired]
        self.assertEqual('\n'.join(filter(None, faults)), '')
        self.assertIn('tw-expired', {event.cause for event in expired})
