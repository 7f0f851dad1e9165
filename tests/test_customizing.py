"""What shortcuts weigh depends on what turns weigh now, never on what was before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyroutingkit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from planner.streets.climbing import Ropes, table, ways
from planner.streets.contraction import Kept, Shortcuts, Weighed, contract, laid_out
from planner.streets.customizing import Parts, change, customize, room_for
from planner.streets.hierarchy import Hierarchy, find_order, states_in_order
from planner.streets.network import StreetNetwork
from planner.streets.search import BARRED
from planner.streets.turns import Turns
from planner.streets.weighing import weigh
from planner.terms import Travel
from tests.plain_ways import TRAVELLING
from tests.test_network import networks
from tests.town import town


def contracted(network: StreetNetwork) -> tuple[Turns, Shortcuts]:
    turns = network.turns
    states = states_in_order(turns, find_order(network))
    found = laid_out(turns, states, contract(turns, states).kept())
    assert found is not None
    return turns, found


def customized(shortcuts: Shortcuts, ms: Weighed) -> Weighed:
    weight = np.empty(len(shortcuts.far), dtype=np.uint32)
    customize(shortcuts, Parts(shortcuts), ms, weight)
    return weight


def all_ways(turns: Turns, ms: Weighed) -> NDArray[np.int64]:
    """What the best ways cost between all states, by Floyd's and Warshall's method."""
    cost = np.full((turns.state_count, turns.state_count), BARRED, dtype=np.int64)
    np.minimum.at(cost, (turns.origin, turns.to), ms.astype(np.int64))
    np.fill_diagonal(cost, 0)
    for k in range(len(cost)):
        np.minimum(cost, cost[:, k, None] + cost[k], out=cost)
    return np.minimum(cost, BARRED)


@st.composite
def weighings(draw: st.DrawFn) -> tuple[StreetNetwork, list[Weighed]]:
    """A network, and what its turns weigh one time after the other: few small numbers, so that many tie."""
    network = draw(networks())
    count = len(network.turns.to)
    numbers = st.sampled_from((0, 1, 2, 3, 7, 1000, BARRED - 1, BARRED))
    rows = st.lists(numbers, min_size=count, max_size=count).map(lambda row: np.array(row, dtype=np.uint32))
    return network, draw(st.lists(rows, min_size=2, max_size=5))


@settings(deadline=None, max_examples=60)
@given(weighings(), st.randoms(use_true_random=False))
def test_a_change_finds_what_customizing_anew_would_and_its_writing_takes_it_back(
    drawn: tuple[StreetNetwork, list[Weighed]], dice: object
) -> None:
    network, weighed = drawn
    _, shortcuts = contracted(network)
    room, ms = room_for(shortcuts), weighed[0].copy()
    weight = customized(shortcuts, ms)
    for asked in weighed[1:]:
        turns = np.flatnonzero(ms != asked)
        turns = np.array(dice.sample(turns.tolist(), len(turns)), dtype=np.int64)  # type: ignore[attr-defined]
        before, former = weight.copy(), ms[turns]
        ms = asked.copy()
        written = change(shortcuts, room, turns, former, ms, weight)
        assert np.array_equal(weight, customized(shortcuts, ms))
        assert np.array_equal(np.sort(written.shortcuts), np.flatnonzero(before != weight))
        taken_back = weight.copy()
        taken_back[written.shortcuts] = written.former
        assert np.array_equal(taken_back, before)
        assert not room.how.any()
        assert not room.waits.any()
        assert (room.place == -1).all()


@settings(deadline=None, max_examples=60)
@given(weighings())
def test_tables_and_ways_are_those_of_all_ways(drawn: tuple[StreetNetwork, list[Weighed]]) -> None:
    network, (ms, *_) = drawn
    turns, shortcuts = contracted(network)
    weight, ropes = customized(shortcuts, ms), Ropes(turns.state_count)
    cost, states = all_ways(turns, ms), np.arange(turns.state_count)
    for few in (states[:1], states[-3:], states):
        assert np.array_equal(table(shortcuts, weight, ropes, few, states), cost[few])
        assert np.array_equal(table(shortcuts, weight, ropes, states, few), cost[:, few])
    pairs = [(source, target) for source in states[:4].tolist() for target in states.tolist()]
    found = ways(shortcuts, weight, ropes, ms, pairs)
    for (source, target), way in zip(pairs, found, strict=True):
        assert (len(way) > 0) == (cost[source, target] < BARRED)
        if len(way):
            assert (way[0], way[-1]) == (source, target)
            assert ms[turns.along(way)].sum() == cost[source, target]
    mixed = pairs[::3] + pairs[::-5]  # whatever is asked with it, a way is one and the same
    assert [way.tolist() for way in ways(shortcuts, weight, ropes, ms, mixed)] == [
        found[pairs.index(pair)].tolist() for pair in mixed
    ]
    assert ways(shortcuts, weight, ropes, ms, []) == []
    assert (ropes.ms == BARRED).all()
    assert (ropes.place == -1).all()


@pytest.mark.parametrize("travel", [Travel.EMERGENCY, Travel.PUBLIC])
def test_tables_are_those_of_another_program(travel: Travel) -> None:
    network = town().network
    turns, shortcuts = contracted(network)
    timing = network.timing(travel, TRAVELLING)
    ms = timing.closing(np.arange(network.edge_count) % 9 == 4).of_all_turns()
    topology = pyroutingkit.CCHTopology()
    tail, head = turns.origin.astype(np.uint32), turns.to.astype(np.uint32)
    spot = (network.node_xy_m[turns.state_node] / 2e6).astype(np.float32)
    topology.build(tail, head, spot[:, 1], spot[:, 0], turns.state_count)
    metric = pyroutingkit.CCHMetric(topology)
    metric.customize(ms)
    states = np.arange(turns.state_count)
    few = states[::40]
    theirs = metric.distances_many_to_many(few.astype(np.uint32), states.astype(np.uint32))
    ours = table(shortcuts, customized(shortcuts, ms), Ropes(turns.state_count), few, states)
    assert np.array_equal(ours, np.asarray(theirs, dtype=np.int64).reshape(ours.shape))
    assert (ours < BARRED).mean() > 0.3


def test_a_shortcut_lies_between_two_states_only_where_a_way_over_lower_ones_does() -> None:
    turns, shortcuts = contracted(town().network)
    count, rank = turns.state_count, shortcuts.rank
    at, to = rank[turns.origin], rank[turns.to]
    lower = np.full((count, count), False)  # ways between ranks over lower ones, one rank more each time
    lower[at, to] = True
    kept = np.full((count, count), False)
    owner = np.repeat(np.arange(2 * count), np.diff(shortcuts.start)) % count
    ups = np.arange(len(owner)) < shortcuts.start[count]
    kept[np.where(ups, owner, shortcuts.far), np.where(ups, shortcuts.far, owner)] = True
    for r in range(count):
        ins, outs = np.flatnonzero(lower[:, r]), np.flatnonzero(lower[r])
        lower[np.ix_(ins[ins > r], outs[outs > r])] = True
    np.fill_diagonal(lower, False)
    assert np.array_equal(kept, lower)
    assert all((shortcuts.far > owner).tolist())
    for r in range(count):  # all of a rank's ends lie above it in the tree
        above, up = set(), int(shortcuts.parent[r])
        while up >= 0:
            above.add(up)
            up = int(shortcuts.parent[up])
        ends = np.flatnonzero(kept[r] | kept[:, r])
        assert set(ends[ends > r].tolist()) <= above


@given(weighings())
@settings(max_examples=60, deadline=None)
def test_weights_that_are_kept_are_those_that_customizing_finds(
    case: tuple[StreetNetwork, list[Weighed]],
) -> None:
    network, weighed = case
    turns, shortcuts = contracted(network)
    states = states_in_order(turns, find_order(network))
    for ms in weighed:
        weight = np.full(len(shortcuts.far), BARRED, dtype=np.uint32)
        kept = weigh(turns, states, contract(turns, states).kept(), ms, weight)
        assert np.array_equal(kept.weight, customized(shortcuts, ms))


def test_shortcuts_that_lack_one_are_refused() -> None:
    network = town().network
    _, shortcuts = contracted(network)
    ms = np.ones(len(network.turns.to), dtype=np.uint32)
    degree = np.diff(shortcuts.start)[: len(shortcuts.rank)]
    row = int(np.argmax(degree))  # a state with ways on: what it lacks is missed by those below it
    far = shortcuts.far.copy()
    far[shortcuts.start[row]] = shortcuts.far[shortcuts.start[row] + 1]
    with pytest.raises(ValueError, match="without a shortcut"):
        customized(shortcuts._replace(far=far), ms)


def test_shortcuts_of_other_turns_are_found_anew() -> None:
    network = town().network
    turns, shortcuts = contracted(network)
    order = find_order(network)
    right = Kept(shortcuts.parent, shortcuts.start, shortcuts.far)
    states, none = states_in_order(turns, order), np.empty(0, dtype=np.int32)
    wrong = [
        Kept(right.parent[:-1], right.start, right.far),
        Kept(right.parent - 1, right.start, right.far),
        right._replace(far=right.far[:-1]),
        right._replace(far=right.far.astype(np.int64)),
        right._replace(far=np.where(right.far == right.far.max(), len(states), right.far).astype(np.int32)),
        right._replace(start=right.start[::-1].copy()),
        right._replace(start=np.zeros_like(right.start), far=none),
    ]
    for kept in wrong:
        assert laid_out(turns, states, kept) is None
        made = Hierarchy(turns, order, lambda kept=kept: kept)  # type: ignore[misc]
        assert np.array_equal(made._shortcuts.far, right.far)


def test_layers_of_changes_are_taken_off_in_any_order() -> None:
    network, plain = replace(town().network), town().network
    network.use_order(find_order(network))
    timing, slow = (n.timing(Travel.EMERGENCY, TRAVELLING) for n in (network, plain))
    hierarchy = network.hierarchy
    assert isinstance(hierarchy, Hierarchy)
    states = np.arange(0, network.turns.state_count, 5)
    desk, dice = plain.desk(slow), np.random.default_rng(11)
    for _ in range(60):
        edges = np.sort(dice.choice(network.edge_count, dice.integers(0, 6), replace=False))
        factors = dice.choice([0.5, 1.0, 5.0], len(edges))
        closed = dice.random(network.edge_count) < dice.choice([0.0, 0.02, 0.4])
        asked, alone = (t.weighted(edges, factors).closing(closed) for t in (timing, slow))
        (start,) = dice.choice(states, 1)
        found = hierarchy.costs(asked, np.array([start]), states)[0]
        reached = desk.ways(alone, np.array([start]), np.array([0]), states)
        assert reached is not None
        assert np.array_equal(found, reached.cost_ms)
