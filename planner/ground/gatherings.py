"""Where people gather, of one kind, each place once: what is to be planned for before anything happens.

A map often has one school twice: as ground and as a building or a point on it. Such entries are one place
here, and it is said which they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import Area
from planner.geo import LonLat
from planner.ground.targets import TARGET_KINDS, Target, buildings_meeting, find_target, tidy
from planner.table import Table
from planner.terms import PlaceKind

_SIDE_BY_SIDE_M = 50.0
"""Entries of one name no further apart are one place, and so are buildings without a name of their own: the
halls of one school, a point beside its building."""
_MOSTLY = 0.5
_GRAIN_M = 0.1
"""Ground thinner than this is no ground to tap on."""


@dataclass(frozen=True)
class Kind:
    """What counts as a place of one kind.

    Parameters
    ----------
    title : str
        For people, one of them.
    places : tuple of PlaceKind
    buildings : tuple of str
        Values of ``building`` that mean such a place where the map has no ground of it.
    """

    title: str
    places: tuple[PlaceKind, ...]
    buildings: tuple[str, ...] = ()


_WORSHIP = (
    *("church", "cathedral", "chapel", "basilica", "mosque", "synagogue", "temple", "shrine"),
    *("monastery", "convent"),
)

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "school": Kind("School", (PlaceKind.SCHOOL,), ("school",)),
        "kindergarten": Kind("Kindergarten", (PlaceKind.KINDERGARTEN,), ("kindergarten",)),
        "university": Kind("University or college", (PlaceKind.COLLEGE,), ("university", "college")),
        "mall": Kind("Mall", (PlaceKind.MALL,), ("mall",)),
        "supermarket": Kind("Supermarket", (PlaceKind.SUPERMARKET,), ("supermarket",)),
        "marketplace": Kind("Marketplace", (PlaceKind.MARKETPLACE,)),
        "hospital": Kind("Hospital", (PlaceKind.HOSPITAL,), ("hospital",)),
        "clinic": Kind("Clinic", (PlaceKind.CLINIC,), ("clinic",)),
        "worship": Kind("Place of worship", (PlaceKind.WORSHIP,), _WORSHIP),
        "stadium": Kind("Stadium", (PlaceKind.STADIUM,), ("stadium",)),
        "sports_centre": Kind("Sports centre", (PlaceKind.SPORTS_CENTRE,), ("sports_centre", "sports_hall")),
        "theatre": Kind("Theatre, cinema or hall", (PlaceKind.THEATRE,), ("theatre", "cinema")),
        "nightclub": Kind("Nightclub", (PlaceKind.NIGHTCLUB,)),
        "hotel": Kind("Hotel", (PlaceKind.HOTEL,), ("hotel",)),
        "library": Kind("Library", (PlaceKind.LIBRARY,), ("library",)),
        "community_centre": Kind("Community centre", (PlaceKind.COMMUNITY_CENTRE,)),
        "conference_centre": Kind("Conference centre", (PlaceKind.CONFERENCE_CENTRE,)),
        "station": Kind(
            "Station", (PlaceKind.BUS_STATION, PlaceKind.STATION), ("train_station", "transportation")
        ),
        "government": Kind(
            "Government",
            (PlaceKind.TOWNHALL, PlaceKind.COURTHOUSE, PlaceKind.GOVERNMENT_OFFICE),
            ("government", "townhall", "courthouse", "parliament"),
        ),
        "office": Kind("Office", (PlaceKind.OFFICE,)),
    }
)
"""Kinds of places that can be planned for ahead, by the name that commands and documents use."""


@dataclass(frozen=True)
class Gathering:
    """One place to plan for.

    Parameters
    ----------
    kind : str
        Of :data:`KINDS`.
    osm : str
        By which entry of the map it is known: ``w123``, type and id.
    name : str
        "" where the map has none.
    location : LonLat
        Where a tap finds it.
    also : tuple of str
        Other entries of the map that are the same place.
    notes : tuple of str
        What is to be known of how it was found.
    """

    kind: str
    osm: str
    name: str
    location: LonLat
    also: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Entry:
    """A row of the map: a place, or a building that stands for one."""

    osm_type: str
    osm_id: int
    name: str
    shape: BaseGeometry
    built: bool

    @property
    def osm(self) -> str:
        return f"{self.osm_type}{self.osm_id}"

    @property
    def is_ground(self) -> bool:
        return bool(shapely.get_dimensions(self.shape) == 2)

    @cached_property
    def middle(self) -> Point:
        return self.shape.representative_point()

    @property
    def is_wing(self) -> bool:
        return self.built and not self.name

    @property
    def told(self) -> str:
        return f"{self.name or 'unnamed'} ({self.osm})"


def count_gatherings(area: Area) -> dict[str, int]:
    """Count the entries of each kind that the map has; kinds of which it has none are left out."""
    by_place = Counter(area.places["kind"].tolist())
    by_building = Counter(area.buildings["kind"].tolist())
    counts = {
        name: sum(by_place[place] for place in kind.places) or sum(by_building[tag] for tag in kind.buildings)
        for name, kind in KINDS.items()
    }
    return {name: count for name, count in counts.items() if count}


def find_gatherings(kind: str, area: Area, max_m2: float) -> tuple[Gathering, ...]:
    """Find every place of a kind, each once, in the order of their OSM type and id.

    Parameters
    ----------
    kind : str
        Of :data:`KINDS`.
    area : Area
    max_m2 : float
        Grounds larger than this are not taken whole when tapped (``zones.target_max_m2`` of the doctrine).
    """
    entries = [*_places(KINDS[kind], area), *_lone_buildings(KINDS[kind], area)]
    groups = _grouped(entries, area, max_m2)
    found = [_gathering(kind, [entries[row] for row in group], area, max_m2) for group in groups]
    return tuple(sorted(found, key=lambda one: (one.osm[0], int(one.osm[1:]))))


# --- entries --------------------------------------------------------------------------------------


def _places(kind: Kind, area: Area) -> Iterator[_Entry]:
    yield from _entries(area.places_of(*kind.places), built=False)


def _lone_buildings(kind: Kind, area: Area) -> Iterator[_Entry]:
    """Yield buildings tagged as such a place that stand on no ground, and around no point, of any place."""
    table = area.buildings.rows(area.buildings.among("kind", kind.buildings))
    grounds = area.places_of(*TARGET_KINDS)
    for entry in _entries(table, built=True):
        near = grounds.tree.query(entry.shape, predicate="intersects")
        if not any(_stand_for(entry.shape, grounds.shapes[row]) for row in near):
            yield entry


def _stand_for(building: BaseGeometry, place: BaseGeometry) -> bool:
    """Whether a place lies in a building, or is the ground of the greater part of it."""
    if shapely.get_dimensions(place) < 2:
        return True
    shared_m2 = shapely.make_valid(place).intersection(building).area
    return bool(shared_m2 > _MOSTLY * min(building.area, place.area))


def _entries(table: Table, *, built: bool) -> Iterator[_Entry]:
    rows = zip(table["osm_type"], table["osm_id"], table["name"], table.shapes, strict=True)
    for osm_type, osm_id, name, shape in rows:
        whole = shapely.make_valid(shape)
        if shapely.get_dimensions(whole) == 2:
            whole = shapely.buffer(whole, 0)
        if not whole.is_empty:
            yield _Entry(str(osm_type), int(osm_id), tidy(name), whole, built)


# --- which entries are one place --------------------------------------------------------------------


def _grouped(entries: Sequence[_Entry], area: Area, max_m2: float) -> list[list[int]]:
    """Gather the entries that are one place, each group in their order."""
    parent = list(range(len(entries)))

    def root(row: int) -> int:
        while parent[row] != row:
            row = parent[row]
        return row

    def join(pairs: Iterable[tuple[int, int]]) -> None:
        for one, other in pairs:
            first, second = sorted((root(one), root(other)))
            parent[second] = first

    join(_on_one_ground(entries, max_m2))
    join(_of_one_target(entries, area, max_m2))
    # Wings have joined each other only: all of them go where the nearest of them belongs, and nowhere else.
    settled = {root(row) for row, entry in enumerate(entries) if not entry.is_wing}
    for beside, wing in _beside_wings(entries):
        if root(wing) not in settled:
            join([(beside, wing)])
            settled.add(root(wing))
    groups: dict[int, list[int]] = {}
    for row in range(len(entries)):
        groups.setdefault(root(row), []).append(row)
    return list(groups.values())


def _on_one_ground(entries: Sequence[_Entry], max_m2: float) -> Iterator[tuple[int, int]]:
    """Yield pairs of which one lies on the other's ground, or which stand side by side under one name."""
    if not entries:
        return
    tree = shapely.STRtree([entry.shape for entry in entries])
    for row, entry in enumerate(entries):
        for other in sorted(tree.query(entry.shape, predicate="dwithin", distance=_SIDE_BY_SIDE_M).tolist()):
            if other != row and (
                _lies_on(entry, entries[other], max_m2) or _namesakes(entry, entries[other])
            ):
                yield row, other


