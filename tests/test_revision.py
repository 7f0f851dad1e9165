"""What is told when a newer map comes in over an older one."""

from __future__ import annotations

import pytest

from planner import packs, revision
from planner.area import Area
from planner.model import Closure, Incident, Shape
from planner.revision import compare_areas, shifted_closures
from tests.town import Objects, town, town_objects


def built(made: Objects) -> Area:
    return made.area()


def test_same_map_has_no_revision() -> None:
    found = compare_areas(built(town_objects()), built(town_objects()))
    assert found.same
    assert (found.added, found.removed, found.changed) == ((), (), ())
    assert found.sentence().startswith("nothing changed")


def crossing() -> Objects:
    made = Objects()
    made.way([(0, 0), (100, 0)], highway="residential", name="Low Street")
    made.way([(100, 0), (200, 0)], highway="primary", name="Main Street")
    made.way([(100, 0), (100, 100)], highway="residential", name="Gone Street")
    made.rectangle(10, 10, 20, 20, building="yes")
    return made


def test_new_gone_and_changed_streets_are_told_apart() -> None:
    older, newer = crossing(), crossing()
    _, slow, gone, _ = older.ways
    added = newer.way([(0, 0), (0, 80)], highway="residential", name="New Road")
    newer.rectangle(30, 10, 40, 20, building="yes")
    refs, tags = newer.ways[slow]
    newer.ways[slow] = (refs, {**tags, "oneway": "-1"})
    del newer.ways[gone]
    found = compare_areas(built(older), built(newer))
    assert not found.same
    assert found.added == (added,)
    assert found.removed == (gone,)
    assert found.changed == (slow,)
    assert found.named == ("Gone Street", "Main Street", "New Road")
    assert (found.buildings_added, found.buildings_removed) == (1, 0)
    assert "1 way new, 1 gone, 1 changed" in found.sentence()


def test_hospitals_that_came_or_went_are_named() -> None:
    older, newer = crossing(), crossing()
    older.rectangle(50, 10, 60, 20, amenity="hospital", name="Old Infirmary")
    newer.rectangle(50, 40, 60, 50, building="yes")  # takes the id
    newer.rectangle(50, 10, 60, 20, amenity="hospital", name="New General")
    newer.rectangle(70, 10, 80, 20, amenity="hospital")
    found = compare_areas(built(older), built(newer))
    assert found.hospitals_added == ("New General", "one without a name")
    assert found.hospitals_removed == ("Old Infirmary",)
    told = "; 2 hospitals new (New General, one without a name); 1 hospital gone (Old Infirmary)"
    assert found.sentence().endswith(told)


def test_a_new_barrier_changes_a_street_and_a_street_that_joins_it_does_not() -> None:
    older, joined, barred, square = (crossing() for _ in range(4))
    for made in (older, joined, barred, square):
        made.way([(0, 200), (50, 200), (100, 200)], highway="residential", name="Long Street")
    long = max(older.ways)
    (bend,) = older.ways[long][0][1:2]
    added = joined.way([(50, 200), (50, 300)], highway="residential", name="Side Street")
    found = compare_areas(built(older), built(joined))
    assert (found.added, found.removed, found.changed) == ((added,), (), ())
    place, _ = barred.nodes[bend]
    barred.nodes[bend] = (place, {"barrier": "bollard"})
    assert compare_areas(built(older), built(barred)).changed == (long,)
    bollard = built(barred)
    barred.nodes[bend] = (place, {"barrier": "gate", "access": "no"})
    assert compare_areas(bollard, built(barred)).changed == (long,)
    refs, tags = square.ways[long]
    square.ways[long] = (refs, {**tags, "area": "yes"})
    assert compare_areas(built(older), built(square)).changed == (long,)


def test_closure_that_now_closes_another_street_is_named() -> None:
    older = town_objects()
    newer = town_objects()
    spot = newer.place(150.0, 3.0)
    before = built(older)
    snap = before.network.snap([before.frame.point_m(spot)], before.network.drivable)[0]
    assert snap is not None
    way = before.network.way_id[snap.edge]
    del newer.ways[int(way)]
    doctrine = packs.shipped_doctrine()
    here = Incident(location=spot, closures=(Closure(Shape(points=(spot,))),))
    nothing = Incident(location=spot)
    told = shifted_closures([("a", here), ("b", nothing)], before, built(newer), doctrine)
    assert told == ["a"]
    assert shifted_closures([("a", here)], before, before, doctrine) == []
    assert town().digest


def test_ways_are_compared_the_same_however_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer = town_objects(), town_objects()
    for way in sorted(newer.ways)[::3]:
        refs, tags = newer.ways[way]
        newer.ways[way] = (refs, {**tags, "lanes": "7"})
    whole = compare_areas(built(older), built(newer))
    assert len(whole.changed) > 3
    monkeypatch.setattr(revision, "_AT_ONCE", 2)
    assert compare_areas(built(older), built(newer)) == whole
