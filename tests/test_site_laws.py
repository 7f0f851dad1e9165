"""A sample of ``benchmarks/site_laws.py``: sites at random places, audited from the documents alone."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.site_laws import incident_at
from planner.audit import audit_plan
from planner.packs import shipped_doctrine
from planner.plan import hold_scene, make_plan
from planner.sites.selection import choose_together
from tests.optimum import best_total
from tests.test_sites import montevideo
from tests.town import town


@pytest.mark.parametrize(("name", "seed"), [("town", 1), ("town", 2), ("montevideo", 3)])
def test_no_suggested_site_breaks_a_rule_and_the_choice_is_the_best(name, seed):
    area, doctrine = town() if name == "town" else montevideo(), shipped_doctrine()
    incident = incident_at(area, np.random.default_rng(seed))
    held = hold_scene(incident, area, doctrine)
    plan = make_plan(incident, area, doctrine, held=held)
    failures = [
        check for check in audit_plan(plan, area, doctrine).failures if check.check.startswith("site_")
    ]
    assert failures == []
    choice = held.chosen.write.settled.choice
    assert choice.total(choose_together(choice)) >= 0.99 * best_total(choice.beside_pins()) - 1e-6
