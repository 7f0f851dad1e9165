"""A small town made in code, in metres about its centre, built through the importer that real maps take.

Blocks of 100 m, Avenues (north-south) and Streets (east-west), a school on four blocks in the middle, a river
with two bridges, a motorway that crosses without meeting, and one of every oddity that real maps hold. Metres
here are metres of the area's frame (to the centimetre that OSM keeps).

    north  +half   ........ grid ........
           400     ---- Street ----
           350     ==== river ====    bridges on the avenues at x = -400 and x = 400
           300     ---- Street ----
             0         [school]       4 blocks about the centre, no street through
          -450     ==== motorway ==== two carriageways on layer 1, four ramps
    south  -half   ........ grid ........    and a ring road 500 m out, open to the north
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import osmium
from osmium.osm import mutable
from shapely.geometry import LineString, Point, Polygon

from planner.area import Area
from planner.geo import Frame, LonLat, near_deg
from planner.sources.meridian import BBox
from planner.sources.osm import Draft
from planner.sources.restrictions import read_restriction, read_unread_turns

CENTRE = LonLat(-93.0, 41.0)
DATA_DATE = "2024-05-01"
BLOCK_M = 100
RIVER_Y_M = (330.0, 370.0)
BRIDGES_X_M = (-400, 400)
MOTORWAY_Y_M = (-460.0, -440.0)
SCHOOL_M = (-90.0, -90.0, 90.0, 90.0)
RING_OUT_M = 500

XY = tuple[float, float]
Tags = dict[str, str]


@dataclass
class Objects:
    """OSM objects of a made map: write them as a file, or build an area from them directly."""

    centre: LonLat = CENTRE
    nodes: dict[int, tuple[LonLat, Tags]] = field(default_factory=dict)
    ways: dict[int, tuple[list[int], Tags]] = field(default_factory=dict)
    relations: dict[int, tuple[list[tuple[str, int, str]], Tags]] = field(default_factory=dict)
    _at: dict[XY, int] = field(default_factory=dict)

    def place(self, x_m: float, y_m: float) -> LonLat:
        """A point of the town in degrees."""
        return _frame(self.centre).place(x_m, y_m)

    def node(self, x_m: float, y_m: float, **tags: str) -> int:
        """The node at a point: the same one for the same point."""
        key = (round(float(x_m), 2), round(float(y_m), 2))
        if key not in self._at:
            self._at[key] = len(self.nodes) + 1
            self.nodes[self._at[key]] = (LonLat(0.0, 0.0), {})
        ident = self._at[key]
        self.nodes[ident][1].update(_colons(tags))
        return ident

    def lone_node(self, x_m: float, y_m: float, **tags: str) -> int:
        """A node that no way shares, wherever others lie."""
        ident = len(self.nodes) + 1
        self.nodes[ident] = (self.place(x_m, y_m), _colons(tags))
        return ident

    def way(self, points: Iterable[XY], **tags: str) -> int:
        """A way through points; equal points are shared nodes."""
        ident = 1001 + len(self.ways)
        self.ways[ident] = ([self.node(x, y) for x, y in points], _colons(tags))
        return ident

    def polygon(self, points: Iterable[XY], **tags: str) -> int:
        """A closed way on nodes of its own: ground does not share nodes with streets here."""
        ident = 1001 + len(self.ways)
        refs = [self.lone_node(x, y) for x, y in points]
        self.ways[ident] = ([*refs, refs[0]], _colons(tags))
        return ident

    def rectangle(self, west: float, south: float, east: float, north: float, **tags: str) -> int:
        """A closed way around a box."""
        return self.polygon([(west, south), (east, south), (east, north), (west, north)], **tags)

    def relation(self, members: list[tuple[str, int, str]], **tags: str) -> int:
        """A relation of (type, id, role)."""
        ident = 5001 + len(self.relations)
        self.relations[ident] = (members, _colons(tags))
        return ident

    def settle(self) -> Objects:
        """Give the shared nodes their degrees, all at once (one projection)."""
        frame = _frame(self.centre)
        keys = list(self._at)
        for key, (lon, lat) in zip(keys, frame.to_deg(keys) if keys else [], strict=True):
            ident = self._at[key]
            self.nodes[ident] = (LonLat(float(lon), float(lat)).rounded(), self.nodes[ident][1])
        return self

    def area(self, name: str = "town", bbox_deg: BBox | None = None) -> Area:
        """Build the area through the importer's pure half."""
        draft = Draft()
        for ident, (place, tags) in self.nodes.items():
            draft.add_node(ident, tags)
            if tags:
                draft.add_feature("n", ident, tags, Point(place))
        for ident, (refs, tags) in self.ways.items():
            draft.add_way(ident, [(ref, self.nodes[ref][0]) for ref in refs], tags)
            if tags.get("highway", "construction") == "construction":
                draft.add_feature("w", ident, tags, self._shape(refs, tags))
        for members, tags in self.relations.values():
            draft.add_restrictions(read_restriction(tags, members))
            draft.add_unread_turns(read_unread_turns(tags, members))
        return draft.finish(name, source="made", data_date=DATA_DATE, bbox_deg=bbox_deg)

    def _shape(self, refs: list[int], tags: Mapping[str, str]) -> LineString | Polygon:
        places = [self.nodes[ref][0] for ref in refs]
        is_line = refs[0] != refs[-1] or tags.get("barrier") == "fence"
        return LineString(places) if is_line else Polygon(places)

    def write(self, path: Path) -> Path:
        """Write the objects as a file of any format that osmium writes."""
        header = osmium.io.Header()
        header.set("osmosis_replication_timestamp", f"{DATA_DATE}T00:00:00Z")
        with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
            for ident, (place, tags) in sorted(self.nodes.items()):
                writer.add_node(mutable.Node(id=ident, version=1, location=place, tags=tags))
            for ident, (refs, tags) in sorted(self.ways.items()):
                writer.add_way(mutable.Way(id=ident, version=1, nodes=refs, tags=tags))
            for ident, (members, tags) in sorted(self.relations.items()):
                writer.add_relation(mutable.Relation(id=ident, version=1, members=members, tags=tags))
        return path


