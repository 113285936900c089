"""The simulation of docs/scaling.md: what can be computed by hand comes out of it."""

import dataclasses
import pathlib
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "bench" / "scaling"))
import simulate  # noqa: E402

IDEAL = simulate.Cluster(
    rows=1e6, machines=10, rows_per_second=100.0, speed_spread=0.0, slow_share=0.0, start_seconds=0.0,
    load_seconds=0.0, plan_rows_per_second=1e12, write_rows_per_second=1e12, weights_bytes=0.0, row_bytes=0.0,
    answer_bytes=0.0, mean_hours_to_failure=1e9)


class ScalingTest(unittest.TestCase):
    def test_machines_without_costs_share_the_work_evenly(self):
        for assignment in ("queue", "fixed"):
            hours, work = simulate.simulate(dataclasses.replace(IDEAL, assignment=assignment))
            self.assertAlmostEqual(hours, 1e6 / 1000.0 / 3600.0)
            self.assertAlmostEqual(work, 1.0)

    def test_a_slow_machine_is_the_end_of_fixed_parts(self):
        slow = dataclasses.replace(IDEAL, slow_share=0.1, parts_per_machine=10)
        fixed, _ = simulate.simulate(dataclasses.replace(slow, assignment="fixed"))
        queue, _ = simulate.simulate(slow)
        self.assertAlmostEqual(fixed, 2.0 * 1e6 / 1000.0 / 3600.0)
        self.assertLess(queue, 0.65 * fixed)

    def test_a_journal_saves_what_failures_cost(self):
        failing = dataclasses.replace(IDEAL, mean_hours_to_failure=0.2, minutes_to_return=0.0,
                                      parts_per_machine=1)
        with_journal, work = simulate.simulate(failing)
        without, _ = simulate.simulate(dataclasses.replace(failing, resume=False))
        self.assertAlmostEqual(work, 1.0)
        self.assertGreater(without, 1.5 * with_journal)

    def test_storage_and_links_bound_what_all_read_at_once(self):
        cluster = dataclasses.replace(IDEAL, machines=1000)
        self.assertAlmostEqual(simulate.storage_seconds(cluster, 5e9), 1000.0)
        cluster = dataclasses.replace(IDEAL, machines=2)
        self.assertAlmostEqual(simulate.storage_seconds(cluster, 5e9), 4.0)


if __name__ == "__main__":
    unittest.main()
