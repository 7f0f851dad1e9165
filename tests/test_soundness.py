"""A pack is a file handed from car to car: whatever its values are, it opens to a map or is refused."""

from __future__ import annotations

import copy
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import intake, pack_files, packs
from planner.area import Area
from planner.errors import PackError, SourceError
from planner.model import Incident
from planner.plan import make_plan
from planner.soundness import check_values
from planner.sources.digest import digest_of
from planner.streets.network import StreetNetwork
from planner.streets.street_arrays import _cuts
from planner.streets.turns import U_TURN, to_keep
from planner.streets.unread import UnreadRules
from planner.table import Table
from planner.terms import ThreatName
from tests.town import CENTRE, town

INCIDENT = Incident(location=CENTRE, threat=ThreatName.KNIFE)
STREET_ARRAYS = [field.name for field in fields(StreetNetwork) if field.name != "names"]


@lru_cache(maxsize=1)
def sound() -> Area:
    ids = np.sort(town().network.way_id[:3])
    unread = UnreadRules(ids, ids[:1], town().network.node_id[:2], np.array([[ids[0], ids[1]]]))
    return own_digest(replace(town(), name="handed", unread=unread))


def own_digest(area: Area) -> Area:
    return replace(area, digest=digest_of(area)).with_streets(area.network)


def with_array(area: Area, name: str, value: Any) -> Area:
    """Return an area whose streets hold what no street array may: as a file does, not as one is born."""
    network = copy.copy(area.network)
    object.__setattr__(network, name, value)
    return area.with_streets(network)


def handed(area: Area, folder: Path) -> Path:
    """Write a pack as a hostile hand would: its digests are right, whatever it holds."""
    packs.write_area(area)
    file = folder / f"handed{intake.PACK_SUFFIX}"
    with zipfile.ZipFile(file, "w") as out:
        for part in (folder / "home" / "areas" / area.name).iterdir():
            out.write(part, part.name)
    return file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path / "home"))
    return tmp_path


def refused(area: Area, folder: Path) -> str:
    """Hand a pack over to where an older one is; return why it was refused, the old one untouched."""
    packs.write_area(replace(town(), name="here"))
    before = {path.name: path.read_bytes() for path in (folder / "home" / "areas" / "here").iterdir()}
    with pytest.raises(PackError) as caught:
        intake.read_pack_file(handed(area, folder), "here")
    assert "Copy it again, or export the area anew" in caught.value.remedy
    assert before == {path.name: path.read_bytes() for path in (folder / "home" / "areas" / "here").iterdir()}
    return caught.value.message


def test_every_area_that_is_read_is_sound() -> None:
    for name in packs.SHIPPED:
        check_values(packs.open_area(name))
    check_values(sound())


def test_a_sound_pack_is_taken_in_as_it_is(folder: Path) -> None:
    came = intake.read_pack_file(handed(sound(), folder), "came")
    assert came.digest == sound().digest
    assert same_streets(came, sound())
    assert make_plan(INCIDENT, replace(came, name="handed"), packs.shipped_doctrine()) == make_plan(
        INCIDENT, sound(), packs.shipped_doctrine()
    )


def same_streets(one: Area, other: Area) -> bool:
    return all(
        getattr(one.network, name).tobytes() == getattr(other.network, name).tobytes()
        for name in STREET_ARRAYS
    )


# --- taking it in ---------------------------------------------------------------------------------


def unpacking(folder: Path) -> list[Path]:
    return list((folder / "home" / "unpacking").iterdir())


def test_a_pack_is_unpacked_beside_the_others_and_what_was_left_there_is_cleared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "nowhere"))
    file = handed(sound(), folder)
    for name, age_s in (("old", 90_000.0), ("other", 60.0)):
        left = folder / "home" / "unpacking" / name
        left.mkdir(parents=True)
        os.utime(left, (time.time() - age_s, time.time() - age_s))
    intake.read_pack_file(file, "came")
    assert [left.name for left in unpacking(folder)] == ["other"], "it may be at it still"