@lru_cache(maxsize=32)
def _frame(centre: LonLat) -> Frame:
    return Frame(centre)


def _colons(tags: Mapping[str, str]) -> Tags:
    """Keyword arguments to tags: ``addr__street`` is ``addr:street``, ``oneway_`` is ``oneway``."""
    return {key.rstrip("_").replace("__", ":"): value for key, value in tags.items()}


# --- the town -------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def town(
    *,
    centre: LonLat = CENTRE,
    blocks: int = 16,
    buildings: bool = True,
    hospitals: bool = True,
    river: bool = True,
    motorway: bool = True,
    footways: bool = True,
) -> Area:
    """The town as an area; the same object for the same arguments.

    Parameters
    ----------
    centre : LonLat
        Where the school stands: (0, 0) of the frame.
    blocks : int
        Blocks along each side, even, 12 at least.
    buildings, hospitals, river, motorway, footways : bool
        Leave them out to get a map that lacks them.
    """
    made = town_objects(
        centre=centre,
        blocks=blocks,
        buildings=buildings,
        hospitals=hospitals,
        river=river,
        motorway=motorway,
        footways=footways,
    )
    reach_m = blocks * BLOCK_M / 2 + RING_OUT_M
    east, north = made.place(reach_m, 0).lon_deg, made.place(0, reach_m).lat_deg
    dx, dy = near_deg(east, centre.lon_deg) - centre.lon_deg, north - centre.lat_deg
    # the same degrees on both sides, so that the centre of the box, and of the frame, is the centre given
    box = (centre.lon_deg - dx, centre.lat_deg - dy, centre.lon_deg + dx, centre.lat_deg + dy)
    return made.area(bbox_deg=box)


def town_objects(
    *,
    centre: LonLat = CENTRE,
    blocks: int = 16,
    buildings: bool = True,
    hospitals: bool = True,
    river: bool = True,
    motorway: bool = True,
    footways: bool = True,
) -> Objects:
    """The town's OSM objects, for tests that write or alter them."""
    made = Objects(centre)
    half = blocks * BLOCK_M // 2
    _add_grid(made, half, river)
    _add_ring(made, half)
    _add_oddities(made)
    _add_school(made, buildings)
    _add_ground(made, buildings)
    if river:
        _add_river(made, half)
    if motorway:
        _add_motorway(made, half)
    if hospitals:
        _add_hospital(made, buildings)
    if footways:
        _add_footways(made, river)
    if buildings:
        _add_houses(made, half)
    return made.settle()


@lru_cache(maxsize=2)
def left_hand_town() -> Area:
    """The town in a mirror, east for west: there one drives on the left, and all else is the same."""
    made = town_objects()
    made.nodes = {
        ident: (LonLat(2 * made.centre.lon_deg - place.lon_deg, place.lat_deg).rounded(), tags)
        for ident, (place, tags) in made.nodes.items()
    }
    return made.area("left_hand_town", bbox_deg=town().bbox_deg)


