"""The tightest streets of a corridor: what the map states, worst first, and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.packs import shipped_doctrine
from planner.routes.chokes import worst_chokes
from planner.terms import Barrier, Travel
from tests.streets import draw_streets

DOCTRINE = shipped_doctrine()
RULES = DOCTRINE.transport


def drive(streets, nodes=None):
    """A path along streets that follow each other, from the middle of the first to that of the last."""
    places = [(100.0 * k, 0.0) for k in range(len(streets) + 1)]
    ends = [{"u": k, "v": k + 1, "name": f"Street {k}", **tags} for k, tags in enumerate(streets)]
    network = draw_streets(places, ends, nodes=nodes)
    timing = network.timing(Travel.EMERGENCY, DOCTRINE.travelling)
    spots = [(10.0, 0.0), (100.0 * len(streets) - 10.0, 0.0)]
    start, end = network.snap(spots, network.drivable)
    assert start is not None
    assert end is not None
    path = network.find_path(start, end, timing, network.no_closures())
    assert path is not None
    return worst_chokes(path, network, RULES)


def test_a_wide_road_and_one_of_unknown_width_have_no_choke():
    assert drive([{"width_m": 9.0}, {}, {"lanes": 2}, {"maxheight_m": 5.0}]) == ()


def test_most_faults_come_first_then_the_narrowest():
    found = drive([{"width_m": 4.0}, {"width_m": 5.5, "lanes": 1}, {"width_m": 3.5}, {"lanes": 1}])
    assert [choke.street for choke in found] == ["Street 1", "Street 2", "Street 0"]
    assert found[0].faults == ("5.5 m wide", "one lane")


def test_a_gate_counts_where_it_is_driven_through():
    gate = {"node_barrier": Barrier.GATE}
    found = drive([{}, {}, {}], nodes={2: gate})
    assert [(choke.street, choke.faults) for choke in found] == [("Street 1", ("a gate, perhaps locked",))]
    assert drive([{}, {}, {}], nodes={0: gate, 3: gate}) == ()


def test_a_low_bridge_counts():
    (choke,) = drive([{}, {"maxheight_m": 3.5}, {}])
    assert choke.faults == ("3.5 m high",)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.none() | st.floats(3.0, 9.0), st.integers(0, 3)), min_size=2, max_size=8))
def test_never_more_than_doctrine_says_and_only_what_is_tight(tags):
    streets = [{"width_m": np.nan if w is None else w, "lanes": lanes} for w, lanes in tags]
    found = drive(streets)
    tight = [
        k for k, (w, lanes) in enumerate(tags) if (w is not None and w < RULES.choke_width_m) or lanes == 1
    ]
    assert len(found) == min(RULES.choke_points, len(tight))
    assert {choke.street for choke in found} <= {f"Street {k}" for k in tight}
