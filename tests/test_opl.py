"""Ways as text: what osmium writes of them is what it shows one by one."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from osmium.osm import mutable

from planner.sources import opl
from planner.sources.noding import UNIT_DEG, Runs

PLACES = {ident: (ident % 5 * 0.0000001 - 179.9999999, ident / 7 - 1) for ident in range(1, 15)}
text = st.text(st.characters(codec="utf-8", exclude_characters="\0", max_codepoint=0xFFFFF), max_size=8)
made_ways = st.lists(
    st.tuples(st.dictionaries(text, text, max_size=4), st.lists(st.integers(-2, 20), max_size=9)), max_size=5
)


def ways_of(made: list[tuple[dict[str, str], list[int]]]) -> opl.Ways:
    """Ways of tags and nodes, of which some have no place, by way of osmium's text."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "made.osm.pbf", Path(folder) / "made.opl"
        with osmium.SimpleWriter(str(source)) as writer:
            for ident, place in PLACES.items():
                writer.add_node(mutable.Node(id=ident, location=place))
            for number, (tags, refs) in enumerate(made, 1):
                writer.add_way(
                    mutable.Way(id=number, nodes=refs, tags=tags, timestamp=f"202{number}-01-02T03:04:05Z")
                )
        things: Any = osmium.FileProcessor(str(source)).with_locations()
        with osmium.SimpleWriter(osmium.io.File(str(target), opl.FORMAT)) as writer:
            for thing in things:
                if thing.is_way():
                    writer.add_way(thing)
        return opl.read_ways(target.read_bytes())


@settings(max_examples=60, deadline=None)
@given(made_ways)
@example([({"name": "a, b=c%20%@\n\r\u2028\U0001f600", "": "%"}, [3, 99, 4]), ({}, [])])
def test_what_osmium_writes_is_read_back(made: list[tuple[dict[str, str], list[int]]]) -> None:
    ways = ways_of(made)
    assert ways.way_id.tolist() == list(range(1, len(made) + 1))
    assert [opl.read_tags(told) for told in ways.tags] == [tags for tags, _ in made]
    refs = [ref for _, listed in made for ref in listed]
    assert ways.size.tolist() == [len(listed) for _, listed in made]
    assert ways.ref.tolist() == refs
    wanted = np.array([PLACES.get(ref, (np.nan, np.nan)) for ref in refs]).reshape(-1, 2)
    found = np.rint(ways.lonlat_deg / UNIT_DEG)
    np.testing.assert_array_equal(found, np.rint(wanted / UNIT_DEG))
    assert ways.newest == (f"202{len(made)}-01-02T03:04:05Z" if made else "")


@settings(max_examples=60, deadline=None)
@given(made_ways)
def test_ways_are_parted_where_a_node_is_not_in_the_file(
    made: list[tuple[dict[str, str], list[int]]],
) -> None:
    wanted = []
    for row, (_, refs) in enumerate(made):
        for there, run in itertools.groupby(refs, key=PLACES.__contains__):
            nodes = list(run)
            if there and len(nodes) > 1:
                wanted.append((row, nodes))
    ways, rows = ways_of(made), []
    runs = ways.runs()
    parts = np.split(runs.ref, np.cumsum(runs.size))[:-1]
    rows = list(zip(runs.way.tolist(), (part.tolist() for part in parts), strict=True))
    assert rows == wanted
    assert not np.isnan(runs.lonlat_deg).any()
    assert len(runs.lonlat_deg) == len(runs.ref)


def test_of_a_key_told_twice_the_first_counts() -> None:
    assert opl.read_tags("highway=service,highway=path") == {"highway": "service"}


@pytest.mark.parametrize(("east", "kept"), [(0.5, [0, 0]), (2.5, [0, 0, 1]), (-1.0, [])])
def test_ways_that_meet_a_box_are_kept_whole(east: float, kept: list[int]) -> None:
    lonlat_deg = np.array([(0, 0), (1, 0), (5, 5), (6, 5), (2, 0), (3, 0)], dtype=np.float64)
    runs = Runs(np.array([0, 0, 1]), np.array([2, 2, 2]), np.arange(6), lonlat_deg)
    met = runs.meeting([(-2.0, -1.0, east, 1.0)])
    assert met.way.tolist() == kept
    assert met.ref.tolist() == list(range(2 * len(kept)))
    assert len(met.meeting([(-2.0, -1.0, east, 1.0)]).way) == len(kept)
