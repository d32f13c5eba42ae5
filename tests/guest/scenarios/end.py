# SPDX-License-Identifier: GPL-2.0
"""The end of everything."""

from lib.harness import limit
from lib.scenario import Scenario


class End(Scenario):
    """What is left over from everything above."""

    @limit(120)
    def test_time_wait_expires(self):
        """Every TIME_WAIT ends by itself within a good minute."""
        left = {life.end for life in self.watch.model.table.values()
                if life.state == 'TIME_WAIT'}
        self.assertTrue(left, 'nothing is in TIME_WAIT: nothing to see')
        self.watch.settle('all expired', {end: None for end in left}, patience=90)
        self.assertEqual(self.watch.look(), [])
        self.assertEqual([str(life) for life in self.watch.model.table.values()],
                         [])
        for life in self.watch.model.lives:
            if life.abandoned:
                continue    # a test has failed for it already
            self.assertTrue(life.path.endswith('>CLOSE'), str(life))
