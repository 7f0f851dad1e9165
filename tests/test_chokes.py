"""The tightest streets of a corridor: what the map states, worst first, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.packs import shipped_doctrine
from planner.routes.chokes import worst_chokes
from planner.terms import Barrier, Parked, RoadClass, Travel
from tests.streets import draw_streets

DOCTRINE = shipped_doctrine()
RULES = DOCTRINE.transport


def drive(streets, both_ends=False, **made):
    """The tightest streets of such a path."""
    network, path = laid(streets, **made)
    return worst_chokes([path], network, RULES, both_ends=[both_ends])[0]


def laid(streets, nodes=None, more=(), rim_m=0.0):
    """A path along streets that follow each other, from the middle of the first to that of the last.

    ``more`` are places and streets besides; a street of its own so far off makes the map end there.
    """
    places = [(100.0 * k, 0.0) for k in range(len(streets) + 1)]
    ends = [{"u": k, "v": k + 1, "name": f"Street {k}", **tags} for k, tags in enumerate(streets)]
    for u, v, place in more:
        ends.append({"u": u, "v": v, "name": "Other"})
        places += [place] if place else []
    if rim_m:
        ends.append({"u": len(places), "v": len(places) + 1, "name": "Far"})
        places += [(-rim_m, -rim_m), (rim_m, rim_m)]
    network = draw_streets(places, ends, nodes=nodes)
    timing = network.timing(Travel.EMERGENCY, DOCTRINE.travelling)
    spots = [(10.0, 0.0), (100.0 * len(streets) - 10.0, 0.0)]
    start, end = network.snap(spots, network.drivable)
    assert start is not None
    assert end is not None
    path = network.find_path(start, end, timing, network.no_closures())
    assert path is not None
    return network, path


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


def test_what_the_map_says_of_parking_works_bridges_and_legal_width_counts():
    found = drive(
        [
            {"parked": Parked.BOTH_SIDES},
            {"maxwidth_m": 2.6, "width_m": 5.0},
            {"works": True, "parked": Parked.ONE_SIDE},
            {"bridge": True},
        ]
    )
    assert [(choke.street, choke.faults) for choke in found] == [
        ("Street 2", ("under construction", "cars park on one side")),
        ("Street 1", ("2.6 m at most",)),
        ("Street 0", ("cars park on both sides",)),
    ]
    assert drive([{}, {"parked": Parked.NONE}, {"bridge": True, "lanes": 4}]) == ()
    assert drive([{}, {"bridge": True, "road_class": RoadClass.MOTORWAY}, {}]) == ()
    (bridge,) = drive([{}, {"bridge": True}, {}])
    assert bridge.faults == ("a bridge",)
    (kerb,) = drive([{}, {}, {}], nodes={1: {"node_barrier": Barrier.KERB}})
    assert (kerb.street, kerb.faults) == ("Street 0", ("a kerb across it",))


def test_a_light_fault_comes_after_every_grave_one():
    light = {"bridge": True, "parked": Parked.ONE_SIDE}
    found = drive([light, {"lanes": 1}, {"width_m": 5.0}, {"parked": Parked.BOTH_SIDES}, {}])
    assert "Street 0" not in [choke.street for choke in found]


def test_a_dead_end_counts_where_ambulances_load_and_not_at_the_rim_of_the_map_or_on_a_block():
    """The first street begins at a node that nothing else leaves."""
    wide = 4 * RULES.map_rim_m
    streets: list[dict[str, int]] = [{}, {}, {}, {}]
    around = [(1, 5, (100.0, 100.0)), (5, 2, None)]  # from the second junction on there is a block
    (choke,) = drive(streets, more=around, rim_m=wide)
    assert (choke.street, choke.faults) == ("Street 0", ("dead end",))
    assert drive(streets, more=[(0, 5, (100.0, 100.0)), (5, 2, None)], rim_m=wide) == ()
    assert drive(streets, more=around) == (), "the map ends there"
    ways = drive(streets, more=around, rim_m=wide, both_ends=True)
    assert {choke.street for choke in ways} == {"Street 0", "Street 2", "Street 3"}
    pocket = drive(streets, more=[(0, 5, (0.0, 100.0)), (1, 6, (100.0, 100.0)), (6, 2, None)], rim_m=wide)
    assert [choke.street for choke in pocket] == ["Street 0"], "a lane behind that leads nowhere"


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


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3), min_size=4, max_size=8), st.data())
def test_what_is_told_of_a_path_hangs_on_no_other(lanes, draw):
    gate = {"node_barrier": Barrier.GATE}
    gates = draw.draw(st.sets(st.integers(1, len(lanes) - 1)))
    network, whole = laid([{"lanes": n} for n in lanes], nodes=dict.fromkeys(gates, gate))
    cuts = draw.draw(st.lists(st.integers(1, len(lanes)), min_size=1, max_size=4))
    parts = [
        replace(whole, edges=whole.edges[:n], forward=whole.forward[:n], share=whole.share[:n]) for n in cuts
    ]
    both_ends = draw.draw(st.lists(st.booleans(), min_size=len(cuts), max_size=len(cuts)))
    found = worst_chokes(parts, network, RULES, both_ends=both_ends)
    alone = [
        worst_chokes([path], network, RULES, both_ends=[both])[0]
        for path, both in zip(parts, both_ends, strict=True)
    ]
    assert found == alone
    assert worst_chokes([], network, RULES, both_ends=[]) == []