def _lines(half: int) -> list[int]:
    return list(range(-half, half + 1, BLOCK_M))


_EXTRA_ON_STREET = {  # junctions of service roads and oddities with the streets, by street (y) and avenue (x)
    "street": {
        -100: (-50,),
        100: (-550, -450, 50),
        200: (-550, -450, 450),
        -200: (450, 550, -450, -250),
        -300: (-650, 250),
        -400: (-150,),
    },
    "avenue": {-100: (-40, 40), 100: (-60,)},
}


def _add_grid(made: Objects, half: int, river: bool) -> None:
    """Streets and avenues, two ways each where a turn is restricted, none through the school."""
    for y in _lines(half):
        points = sorted({*_lines(half), *_EXTRA_ON_STREET["street"].get(y, ())})
        for part in _without_middle(points, y):
            for x0, x1 in _cut_at(part, (200,) if y == 200 else ()):
                made.way([(x, y) for x in part if x0 <= x <= x1], name=_street_name(y), **_street_tags(y))
    for x in _lines(half):
        points = sorted({*_lines(half), *_EXTRA_ON_STREET["avenue"].get(x, ())})
        for part in _without_middle(points, x):
            for run in _banks(part, x, river):
                for y0, y1 in _cut_at(run, (200,) if x == 200 else ()):
                    line = [(x, y) for y in run if y0 <= y <= y1]
                    made.way(line, name=_avenue_name(x), **_avenue_tags(x))
    _add_turn_restriction(made)


def _without_middle(points: list[int], at: int) -> list[list[int]]:
    if at != 0:
        return [points]
    return [[p for p in points if p <= -100], [p for p in points if p >= 100]]


def _banks(points: list[int], x: int, river: bool) -> list[list[int]]:
    """Avenues stop at the river; those with a bridge go on in ways of their own."""
    if not river or points[-1] < 400 or points[0] > 300:
        return [points]
    return [[p for p in points if p <= 300], [p for p in points if p >= 400]]


def _cut_at(points: list[int], cuts: tuple[int, ...]) -> list[tuple[int, int]]:
    marks = [points[0], *(c for c in cuts if points[0] < c < points[-1]), points[-1]]
    return list(pairwise(marks))


def _street_name(y: int) -> str:
    return "Main Street" if y == 0 else f"{'North' if y > 0 else 'South'} Street {abs(y) // BLOCK_M}"


def _avenue_name(x: int) -> str:
    return "Centre Avenue" if x == 0 else f"{'East' if x > 0 else 'West'} Avenue {abs(x) // BLOCK_M}"


def _street_tags(y: int) -> Tags:
    kind = {0: "primary", 200: "secondary", 300: "tertiary", -300: "tertiary"}.get(y, "residential")
    return {"highway": kind, "maxspeed": "35 mph" if kind == "primary" else "25 mph"}


def _avenue_tags(x: int) -> Tags:
    kind = {0: "primary", -400: "secondary", 400: "secondary"}.get(x, "residential")
    oneway = {200: "yes", 300: "-1"}.get(x)  # a oneway pair: 200 runs north, 300 south
    tags = {"highway": kind, "maxspeed": "25 mph", "lanes": "2"}
    return tags | ({"oneway": oneway} if oneway else {})


def _add_turn_restriction(made: Objects) -> None:
    """No left turn from North Street 2, eastbound, into East Avenue 2."""
    via = made.node(200, 200, highway="traffic_signals")
    west = next(
        w for w, (refs, t) in made.ways.items() if t.get("name") == "North Street 2" and refs[-1] == via
    )
    north = next(
        w for w, (refs, t) in made.ways.items() if t.get("name") == "East Avenue 2" and refs[0] == via
    )
    members = [("w", west, "from"), ("n", via, "via"), ("w", north, "to")]
    made.relation(members, type="restriction", restriction="no_left_turn")


def _add_ring(made: Objects, half: int) -> None:
    """A ring road 500 m out, open to the north, and the four roads that lead to it."""
    out = half + RING_OUT_M
    made.way(
        [(-out, 300), (-out, 0), (-out, -out), (0, -out), (out, -out), (out, 0), (out, 300)],
        highway="trunk",
        name="Ring Road",
        maxspeed="50 mph",
    )
    tags = {"highway": "primary", "ref": "CR 7", "maxspeed": "45 mph"}
    made.way([(-out, 0), (-half, 0)], **tags)
    made.way([(half, 0), (out, 0)], **tags)
    made.way([(0, -out), (0, -half)], **tags)
    made.way([(0, half), (0, out)], **tags)  # leads north off the map


