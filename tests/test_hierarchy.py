"""The contraction hierarchy answers to the millisecond what Dijkstra does, whatever was asked before."""

from __future__ import annotations

import math
import mmap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import packs
from planner.errors import AreaError, PackError
from planner.streets import aiming, climbing, contraction, customizing, heap
from planner.streets.contraction import Kept, Weighed, laid_out
from planner.streets.customizing import Parts, customize
from planner.streets.hierarchy import TABLE_STARTS, Hierarchy, Order, find_order, states_in_order
from planner.streets.network import Path, Snap, StreetNetwork
from planner.streets.timing import Weights
from planner.streets.turns import Turns
from planner.streets.weighing import weigh
from planner.terms import Travel, TurnRule
from tests.plain_ways import TRAVELLING, PlainWays
from tests.streets import draw_streets
from tests.test_network import check_path, networks
from tests.town import town


@pytest.fixture(autouse=True, scope="module")
def near_is_nothing() -> Iterator[None]:
    """Let the hierarchy answer what else a search near by would, or one over all of a small map."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planner.streets.ways.NEARBY_STATES", 1)
        patch.setattr("planner.streets.ways.TIMES_NEARBY_M", -1.0)
        patch.setattr("planner.streets.timed_streets.LEAST_STREETS", 1)
        patch.setattr("planner.streets.hierarchy._CHANGED", 2.0)  # so much of a small map is soon changed
        yield


def with_hierarchy(network: StreetNetwork) -> StreetNetwork:
    copy = replace(network)
    copy.use_order(find_order(copy))
    assert copy.hierarchy is not None
    return copy


@st.composite
def tours(draw: st.DrawFn) -> tuple[StreetNetwork, list[Snap], list[tuple[Travel, np.ndarray]]]:
    """A network, places on it, and what is asked one after the other: who drives, what is closed."""
    network = draw(networks())
    places = []
    for _ in range(draw(st.integers(2, 4))):
        edge = draw(st.integers(0, network.edge_count - 1))
        along = float(network.length_m[edge]) * draw(st.sampled_from((0.0, 0.3, 0.8, 1.0)))
        places.append(Snap(edge, along, *network.at(edge, along), 0.0))
    masks = st.lists(st.booleans(), min_size=network.edge_count, max_size=network.edge_count).map(np.array)
    asked = st.tuples(st.sampled_from((Travel.EMERGENCY, Travel.PUBLIC)), masks)
    return network, places, draw(st.lists(asked, min_size=1, max_size=4))


@settings(deadline=None, max_examples=80, derandomize=True)
@given(tours(), st.sampled_from((0, 2, 20_000)))
def test_matrix_and_paths_equal_dijkstra(
    tour: tuple[StreetNetwork, list[Snap], list[tuple[Travel, np.ndarray]]], far_states: int
) -> None:
    """Also where a search that is told what is left gives up, and the hierarchy is changed."""
    network, places, asked = tour
    quick = with_hierarchy(network)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planner.streets.ways.FAR_STATES", far_states)
        check_tour(network, quick, places, asked)


def check_tour(
    network: StreetNetwork,
    quick: StreetNetwork,
    places: list[Snap],
    asked: list[tuple[Travel, np.ndarray]],
) -> None:
    for travel, closed in [*asked, asked[0]]:
        timing, slow_timing = quick.timing(travel, TRAVELLING), network.timing(travel, TRAVELLING)
        factor = np.where(np.arange(network.edge_count) % 3 == 0, 5.0, 0.5 if closed.sum() % 5 == 3 else 1.0)
        weights = timing.weighted(np.arange(network.edge_count), factor)
        slow_weights = slow_timing.weighted(np.arange(network.edge_count), factor)
        slow = network.times(places, places, slow_timing, closed)
        assert np.array_equal(quick.times(places, places, timing, closed), slow)
        for start in places:
            for end in places:
                path = quick.find_path(start, end, timing, closed, weights)
                weighed = quick.find_path(start, end, weights, closed)
                other = network.find_path(start, end, slow_weights, closed)
                assert (path is None) == (other is None)
                if path is not None and other is not None and weighed is not None:
                    assert weighed.time_s == other.time_s
                    check_path(network, path, timing, closed, start, end)
        nodes = np.arange(network.node_count)
        search, slow_search = (
            n.search(places[0], t, closed) for n, t in ((quick, timing), (network, slow_timing))
        )
        assert np.array_equal(search.costs_s(nodes), slow_search.costs_s(nodes))


def test_what_searches_over_shortcuts_call_is_compiled_once_for_all_of_them() -> None:
    """For one kind of numbers: a literal 0, or an int32, made two or four of some, a second each."""
    network = with_hierarchy(town().network)
    timing = network.timing(Travel.EMERGENCY, TRAVELLING)
    for start, end, closed in town_pairs(network, 8):
        network.find_path(start, end, timing, closed)
        network.times([start], [end], timing, closed)
    called = aiming._reach, climbing.ms_left, climbing._above_too, climbing._over
    changing = customizing._pass_on, customizing._tell, customizing.turn_ms, contraction._tell
    for function in (*called, *changing, contraction._fit, heap.push, heap.queued, heap.pop):
        # none where what calls it came out of the cache
        assert len(function.signatures) <= 1, function.py_func.__name__


@settings(deadline=None, max_examples=150, derandomize=True)
@given(tours())
def test_tables_asked_from_their_ends_equal_dijkstra(
    tour: tuple[StreetNetwork, list[Snap], list[tuple[Travel, np.ndarray]]],
) -> None:
    network, places, asked = tour
    quick = with_hierarchy(network)
    for travel, closed in [*asked, asked[0]]:
        factor = np.where(np.arange(network.edge_count) % 3 == 0, 5.0, 1.0)
        for factors in (1.0, factor):
            timing, slow = (
                n.timing(travel, TRAVELLING).weighted(np.arange(network.edge_count), factors)
                for n in (quick, network)
            )
            expected = network.times(places, places[:1], slow, closed)
            assert np.array_equal(quick.times(places, places[:1], timing, closed), expected)


@pytest.mark.parametrize("signs", ["no_left_turn", "only_straight_on"])
def test_signs_via_ways_bind_who_is_asked_for_from_the_end(signs: str) -> None:
    """A copy remembers where one came from, and backwards nobody knows: it is asked as it is driven."""
    rule = int(TurnRule.ONLY) if signs.startswith("only") else 0
    places = [(0, 0), (100, 0), (200, 0), (300, 0), (200, 100), (100, -100)]
    ends = [(0, 1), (1, 2), (2, 3), (2, 4), (5, 1), (4, 3)]
    to = 2 if rule else 3
    network = draw_streets(
        places,
        [{"u": u, "v": v, "name": f"S{k}"} for k, (u, v) in enumerate(ends)],
        signs=[([(0, True), (1, True), (to, True)], rule)],
    )
    quick, closed = with_hierarchy(network), network.no_closures()
    starts = [Snap(e, 10.0, *network.at(e, 10.0), 0.0) for e in (0, 4, 1)]
    (end,) = [Snap(3, 90.0, *network.at(3, 90.0), 0.0)]
    for travel in (Travel.EMERGENCY, Travel.PUBLIC):
        timing = quick.timing(travel, TRAVELLING)
        times = quick.times(starts, [end], timing, closed)
        assert np.array_equal(times, network.times(starts, [end], network.timing(travel, TRAVELLING), closed))
        if travel is Travel.PUBLIC:
            assert times[0, 0] > times[1, 0] + 5.0, "who came along the first street drives round"


@pytest.mark.parametrize("most", [1, 20_000])
def test_times_counted_from_weights_are_those_of_the_ways(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Posts count hours each in a search: a time is what is left of the weight, or that of the way."""
    monkeypatch.setattr("planner.streets.ways.NEARBY_STATES", most)
    network = with_hierarchy(town().network)
    timing, passed = network.timing(Travel.EMERGENCY, TRAVELLING), 0
    west, _, east, _ = network.bounds_m.T
    posts = np.flatnonzero((west < 50.0) & (east > 50.0))  # no way from side to side without one
    weights = timing.weighted(posts, 1.0, 2e4)
    for start, end, closed in town_pairs(network, 30):
        others = [other for _, other, _ in town_pairs(network, 6)]
        search = network.search(start, timing, closed, weights=weights, ends=[end, *others])
        ways = [network.find_path(start, place, timing, closed, weights) for place in (end, *others)]
        expected = [math.inf if way is None else way.time_s for way in ways]
        assert search.times_s([end, *others]).tolist() == expected
        passed += sum(bool(np.isin(way.edges, posts).any()) for way in ways if way is not None)
    assert passed >= 10