def test_a_disk_that_is_full_is_not_taken_for_a_broken_pack(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = handed(sound(), folder)
    real = Path.open

    def full(path: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        to_disk = "unpacking" in path.parts and mode == "wb"
        return real(Path("/dev/full") if to_disk else path, mode, *more, **named)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(PackError, match=r"cannot be unpacked in .*No space left on device") as caught:
        intake.read_pack_file(file, "came")
    assert "disk is not full" in caught.value.remedy
    assert unpacking(folder) == []


def test_a_home_that_is_none_and_a_file_that_is_not_there_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = handed(sound(), folder)
    with pytest.raises(SourceError, match=r"gone\.area\.zip cannot be read \(No such file"):
        intake.read_pack_file(folder / "gone.area.zip", "came")
    monkeypatch.setenv("PLANNER_HOME", str(file))
    with pytest.raises(PackError, match=r"handed\.area\.zip cannot be unpacked in"):
        intake.read_pack_file(file, "came")


def test_taking_in_tells_how_far_it_is_and_hears_that_it_is_stopped_till_all_is_written(folder: Path) -> None:
    file = handed(sound(), folder)
    written = folder / "home" / "areas" / "came" / packs.MANIFEST
    told: list[tuple[float, bool]] = []
    intake.read_pack_file(file, "came", progress=lambda share, _: told.append((share, written.is_file())))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert [there for _, there in told] == [False] * (len(told) - 1) + [True]
    before = written.read_bytes()
    other = handed(CHANGES[0](sound()), folder)
    for steps in range(len(told) - 1):
        left = iter(range(steps))

        def stop(_share: float, _text: str, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise SourceError("it was stopped", "Import it again")

        with pytest.raises(SourceError, match="it was stopped"):
            intake.read_pack_file(other, "came", progress=stop)
        assert written.read_bytes() == before
        assert unpacking(folder) == []


# --- the digest -----------------------------------------------------------------------------------


def shown_in_part(area: Area) -> Area:
    west, south, east, north = area.bbox_deg
    return replace(area, outline_deg=shapely.box(west, south, (west + east) / 2, north))


CHANGES: list[Callable[[Area], Area]] = [
    lambda a: with_array(a, "oneway", np.ones_like(a.network.oneway)),
    lambda a: with_array(a, "names", (*a.network.names[:-1], "Other Street")),
    lambda a: first(a, "buildings", "height_m", 99.0),
    lambda a: first(a, "places", "name", "Other School"),
    lambda a: placed(a, "obstacles", shapely.Point(1, 2)),
    lambda a: replace(a, unread=None),
    shown_in_part,
]


@pytest.mark.parametrize("change", CHANGES)
def test_another_map_that_says_it_is_the_one_that_is_here_is_told_from_it(
    folder: Path, change: Callable[[Area], Area]
) -> None:
    here = intake.read_pack_file(handed(sound(), folder), "here")
    other = change(sound())
    assert other.digest == here.digest, "so it says"
    came = intake.read_pack_file(handed(other, folder), "here")
    assert came.digest == digest_of(came) != here.digest
    assert packs.read_manifest("here")["digest"] == came.digest
    assert "nothing changed" not in " ".join(intake.arrival_lines(came, here))


def test_what_a_map_holds_gives_the_digest_that_it_was_read_with() -> None:
    for name in packs.SHIPPED:
        area = packs.open_area(name)
        assert digest_of(area) == area.digest
    assert digest_of(town()) == town().digest


# --- streets --------------------------------------------------------------------------------------

WORST: dict[str, list[Any]] = {
    "i": [-(2**63), 2**63 - 1, -(2**31), 2**31, -128, 127, -2, -1, 0, 1, 2],
    "u": [0, 1, 3, 4, 9, 19, 100, 254, 255],
    "f": [np.nan, np.inf, -np.inf, -1.0, 0.0, -0.0, 5e-324, 1e-9, 1.0, 1e7, 3e7, 1e300],
    "b": [0, 1, 2, 255],
}


def spoilt(data: st.DataObject, array: Any) -> Any:
    """Set a value of an array, or several in a row, to one that its bytes can hold."""
    value = array.copy()
    flat = value.reshape(-1)
    kind = value.dtype.kind
    flat = flat.view(np.uint8) if kind == "b" else flat
    at = data.draw(st.integers(0, len(flat) - 1), label="at")
    until = at + data.draw(st.sampled_from([1, 1, 2, len(flat)]), label="values")
    fit = [worst for worst in WORST[kind] if kind != "i" or _holds(value.dtype, worst)]
    near = [] if kind in "bf" else [int(flat[at]) + step for step in (-1, 1)]
    fit += [worst for worst in near if _holds(value.dtype, worst)]
    flat[at:until] = data.draw(st.sampled_from(fit), label="value")
    return value


def _holds(dtype: np.dtype[Any], number: int) -> bool:
    return np.iinfo(dtype).min <= number <= np.iinfo(dtype).max


@settings(
    deadline=None,
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_value_of_any_street_array_is_a_map_or_is_refused(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(STREET_ARRAYS), label="array")
    area = with_array(sound(), name, spoilt(data, getattr(sound().network, name)))
    file = handed(area, folder)
    try:
        came = intake.read_pack_file(file, "came")
    except PackError:
        return
    assert same_streets(came, area)
    make_plan(INCIDENT, came, packs.shipped_doctrine())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda n: {"maxspeed_kmh": np.where(n.way_id > 0, -30.0, 0)}, "maxspeed_kmh holds a value that no"),
        (lambda n: {"width_m": np.full(n.edge_count, np.inf)}, "width_m holds a value that no street has"),
        (lambda n: {"oneway": np.full(n.edge_count, 2, dtype=np.int8)}, "oneway holds a value"),
        (lambda n: {"bridge": np.full(n.edge_count, 7, dtype=np.uint8).view(bool)}, "bridge holds a value"),
        (lambda n: {"edge_u": n.edge_u.astype(">i8")}, "edge_u is of another form: >i8"),
        (lambda n: {"edge_u": n.edge_u.astype(np.int16)}, "edge_u is of another form: int16"),
        (lambda n: {"names": (7, *n.names[1:])}, "name that is no text"),
        (lambda n: {"names": ("\ud800", *n.names[1:])}, "name that is no text"),
        (lambda n: {"names": ("x", *n.names[1:])}, "names are not each there once"),
        (lambda n: {"node_id": np.full(n.node_count, 7)}, "two junctions are the same node"),
        (lambda n: {"shape_xy_m": n.shape_xy_m + 1.0}, "ends elsewhere than at its junction"),
        (lambda n: {"shape_node": n.shape_node + 1}, "ends elsewhere than at its junction"),
        (lambda n: {"node_xy_m": n.node_xy_m * 1e9}, "lies nowhere on the globe"),
        (lambda n: {"restriction_ahead": ~n.restriction_ahead}, "names streets that do not meet"),
    ],
)
def test_streets_that_no_map_has_are_told(
    folder: Path, change: Callable[[StreetNetwork], dict[str, Any]], told: str
) -> None:
    area = sound()
    for name, value in change(area.network).items():
        area = with_array(area, name, value)
    assert told in refused(area, folder)


def test_turns_of_a_pack_from_elsewhere_are_found_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.streets.timed_streets.LEAST_ORDERED", 5)
    with monkeypatch.context() as hostile:
        kept = to_keep(sound().network.turns)
        hostile.setattr(pack_files, "to_keep", lambda _: kept._replace(kind=np.full_like(kept.kind, U_TURN)))
        file = handed(sound().with_streets(replace(sound().network)), folder)
    assert (packs.open_area("handed").network.turns.kind == U_TURN).all()  # it is what it says
    came = intake.read_pack_file(file, "came")
    assert np.array_equal(came.network.turns.kind, kept.kind)


def test_differences_that_wrap_cut_no_shapes() -> None:
    assert _cuts(np.array([0, 2, 5, 8]), 8)
    assert not _cuts(np.array([0, 2**63 - 1, -2, 8]), 8)


def ordered(order: Any) -> Area:
    """Return the area with streets to be searched by an order, whatever it is."""
    network = replace(sound().network)
    network.use_order(order)
    return sound().with_streets(network)


def test_an_order_that_was_handed_over_is_found_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.streets.timed_streets.LEAST_ORDERED", 1)
    own = replace(sound().network).find_order()
    assert own is not None
    came = intake.read_pack_file(handed(ordered(own[::-1].copy()), folder), "came")
    assert came.network.order is not None
    assert came.network.order.tolist() == own.tolist()
    assert packs.open_area("came").network.order.tolist() == own.tolist()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [lambda own: own[:-1], lambda own: own.astype(np.int64), lambda own: np.full_like(own, len(own))],
)
def test_an_order_of_other_streets_is_refused(folder: Path, change: Callable[[Any], Any]) -> None:
    order = np.arange(sound().network.edge_count, dtype=np.uint32)
    with pytest.MonkeyPatch.context() as patch:  # whoever writes an order of other streets has no shortcuts
        patch.setattr(StreetNetwork, "may_be_ordered", False)
        assert "cannot be understood" in refused(ordered(change(order)), folder)


