"""Laws of the sites on random zones: ``python -m benchmarks.site_laws [--zones N] [--seed S] AREA ...``.

Plans are audited from their documents alone (zone, side, distance, sight, separation, room, lanes), and each
joint choice is held to the exact optimum of an integer program. What fails is written out, one line each.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

import numpy as np

from benchmarks.__main__ import open_or_import
from planner import packs
from planner.area import Area
from planner.audit import audit_plan
from planner.errors import PlannerError
from planner.geo import LonLat
from planner.model import Casualties, Incident
from planner.plan import hold_scene, make_plan
from planner.sites.selection import choose_together
from planner.terms import ThreatName
from tests.optimum import best_total

_SITE_CHECKS = "site_"
_THREATS = tuple(ThreatName)


def incident_at(area: Area, random: np.random.Generator) -> Incident:
    """Make a random incident: on a random street, so that zones fall where people are."""
    edge = int(random.integers(area.network.edge_count))
    x_m, y_m = area.network.at(edge, float(area.network.length_m[edge]) / 2)
    place = area.frame.place(x_m + float(random.normal(0, 40)), y_m + float(random.normal(0, 40)))
    return Incident(
        location=LonLat(*place),
        threat=_THREATS[int(random.integers(len(_THREATS)))],
        casualties=Casualties(*(int(n) for n in random.integers(0, 30, 3))),
        on_site=int(random.integers(0, 1500)),
        hour=int(random.integers(0, 24)),
        no_ccp=bool(random.random() < 0.15),
        bereaved_site=bool(random.random() < 0.3),
    )


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.site_laws", description=__doc__)
    parser.add_argument("areas", nargs="*", default=["montevideo"])
    parser.add_argument("--zones", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    doctrine = packs.shipped_doctrine()
    failed: Counter[str] = Counter()
    made = refused = worst = 0.0
    served: Counter[str] = Counter()
    for name in asked.areas:
        area, random = open_or_import(name), np.random.default_rng(asked.seed)
        for number in range(asked.zones // len(asked.areas)):
            incident = incident_at(area, random)
            try:
                held = hold_scene(incident, area, doctrine)
                plan = make_plan(incident, area, doctrine, held=held)
            except PlannerError as error:
                refused += 1
                sys.stdout.write(f"{area.name} {number}: refused: {error}\n")
                continue
            made += 1
            served.update(site.purpose.value for site in plan.sites if site.rank == 1)
            for check in audit_plan(plan, area, doctrine).failures:
                if check.check.startswith(_SITE_CHECKS):
                    failed[check.check] += 1
                    where = f"{incident.location} {incident.threat}"
                    sys.stdout.write(
                        f"{area.name} {number} {where}: {check.check} {check.about}: {check.detail}\n"
                    )
            choice = held.chosen.write.settled.choice
            best = best_total(choice.beside_pins())
            short = 1.0 - choice.total(choose_together(choice)) / best if best > 0 else 0.0
            worst = max(worst, short)
            if short > 0.01:
                failed["optimum"] += 1
                sys.stdout.write(f"{area.name} {number}: {short:.1%} below the optimum\n")
    out = f"{made:.0f} plans, {refused:.0f} refused, {sum(failed.values())} failures {dict(failed)}, "
    sys.stdout.write(f"{out}choice at most {worst:.2%} below the optimum\n")
    sys.stdout.write(", ".join(f"{purpose} {count}" for purpose, count in served.most_common()) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