def test_by_what_is_left_to_drive_nobody_looks_for_a_way_that_has_to_pass_a_post(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left does not tell of the hours that a post counts: all streets would be looked at."""
    monkeypatch.setattr("planner.streets.desk.Desk.toward", refuse)
    monkeypatch.setattr("planner.streets.ways._POCKET_STATES", 40)  # from beyond the posts they are not seen
    network, plain = with_hierarchy(town().network), town().network
    timing, slow = (one.timing(Travel.EMERGENCY, TRAVELLING) for one in (network, plain))
    found = 0
    for outside, inside, closed in town_pairs(network, 30):
        nodes = int(network.edge_u[inside.edge]), int(network.edge_v[inside.edge])
        around = np.concatenate([network.edges_at(node) for node in nodes])
        posts = np.setdiff1d(around, [inside.edge])
        if outside.edge == inside.edge or outside.edge in posts:
            continue
        weights, slow_weights = (one.weighted(posts, 1.0, 2e4) for one in (timing, slow))
        for start, end in ((outside, inside), (inside, outside)):
            way = network.find_path(start, end, timing, closed, weights)
            other = plain.find_path(start, end, slow, closed, slow_weights)
            assert (way and way.time_s) == (other and other.time_s)
            found += way is not None
    assert found >= 20


@pytest.mark.parametrize("most", [1, 20_000])
def test_the_nearest_of_many_places_are_those_of_the_least_times(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planner.streets.ways.NEARBY_STATES", most)
    monkeypatch.setattr("planner.streets.ways.TIMES_NEARBY_M", 4000.0)
    for network in (with_hierarchy(town().network), town().network):
        timing = network.timing(Travel.PUBLIC, TRAVELLING)
        places = [end for _, end, _ in town_pairs(network, 25)]
        for start, _, closed in town_pairs(network, 12):
            times_s = network.times([start], places, timing, closed)[0]
            order = [k for k in np.argsort(times_s, kind="stable").tolist() if np.isfinite(times_s[k])]
            search = network.search(start, timing, closed)
            assert search.nearest(places, 4) == order[:4]
            assert search.nearest(places, 40) == order


def test_times_to_near_places_alone_change_no_hierarchy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.streets.ways.NEARBY_STATES", 20_000)
    monkeypatch.setattr("planner.streets.ways.TIMES_NEARBY_M", 4000.0)
    monkeypatch.setattr("planner.streets.hierarchy.Hierarchy.costs", refuse)
    network, plain = with_hierarchy(town().network), town().network
    timing, slow = (one.timing(Travel.EMERGENCY, TRAVELLING) for one in (network, plain))
    places = [end for _, end, _ in town_pairs(network, 12)]
    for start, _, closed in town_pairs(network, 12):
        found = network.times([start], places, timing, closed)
        assert np.array_equal(found, plain.times([start], places, slow, closed))
        nearest = network.search(start, timing, closed).nearest(places, 4)
        assert nearest == plain.search(start, slow, closed).nearest(places, 4)


def grid(size: int = 9) -> StreetNetwork:
    """Equal streets at right angles: between most places there are many ways, as quick to the millisecond."""
    places = [(100.0 * x, 100.0 * y) for y in range(size) for x in range(size)]
    across = [(k, k + 1) for k in range(size * size) if k % size < size - 1]
    up = [(k, k + size) for k in range(size * (size - 1))]
    return draw_streets(places, [{"u": u, "v": v} for u, v in (*across, *up)])


@pytest.mark.parametrize("travel", [Travel.EMERGENCY, Travel.PUBLIC])
def test_on_a_regular_grid_ways_cost_the_same_though_they_may_be_others_and_are_the_same_each_time(
    travel: Travel,
) -> None:
    plain = grid()
    timing = plain.timing(travel, TRAVELLING)
    pairs = town_pairs(plain, 40)

    def ways(network: StreetNetwork, order: list[int]) -> dict[int, Path | None]:
        timing = network.timing(travel, TRAVELLING)
        return {k: network.find_path(pairs[k][0], pairs[k][1], timing, pairs[k][2]) for k in order}

    forth = list(range(len(pairs)))
    slow, quick, again = (
        ways(network, order)
        for network, order in (
            (plain, forth),
            (with_hierarchy(plain), forth),
            (with_hierarchy(plain), forth[::-1]),  # what was asked before changes no way
        )
    )
    others = 0
    for k, (start, end, closed) in enumerate(pairs):
        one, other, third = slow[k], quick[k], again[k]
        if one is None or other is None or third is None:
            assert one is other is third is None
            continue
        assert other.time_s == one.time_s
        check_path(plain, other, timing, closed, start, end)
        assert np.array_equal(other.edges, third.edges)
        others += not np.array_equal(other.edges, one.edges)
    assert others, "no two ways are as quick: this is no regular grid"


def town_pairs(network: StreetNetwork, count: int) -> list[tuple[Snap, Snap, np.ndarray]]:
    """Pairs of places in the town with streets closed, the same every time."""
    rng = np.random.default_rng(7)
    edges = np.flatnonzero(network.drivable)
    pairs = []
    for _ in range(count):
        snaps = []
        for edge in rng.choice(edges, 2):
            along = float(network.length_m[edge]) * float(rng.random())
            snaps.append(Snap(int(edge), along, *network.at(int(edge), along), 0.0))
        pairs.append((snaps[0], snaps[1], rng.random(network.edge_count) < 0.05))
    return pairs


@pytest.mark.parametrize("travel", [Travel.EMERGENCY, Travel.PUBLIC])
def test_a_towns_times_equal_networkx_with_closures_and_signs(travel: Travel) -> None:
    network = with_hierarchy(town().network)
    timing, reached = network.timing(travel, TRAVELLING), 0
    for start, end, closed in town_pairs(network, 25):
        expected = PlainWays(network, travel, timing, closed).time_s(start, end)
        assert network.times([start], [end], timing, closed)[0, 0] == expected
        path = network.find_path(start, end, timing, closed)
        assert (math.inf if path is None else path.time_s) == expected
        reached += math.isfinite(expected)
    assert reached >= 10


def test_threads_that_close_other_streets_do_not_disturb_each_other() -> None:
    network = with_hierarchy(town().network)
    timing = network.timing(Travel.EMERGENCY, TRAVELLING)
    pairs = town_pairs(network, 40)

    def ask(pair: tuple[Snap, Snap, np.ndarray]) -> float:
        start, end, closed = pair
        return float(network.times([start], [end], timing, closed)[0, 0])

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(ask, pairs))
    assert together == [ask(pair) for pair in pairs]


def test_an_update_that_breaks_off_leaves_no_wrong_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    network = with_hierarchy(town().network)
    timing, plain = network.timing(Travel.EMERGENCY, TRAVELLING), town().network
    hierarchy, plain_timing = network.hierarchy, plain.timing(Travel.EMERGENCY, TRAVELLING)
    assert isinstance(hierarchy, Hierarchy)
    before, broken, after = town_pairs(network, 3)
    network.times([before[0]], [before[1]], timing, before[2])

    def break_off(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("planner.streets.hierarchy.change", break_off)
        with pytest.raises(MemoryError):
            network.times([broken[0]], [broken[1]], timing, broken[2])
    for start, end, closed in (after, broken, before):
        expected = plain.times([start], [end], plain_timing, closed)
        assert np.array_equal(network.times([start], [end], timing, closed), expected)


def test_an_order_that_is_none_of_these_streets_is_refused_or_passed_over() -> None:
    network = town().network
    order = find_order(network)
    for wrong in (order[:-1], np.zeros_like(order), order + 1):
        with pytest.raises(AreaError, match="other streets"):
            Hierarchy(network.turns, wrong)
    copy = replace(network)
    copy.use_order(order[:-1])
    assert copy.hierarchy is None


def test_a_city_keeps_its_order_with_its_pack(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    packs.write_area(town())
    assert packs.open_area("town").network.hierarchy is None
    monkeypatch.setattr("planner.streets.timed_streets.LEAST_ORDERED", 5)
    packs.write_area(town().with_streets(replace(town().network)))
    opened = packs.open_area("town").network
    assert opened.hierarchy is not None
    order = find_order(opened)
    with np.load(next((tmp_path / "areas" / "town").glob("streets-*.npz"))) as arrays:
        assert np.array_equal(arrays["order"], order)
    found = opened.find_shortcuts()
    assert isinstance(found, Kept)
    (file,) = (tmp_path / "areas" / "town").glob("shortcuts-*.npz")
    with np.load(file) as arrays:
        assert all(np.array_equal(arrays[name], getattr(found, name)) for name in found._fields)
    timing = opened.timing(Travel.PUBLIC, TRAVELLING)
    start, end, closed = town_pairs(opened, 1)[0]
    plain = town().network
    assert np.array_equal(
        opened.times([start], [end], timing, closed),
        plain.times([start], [end], plain.timing(Travel.PUBLIC, TRAVELLING), closed),
    )


def opened_town(monkeypatch: pytest.MonkeyPatch, home: FilePath) -> StreetNetwork:
    monkeypatch.setenv("PLANNER_HOME", str(home))
    monkeypatch.setattr("planner.streets.timed_streets.LEAST_ORDERED", 5)
    packs.write_area(town().with_streets(replace(town().network)))
    return packs.open_area("town").network


class Nothing(NamedTuple):
    """What a pack keeps of what was not yet kept."""


def refuse(*_: Any, **__: Any) -> None:
    raise AssertionError("worked out anew")


def test_ambulances_by_the_shipped_doctrine_find_their_weights_kept(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, plain = opened_town(monkeypatch, tmp_path), town().network
    travelling = packs.shipped_doctrine().travelling
    timing, slow = (one.timing(Travel.EMERGENCY, travelling) for one in (network, plain))
    monkeypatch.setattr("planner.streets.hierarchy.customize", refuse)
    with monkeypatch.context() as bare:
        bare.setattr("planner.streets.hierarchy.whole", refuse)  # a way with nothing closed needs no more
        start, end, closed = town_pairs(network, 1)[0]
        none = network.no_closures()
        hierarchy = network.hierarchy
        assert isinstance(hierarchy, Hierarchy)
        hierarchy.expect(timing.closing(none))
        with hierarchy.left_to(timing, np.array([0]), np.array([0])) as left:
            assert len(left.weight)
        found = network.times([start], [end], timing, none)
        assert np.array_equal(found, plain.times([start], [end], slow, none))
    for start, end, closed in town_pairs(network, 40):
        found = network.times([start], [end], timing, closed)
        assert np.array_equal(found, plain.times([start], [end], slow, closed))
    with pytest.raises(AssertionError, match="worked out anew"):  # what others drive is not kept
        network.times([start], [end], network.timing(Travel.PUBLIC, travelling), closed)


def test_by_another_doctrine_kept_weights_are_not_used(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, plain = opened_town(monkeypatch, tmp_path), town().network
    travelling = replace(packs.shipped_doctrine().travelling, turn_far_s=41.0)
    timing, slow = (one.timing(Travel.EMERGENCY, travelling) for one in (network, plain))
    for start, end, closed in town_pairs(network, 40):
        found = network.times([start], [end], timing, closed)
        assert np.array_equal(found, plain.times([start], [end], slow, closed))


@pytest.mark.parametrize("what", ["of", "weight", "far"])
def test_kept_weights_of_other_streets_are_passed_over(
    what: str, tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = opened_town(monkeypatch, tmp_path)
    travelling = packs.shipped_doctrine().travelling
    found = opened.find_shortcuts()
    assert isinstance(found, Kept)
    wrong: dict[str, Any] = {"of": found.of + np.uint8(1), "weight": found.weight[1:], "far": found.far[1:]}
    network, plain = replace(town().network), town().network
    assert opened.order is not None
    network.use_order(opened.order)
    network.keep_shortcuts(lambda: found._replace(**{what: wrong[what]}))
    timing, slow = (one.timing(Travel.EMERGENCY, travelling) for one in (network, plain))
    for start, end, closed in town_pairs(network, 20):
        times_s = network.times([start], [end], timing, closed)
        assert np.array_equal(times_s, plain.times([start], [end], slow, closed))


def test_a_pack_without_weights_is_read_and_written_with_them(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as large:
        large.setattr("planner.pack_files.MOST_WEIGHED", 0)
        opened = opened_town(large, tmp_path)
        (file,) = (tmp_path / "areas" / "town").glob("shortcuts-*.npz")
    with np.load(file) as arrays:
        assert sorted(arrays) == ["far", "parent", "start"]
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    monkeypatch.setattr("planner.streets.timed_streets.LEAST_ORDERED", 5)
    assert isinstance(opened.hierarchy, Hierarchy)
    packs.write_area(town().with_streets(opened))
    found = packs.open_area("town").network.find_shortcuts()
    assert isinstance(found, Kept)
    assert len(found.weight) == len(found.far)


def test_shortcuts_are_weighed_where_they_lie_on_disk(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    lying: list[object] = []

    def noted(turns: Turns, states: Any, kept: Kept, ms: Weighed, weight: Weighed, let_go: Any) -> Any:
        lying.extend(root_of(array) for array in (kept.far, kept.start, weight))
        let_go()
        return weigh(turns, states, kept, ms, weight, let_go)

    monkeypatch.setattr("planner.streets.timed_streets.weigh", noted)
    network = opened_town(monkeypatch, tmp_path)
    assert len(lying) == 3
    assert all(isinstance(root, mmap.mmap) for root in lying)
    files = {file.name.partition("-")[0] for file in (tmp_path / "areas" / "town").iterdir()}
    assert files == {"manifest.json", "streets", "shortcuts", *packs.TABLES}
    found = network.find_shortcuts()
    assert isinstance(found, Kept)
    timing, turns = network.timing(Travel.EMERGENCY, packs.shipped_doctrine().travelling), network.turns
    assert network.order is not None
    laid = laid_out(turns, states_in_order(turns, network.order), found)
    assert laid is not None
    weight = np.empty_like(found.weight)
    customize(laid, Parts(laid), Weights.unchanged(timing).of_all_turns(), weight)
    assert np.array_equal(found.weight, weight)


def root_of(array: Any) -> object:
    """Return what an array lies in."""
    while isinstance(array, np.ndarray | memoryview):
        array = array.base if isinstance(array, np.ndarray) else array.obj
    return array


def test_a_disk_that_is_full_while_shortcuts_are_weighed_leaves_the_area_as_it_was(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = opened_town(monkeypatch, tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("planner.pack_files._on_disk", full)
    with pytest.raises(PackError, match="No space left on device"):
        packs.write_area(town().with_streets(replace(town().network)))
    kept = before.find_shortcuts()
    again = packs.open_area("town").network.find_shortcuts()
    assert isinstance(kept, Kept)
    assert isinstance(again, Kept)
    assert all(np.array_equal(getattr(kept, name), getattr(again, name)) for name in Kept._fields)


def test_the_side_one_drives_on_is_kept_with_the_pack(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = opened_town(monkeypatch, tmp_path)
    monkeypatch.setattr("planner.streets.timed_streets.find_driving_side", refuse)
    assert network.driving_side == town().network.driving_side


def same_turns(one: Turns, other: Turns) -> bool:
    names = "state_arc", "state_node", "start", "to", "kind", "rule"
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_turns_are_kept_with_the_pack(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    network, plain = opened_town(monkeypatch, tmp_path), town().network
    turns = plain.turns
    with monkeypatch.context() as kept:
        kept.setattr("planner.streets.timed_streets.find_turns", refuse)
        assert same_turns(network.turns, turns)
        with pytest.raises(AssertionError, match="worked out anew"):  # of other streets they are not kept
            replace(network).turns  # noqa: B018


def test_in_a_pack_written_before_turns_were_kept_they_are_found(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("planner.pack_files.to_keep", lambda _: Nothing())
        network = opened_town(before, tmp_path)
    (file,) = (tmp_path / "areas" / "town").glob("streets-*.npz")
    with np.load(file) as arrays:
        assert not [name for name in arrays if name.startswith("turns")]
    assert same_turns(network.turns, town().network.turns)


@pytest.mark.parametrize("how", ["lost", "damaged", "another form"])
def test_shortcuts_of_a_pack_that_are_lost_or_damaged_are_found_anew(
    how: str, tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    monkeypatch.setattr("planner.streets.timed_streets.LEAST_ORDERED", 5)
    packs.write_area(town().with_streets(replace(town().network)))
    opened = packs.open_area("town").network
    (file,) = (tmp_path / "areas" / "town").glob("shortcuts-*.npz")
    if how == "lost":
        file.unlink()
    else:
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2] + (b"" if how == "another form" else content[:9]))
    start, end, closed = town_pairs(opened, 1)[0]
    timing, slow = (n.timing(Travel.PUBLIC, TRAVELLING) for n in (opened, town().network))
    found = opened.times([start], [end], timing, closed)
    assert np.array_equal(found, town().network.times([start], [end], slow, closed))
    assert "found anew" in caplog.text


def test_on_a_small_map_only_tables_of_many_starts_ask_the_hierarchy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.streets.timed_streets.LEAST_STREETS", 50_000)
    network, plain = with_hierarchy(town().network), town().network
    timing, slow = (one.timing(Travel.EMERGENCY, TRAVELLING) for one in (network, plain))
    hierarchy = network.hierarchy
    assert isinstance(hierarchy, Hierarchy)
    asked = []

    def keep_note(weights: Weights, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        asked.append(len(sources))
        return Hierarchy.costs(hierarchy, weights, sources, targets)

    monkeypatch.setattr(hierarchy, "costs", keep_note)
    pairs = town_pairs(network, TABLE_STARTS)
    starts, ends, closed = [pair[0] for pair in pairs], [pair[1] for pair in pairs], pairs[0][2]
    for start, end in zip(starts, ends, strict=True):
        network.find_path(start, end, timing, closed)
    network.times(starts[:-1], ends, timing, closed)
    assert not asked
    table = network.times(starts, ends, timing, closed)
    assert asked
    assert np.isfinite(table).sum() >= 20
    assert np.array_equal(table, plain.times(starts, ends, slow, closed))


def test_the_hierarchy_is_built_once_beside_other_work_and_who_asks_meanwhile_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, plain = replace(town().network), town().network
    network.use_order(find_order(network))
    built, go = [], threading.Event()

    class Slow(Hierarchy):
        def __init__(self, turns: Turns, order: Order, *kept: Any) -> None:
            built.append(threading.current_thread().name)
            assert go.wait(10)
            super().__init__(turns, order, *kept)

    monkeypatch.setattr("planner.streets.timed_streets.Hierarchy", Slow)
    for _ in range(3):
        network.begin(TRAVELLING)
    timing, slow_timing = (one.timing(Travel.PUBLIC, TRAVELLING) for one in (network, plain))
    start, end, closed = town_pairs(network, 1)[0]
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(network.times, [start], [end], timing, closed) for _ in range(2)]
        assert not wait(asked, 0.05).done
        go.set()
        for found in asked:
            assert np.array_equal(found.result(), plain.times([start], [end], slow_timing, closed))
    assert built == ["hierarchy"]
    network.make_ready(TRAVELLING)
    assert built == ["hierarchy"]


def test_nothing_is_begun_without_an_order() -> None:
    network, before = replace(town().network), threading.active_count()
    network.begin(TRAVELLING)
    assert threading.active_count() == before
    network.make_ready(TRAVELLING)
    assert network.hierarchy is None


def test_what_is_expected_is_told_beside_other_work_and_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, plain = with_hierarchy(town().network), replace(town().network)
    hierarchy, told = network.hierarchy, []
    assert isinstance(hierarchy, Hierarchy)
    customized = hierarchy._customized

    def keep_note(weights: Weights) -> object:
        told.append((threading.current_thread().name, weights.edges.tolist()))
        return customized(weights)

    monkeypatch.setattr(hierarchy, "_customized", keep_note)
    timing, slow = (one.timing(Travel.EMERGENCY, TRAVELLING) for one in (network, plain))
    (start, end, closed), (_, _, other) = town_pairs(network, 2)
    network.expect(timing, closed)
    for thread in threading.enumerate():
        if thread.name == "closures":
            thread.join(10)
    assert told == [("closures", timing.closing(closed).edges.tolist())]
    for shut in (closed, other, closed):
        assert np.array_equal(
            network.times([start], [end], timing, shut), plain.times([start], [end], slow, shut)
        )
    plain.expect(slow, closed)
    assert plain.hierarchy is None
    assert not [thread for thread in threading.enumerate() if thread.name == "closures"]