def _lies_on(entry: _Entry, ground: _Entry, max_m2: float) -> bool:
    """Whether an entry lies on another's ground; the faculties of a vast campus are places of their own."""
    if not ground.is_ground or ground.shape.area > max_m2:
        return False
    if not entry.is_ground:
        return bool(ground.shape.intersects(entry.middle))
    if entry.shape.area > ground.shape.area:
        return False
    return bool(entry.shape.intersection(ground.shape).area > _MOSTLY * entry.shape.area)


def _namesakes(one: _Entry, other: _Entry) -> bool:
    """Whether two entries side by side are called the same; wings are, of each other."""
    if one.is_wing or other.is_wing:
        return one.is_wing and other.is_wing
    return one.name != "" and one.name.casefold() == other.name.casefold()


def _beside_wings(entries: Sequence[_Entry]) -> Iterator[tuple[int, int]]:
    """Yield each wing, a building known by its tag alone, with the nearest place that it stands beside."""
    rows = [row for row, entry in enumerate(entries) if not entry.is_wing]
    if len(rows) in (0, len(entries)):
        return
    tree = shapely.STRtree([entries[row].shape for row in rows])
    for row, entry in enumerate(entries):
        if entry.is_wing:
            near = tree.query_nearest(entry.shape, max_distance=_SIDE_BY_SIDE_M, all_matches=True)
            if len(near):
                yield rows[int(near.min())], row