# --- tables and the rest --------------------------------------------------------------------------


def with_rows(area: Area, table: str, **columns: Any) -> Area:
    own = getattr(area, table)
    shapes = columns.pop("shapes", own.shapes)
    changed: dict[str, Any] = {table: Table({**own.columns, **columns}, shapes)}
    return replace(area, **changed)


def first(area: Area, table: str, column: str, value: Any) -> Area:
    changed = getattr(area, table)[column].copy()
    changed[0] = value
    return with_rows(area, table, **{column: changed})


def placed(area: Area, table: str, shape: Any) -> Area:
    shapes = getattr(area, table).shapes.copy()
    shapes[0] = shape
    return with_rows(area, table, shapes=shapes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda a: first(a, "buildings", "height_m", -4.0), "height_m of its buildings is less than nothing"),
        (lambda a: first(a, "buildings", "height_m", np.inf), "height_m of its buildings is less"),
        (lambda a: first(a, "places", "capacity", -1.0), "capacity of its places is less than nothing"),
        (
            lambda a: first(a, "places", "kind", "volcano"),
            "kind of its places is of a kind that means nothing",
        ),
        (lambda a: first(a, "obstacles", "kind", "moat"), "kind of its obstacles is of a kind"),
        (lambda a: first(a, "places", "name", None), "name of its places is no text"),
        (lambda a: first(a, "buildings", "osm_type", "x"), "osm_type of its buildings is neither"),
        (lambda a: with_rows(a, "places", beds=a.places["name"]), "beds of its places is no number"),
        (lambda a: with_rows(a, "places", osm_id=a.places["osm_id"] + 0.5), "osm_id of its places is no"),
        (lambda a: with_rows(a, "places", name=a.places["osm_id"]), "name of its places is no text"),
        (lambda a: placed(a, "buildings", shapely.Point(0, 0)), "one of its buildings has no ground"),
        (lambda a: placed(a, "places", shapely.Point()), "one of its places has no ground, or no place"),
        (lambda a: placed(a, "obstacles", shapely.Point(np.nan, 1)), "one of its obstacles lies nowhere"),
        (lambda a: placed(a, "obstacles", shapely.Point(1e9, 1)), "one of its obstacles lies nowhere"),
        (lambda a: replace(a, bbox_deg=(-100.0, 41.0, -80.0, 42.0)), "bounding box is none of an area"),
        (lambda a: replace(a, bbox_deg=(1.0, 41.0, 2.0, 42.0)), "centre lies outside its bounding box"),
        (lambda a: replace(a, outline_deg=shapely.box(0, 0, 1, 1)), "the ground that it shows is none"),
    ],
)
def test_what_no_map_has_is_told(folder: Path, change: Callable[[Area], Area], told: str) -> None:
    assert told in refused(change(sound()), folder)