def _add_oddities(made: Objects) -> None:
    """One of everything: dead end, gate, bollards, parallel edges, self-loop, plaza, private drive."""
    made.way([(-650, -300), (-650, -360)], highway="residential", name="Blind Lane")
    made.way([(-450, 100), (-450, 150), (-450, 200)], highway="service", access="private", service="driveway")
    made.node(-450, 150, barrier="gate", access="private")
    made.way([(-550, 100), (-550, 150), (-550, 200)], highway="service", service="alley")
    made.node(-550, 150, barrier="bollard")
    made.way([(500, -100), (530, -70), (570, -70), (600, -100)], highway="residential", name="Crescent")
    loop = [(600, 100), (640, 120), (640, 150), (610, 150), (600, 100)]
    made.way(loop, highway="residential", name="Loop Court")
    plaza = [(-300, -100), (-270, -100), (-270, -80), (-300, -80), (-300, -100)]
    made.way(plaza, highway="pedestrian", area="yes", name="Market Square")
    circle = [(250, -300), (262, -288), (250, -276), (238, -288), (250, -300)]
    made.way(circle, highway="residential", junction="roundabout")


def _add_school(made: Objects, buildings: bool) -> None:
    """Ground of four blocks: building, car park with an aisle, pitch, an emergency loop."""
    made.rectangle(
        *SCHOOL_M,
        amenity="school",
        name="Central School",
        addr__street="Main Street",
        addr__housenumber="1",
    )
    if buildings:
        made.rectangle(-40, -20, 50, 40, building="school", building__levels="2", name="Central School")
    made.rectangle(-85, -85, -15, -45, amenity="parking", capacity="90", surface="asphalt", access="private")
    made.way([(-50, -100), (-50, -65), (-20, -65)], highway="service", service="parking_aisle")
    made.rectangle(10, -85, 85, -40, leisure="pitch", surface="grass", sport="soccer")
    loop = [(-100, 40), (-60, 50), (60, 50), (60, -30), (-60, -30), (-100, -40)]
    made.way(loop, highway="service", service="emergency_access", emergency="designated", access="no")


def _add_ground(made: Objects, buildings: bool) -> None:
    """Everything that sites are chosen from, each in a block of its own."""
    if buildings:
        made.rectangle(410, -290, 490, -215, building="retail", height="9")
        made.rectangle(-370, 130, -340, 165, building="church", height="14", name="First Church")
        made.rectangle(-170, 130, -130, 160, building="church", name="Grace Church")
        made.rectangle(-480, -280, -430, -230, building="fire_station", building__levels="1")
        made.rectangle(-280, -280, -230, -230, building="public", building__levels="2")
        made.rectangle(610, -270, 680, -230, building="civic", building__levels="1")
    made.rectangle(405, -295, 495, -205, shop="mall", name="Town Mall")
    made.rectangle(
        505, -295, 595, -205, amenity="parking", parking="surface", capacity="240", name="Mall parking"
    )
    made.way([(550, -200), (550, -250), (520, -250)], highway="service", service="parking_aisle")
    made.way([(450, -200), (450, -210)], highway="service")
    made.rectangle(
        -380, 120, -330, 180, amenity="place_of_worship", religion="christian", name="First Church"
    )
    made.rectangle(
        -180, 120, -120, 180, amenity="place_of_worship", religion="christian", name="Grace Church"
    )
    made.rectangle(-195, -395, -105, -305, leisure="park", name="Oak Park")
    made.rectangle(205, -395, 395, -305, landuse="recreation_ground", name="Fairground", surface="grass")
    made.rectangle(605, -295, 695, -205, amenity="community_centre", name="Community Hall", capacity="300")
    made.rectangle(-495, -295, -405, -205, amenity="fire_station", name="Station 1")
    made.way([(-450, -200), (-450, -225)], highway="service", service="driveway")
    made.rectangle(-295, -295, -205, -205, amenity="police", name="Town Police")
    made.lone_node(-150, 450, amenity="library", name="North Library")
    made.rectangle(105, 505, 295, 595, leisure="sports_centre", name="North Sports Centre")
    made.rectangle(305, 505, 395, 595, amenity="parking", capacity="150")
    made.rectangle(-395, 505, -305, 595, amenity="school", name="North School")
    made.lone_node(-350, -150, amenity="fuel", name="Fuel")
    made.lone_node(-580, 420, man_made="mast", height="40")
    made.lone_node(-140, -330, natural="tree")
    made.way([(720, -780), (720, 0), (720, 780)], power="line")
    made.polygon([(-780, -780), (-610, -780), (-610, -610), (-780, -610)], natural="wood")
    made.polygon([(10, -85), (85, -85), (85, -40), (10, -40)], barrier="fence")