def _of_one_target(entries: Sequence[_Entry], area: Area, max_m2: float) -> Iterator[tuple[int, int]]:
    """Yield pairs of points that a tap takes for the same building or ground: two schools of one house."""
    first: dict[bytes, int] = {}
    for row, entry in enumerate(entries):
        if entry.is_ground:
            continue
        target = _tapped(entry.middle, area, max_m2).footprint_m
        known = first.setdefault(shapely.to_wkb(target), row)
        if known != row:
            yield known, row


def _tapped(point: Point, area: Area, max_m2: float) -> Target:
    return find_target(area.frame.place(point.x, point.y).rounded(), area, max_m2)


# --- one place of a group ---------------------------------------------------------------------------


def _gathering(kind: str, group: Sequence[_Entry], area: Area, max_m2: float) -> Gathering:
    lead, *others = sorted(group, key=lambda entry: _standing(entry, max_m2))
    name = next((entry.name for entry in (lead, *others) if entry.name), "")
    tap, notes = _tap(lead, area, max_m2)
    if others:
        count = words.count(len(group), "entry", "entries")
        notes = (f"{count} of the map taken as one place", *notes)
    return Gathering(
        kind=kind,
        osm=lead.osm,
        name=name,
        location=area.frame.place(tap.x, tap.y).rounded(),
        also=_told(others),
        notes=notes,
    )


def _told(others: Sequence[_Entry]) -> tuple[str, ...]:
    wings = sum(entry.is_wing for entry in others)
    named = tuple(entry.told for entry in others if not entry.is_wing)
    return (
        *named,
        *([words.count(wings, "building without a name", "buildings without names")] * (wings > 0)),
    )


def _standing(entry: _Entry, max_m2: float) -> tuple[bool, float, bool, str, int]:
    """Order entries: the largest ground that is taken whole first, then what has a name, then the oldest."""
    ground_m2 = entry.shape.area if entry.is_ground else 0.0
    return ground_m2 > max_m2, -ground_m2, entry.name == "", entry.osm_type, entry.osm_id


def _tap(lead: _Entry, area: Area, max_m2: float) -> tuple[Point, tuple[str, ...]]:
    """Choose where to tap so that this place is found, and say what else would be."""
    if not lead.is_ground:
        target = _tapped(lead.middle, area, max_m2)
        bare = target.footprint_m.geom_type == "Point"
        return lead.middle, ("The map has only a point here: no outline of building or ground",) * bare
    tap = _tap_on(lead, area)
    if lead.shape.area > max_m2:
        size = words.ground(max_m2, words.METRES)
        return tap, (f"Larger than {size}: planned around its largest building, not the whole ground",)
    target = _tapped(tap, area, max_m2)
    if target.footprint_m.intersection(lead.shape).area < _MOSTLY * lead.shape.area:
        return tap, (f"A smaller place covers it on the map, planned for instead: {target.label}",)
    return tap, ()


def _tap_on(lead: _Entry, area: Area) -> Point:
    """Return a point in the largest building of a ground, off smaller grounds, which would be found first."""
    within = lead.shape.intersection(area.extent_m)
    ground = within if within.area > 0 else lead.shape
    own = _thick(ground.difference(shapely.union_all(list(_smaller_grounds(lead, area)))))
    if own.is_empty:
        own = ground
    houses = [_thick(house.intersection(own)) for house in buildings_meeting(own, area)]
    largest = max(houses, key=lambda house: house.area, default=None)
    chosen = own if largest is None or largest.is_empty else largest
    tap: Point = max(shapely.get_parts(chosen), key=lambda part: part.area).representative_point()
    return tap


def _smaller_grounds(lead: _Entry, area: Area) -> Iterable[BaseGeometry]:
    places = area.places_of(*TARGET_KINDS)
    for row in np.sort(places.tree.query(lead.shape, predicate="intersects")):
        shape = places.shapes[row]
        if shapely.get_dimensions(shape) == 2 and shape.area < lead.shape.area:
            yield shapely.make_valid(shape)


def _thick(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a shape less their rims: a tap has to lie well inside."""
    return shapely.buffer(shape, -_GRAIN_M)