def test_more_rows_than_a_file_can_hold_are_not_read(folder: Path) -> None:
    many = replace(sound(), obstacles=sound().obstacles.rows(np.zeros(300_000, dtype=np.int64)))
    assert "cannot be understood" in refused(many, folder)


def test_one_large_shape_in_each_row_is_not_read(folder: Path) -> None:
    many = sound().obstacles.rows(np.zeros(500, dtype=np.int64))
    line = shapely.LineString(np.zeros((20_000, 2)))
    large = replace(sound(), obstacles=Table(many.columns, np.full(len(many), line, dtype=object)))
    assert "cannot be understood" in refused(large, folder)


NUMBERS = [("buildings", "height_m"), ("buildings", "levels"), ("buildings", "min_height_m")]
NUMBERS += [("places", "capacity"), ("places", "beds"), ("obstacles", "height_m")]


@settings(
    deadline=None,
    max_examples=12,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_number_of_any_table_is_planned_with_or_is_refused(folder: Path, data: st.DataObject) -> None:
    table, column = data.draw(st.sampled_from(NUMBERS), label="column")
    values = spoilt(data, getattr(sound(), table)[column])
    file = handed(with_rows(sound(), table, **{column: values}), folder)
    try:
        came = intake.read_pack_file(file, "came")
    except PackError:
        return
    assert np.array_equal(getattr(came, table)[column], values, equal_nan=True)
    make_plan(INCIDENT, came, packs.shipped_doctrine())