def _add_river(made: Objects, half: int) -> None:
    """Water from side to side, crossed by two bridges on layer 1."""
    south, north = RIVER_Y_M
    reach = half + RING_OUT_M
    made.rectangle(-reach, south, reach, north, natural="water", water="river", name="Town River")
    made.way([(-reach, 350.5), (reach, 350.5)], waterway="river", name="Town River")
    for x in BRIDGES_X_M:
        tags = {"name": _avenue_name(x), **_avenue_tags(x)}
        made.way([(x, 300), (x, 320)], **tags)
        made.way([(x, 320), (x, 380)], bridge="yes", layer="1", maxheight="14'6\"", **tags)
        made.way([(x, 380), (x, 400)], **tags)


def _add_motorway(made: Objects, half: int) -> None:
    """Two carriageways over the avenues, meeting none of them, and four ramps; traffic keeps right."""
    eastbound, westbound = MOTORWAY_Y_M
    out = half + RING_OUT_M - 50
    tags = {"highway": "motorway", "ref": "I 99", "layer": "1", "bridge": "yes", "maxspeed": "65 mph"}
    made.way([(x, eastbound) for x in (-out, 110, 390, out)], **tags)
    made.way([(x, westbound) for x in (out, 290, 10, -out)], **tags)
    ramp = {"highway": "motorway_link", "oneway": "yes", "layer": "1"}
    made.way([(110, eastbound), (200, -500)], **ramp)
    made.way([(300, -500), (390, eastbound)], **ramp)
    made.way([(290, westbound), (200, -400)], **ramp)
    made.way([(100, -400), (10, westbound)], **ramp)


def _add_hospital(made: Objects, buildings: bool) -> None:
    """A hospital with an emergency entrance on a drive of its own, and a helipad."""
    made.rectangle(
        405,
        105,
        495,
        195,
        amenity="hospital",
        name="Town General Hospital",
        emergency="yes",
        beds="120",
    )
    if buildings:
        made.rectangle(420, 120, 480, 175, building="hospital", building__levels="4")
    made.way([(450, 200), (450, 180)], highway="service", service="driveway")
    made.lone_node(450, 178, emergency="emergency_ward_entrance", name="Emergency")
    made.lone_node(412, 112, aeroway="helipad")


def _add_footways(made: Objects, river: bool) -> None:
    """Paths through the school ground and the park, steps, and a path along the river."""
    made.way([(50, 100), (50, 70), (0, 70)], highway="footway", name="School Walk")
    made.way([(100, -60), (70, -60)], highway="footway", foot="yes")
    made.way([(-150, -400), (-150, -350)], highway="path")
    made.way([(-250, -200), (-250, -230)], highway="steps")
    if river:
        made.way([(-400, 320), (0, 322), (400, 320)], highway="path", name="River Path")


_OCCUPIED = (  # boxes with no houses: school, mall, hospital, church ...
    (-100, -100, 100, 100),
    (400, -300, 700, -200),
    (400, 100, 500, 200),
    (-400, 100, -300, 200),
    (-200, 100, -100, 200),
    (-200, -400, -100, -300),
    (200, -400, 400, -300),
    (-500, -300, -400, -200),
    (-300, -300, -200, -200),
    (100, 500, 400, 600),
    (-400, 500, -300, 600),
    (500, -100, 600, 0),
    (-10_000, 300, 10_000, 400),
    (-10_000, -500, 10_000, -400),
)


def _add_houses(made: Objects, half: int) -> None:
    """Four houses in every block that has room for them, some with levels, some without."""
    centres = range(-half + BLOCK_M // 2, half, BLOCK_M)
    for x in centres:
        for y in centres:
            if any(w <= x <= e and s <= y <= n for w, s, e, n in _OCCUPIED):
                continue
            for i, (dx, dy) in enumerate(((-25, -25), (25, -25), (25, 25), (-25, 25))):
                tags = {"building": "house"} | ({"building:levels": "2"} if i % 2 else {})
                made.rectangle(x + dx - 9, y + dy - 6, x + dx + 9, y + dy + 6, **tags)
