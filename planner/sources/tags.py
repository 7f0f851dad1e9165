"""What single OpenStreetMap tags mean: text to numbers, codes and kinds. Pure; knows nothing of geometry.

Meanings are those of the OSM wiki (keys *access*, *oneway*, *maxspeed*, *maxheight*, *barrier*, *layer*).
Whatever cannot be understood becomes "unknown" (NaN, 0 or "unset"), never a guess.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from planner.terms import Access, Barrier, ObstacleKind, Parked, PlaceKind, RoadClass, Service, Unread

FEET_M = 0.3048
INCH_M = 0.0254
MILE_KM = 1.609344
KNOT_KMH = 1.852
_MOST = 1e7
"""No length in metres, speed or number of things is larger: what says so is a slip of the hand, or worse."""


class Tags(Protocol):
    """What is asked of tags: a dict has it, and so has osmium's tag list while its object lives."""

    def get(self, key: str, default: str, /) -> str:
        """Return the value of a key, or the default."""
        ...  # pragma: no cover - a protocol has no body


# --- numbers --------------------------------------------------------------------------------------

_NUMBER = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?)\s*([a-zA-Z/'\"′″]*)")
_FEET_INCHES = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s*(?:'|′|ft|feet)\s*(?:(\d+(?:\.\d+)?)\s*(?:\"|″|''|in)?)?\s*$"
)
_LENGTH_UNITS_M = {
    "": 1.0,
    "m": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "cm": 0.01,
    "km": 1000.0,
    "in": INCH_M,
    '"': INCH_M,
    "″": INCH_M,
    "yd": 0.9144,
}
_SPEED_UNITS_KMH = {"": 1.0, "kmh": 1.0, "km/h": 1.0, "kph": 1.0, "mph": MILE_KM, "knots": KNOT_KMH}


def length_m(text: str) -> float:
    r"""Read a width or height: ``"3.5"``, ``"3,5 m"``, ``"12'6\""``, ``"10 ft"``.

    Returns
    -------
    float
        Metres; NaN where there is no length above zero to read.
    """
    if not text:
        return math.nan
    feet = _FEET_INCHES.match(text)
    if feet:
        return _positive(float(feet[1]) * FEET_M + float(feet[2] or 0) * INCH_M)
    number = _NUMBER.match(text)
    if number is None or number[2].lower() not in _LENGTH_UNITS_M:
        return math.nan
    return _positive(float(number[1].replace(",", ".")) * _LENGTH_UNITS_M[number[2].lower()])


def speed_kmh(text: str) -> float:
    """Read a speed limit: ``"50"``, ``"30 mph"``, the lowest of ``"50;30"``.

    Returns
    -------
    float
        Kilometres an hour; NaN for ``none``, ``signals``, ``DE:urban`` and all that has no number of its own,
        so that the road's class decides.
    """
    speeds = [_one_speed_kmh(part) for part in text.split(";")]
    known = [speed for speed in speeds if not math.isnan(speed)]
    return min(known, default=math.nan)


def _one_speed_kmh(text: str) -> float:
    number = _NUMBER.fullmatch(text.rstrip())
    if number is None or number[2].lower() not in _SPEED_UNITS_KMH:
        return math.nan
    return _positive(float(number[1].replace(",", ".")) * _SPEED_UNITS_KMH[number[2].lower()])


def count(text: str) -> float:
    """Read a number of things (levels, beds, spaces); the largest of ``"2;3"``; NaN where there is none."""
    if not text:
        return math.nan
    numbers = [_NUMBER.fullmatch(part.rstrip()) for part in text.split(";")]
    known = [float(n[1].replace(",", ".")) for n in numbers if n is not None and not n[2]]
    return max((k for k in known if 0 <= k <= _MOST), default=math.nan)


def lanes(text: str) -> int:
    """Read a number of lanes; 0 where unknown."""
    number = count(text)
    return 0 if math.isnan(number) else min(int(number), 255)


def layer(text: str, default: int) -> int:
    """Read a layer from -100 to 100, the first of several; the default where it is no number."""
    number = _NUMBER.match(text) if text else None
    if number is None:
        return default
    return int(max(-100.0, min(100.0, float(number[1].replace(",", ".")))))


def _positive(value: float) -> float:
    return value if 0 < value <= _MOST else math.nan


# --- access ---------------------------------------------------------------------------------------

_ACCESS = {
    **dict.fromkeys(("yes", "permissive", "designated", "official", "public", "discouraged"), Access.YES),
    "private": Access.PRIVATE,
    **dict.fromkeys(("destination", "customers", "delivery", "visitors"), Access.DESTINATION),
    **dict.fromkeys(("permit", "residents", "employees", "students"), Access.PERMIT),
    **dict.fromkeys(("no", "emergency", "agricultural", "forestry", "military", "use_sidepath"), Access.NO),
}


def fold_access(tags: Tags, keys: tuple[str, ...]) -> Access:
    """Return what the most particular of the given keys says that says anything we know.

    Parameters
    ----------
    tags : Tags
    keys : tuple of str
        From the most particular to the most general, for example ``MOTOR_KEYS``.
    """
    for key in keys:
        value = tags.get(key, "")
        if value:
            known = _ACCESS.get(value) or _ACCESS.get(value.split(";")[0].strip())
            if known is not None:
                return known
    return Access.UNSET


MOTOR_KEYS = ("motor_vehicle", "vehicle", "access")
FOOT_KEYS = ("foot", "access")
_EMERGENCY = {"yes": 1, "designated": 1, "official": 1, "no": -1}


# --- streets --------------------------------------------------------------------------------------

_ROAD = {road.name.lower(): road for road in RoadClass}
ROADS = frozenset(_ROAD)
"""Values of ``highway`` that are streets of the classes that the planner knows."""
_SERVICE = {
    "driveway": Service.DRIVEWAY,
    "parking_aisle": Service.PARKING_AISLE,
    "alley": Service.ALLEY,
    "emergency_access": Service.EMERGENCY_ACCESS,
    "drive-through": Service.DRIVE_THROUGH,
    "drive_through": Service.DRIVE_THROUGH,
}
_ONEWAY = {"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1}
# A passage through a building and a gallery against avalanches run on the ground: they are no tunnels here,
# or a way under an arch would count as passing below the zone.
_NOT_UNDERGROUND = frozenset({"", "no", "building_passage", "avalanche_protector"})


class Street(NamedTuple):
    """What the tags of one way say of the street; columns of the street network."""

    road_class: int
    service: int
    access: int
    foot_access: int
    emergency: int
    oneway: int
    layer: int
    bridge: bool
    tunnel: bool
    area_way: bool
    roundabout: bool
    lanes: int
    width_m: float
    maxspeed_kmh: float
    maxheight_m: float
    maxwidth_m: float
    parked: int
    works: bool
    unread: int
    name: str


def read_street(tags: Tags) -> Street | None:
    """Read a way's tags; None when it is no street of the classes that the planner knows.

    ``highway=proposed``, ``construction``, ``platform``, ``raceway`` and the like are no streets; one that is
    built while traffic runs (``construction=yes``, ``minor``, ``widening``) is.
    """
    road = _ROAD.get(tags.get("highway", ""))
    if road is None:
        return None
    bridge = tags.get("bridge", "no") != "no"
    tunnel = tags.get("tunnel", "") not in _NOT_UNDERGROUND
    roundabout = tags.get("junction", "") in ("roundabout", "circular")
    return Street(
        road_class=road,
        service=_service(tags) if road is RoadClass.SERVICE else Service.NONE,
        access=fold_access(tags, MOTOR_KEYS),
        foot_access=_foot_access(tags),
        emergency=_EMERGENCY.get(tags.get("emergency", ""), 0),
        oneway=_oneway(tags, roundabout or road is RoadClass.MOTORWAY),
        layer=layer(tags.get("layer", ""), 1 if bridge else -1 if tunnel else 0),
        bridge=bridge,
        tunnel=tunnel,
        area_way=tags.get("area", "") == "yes",
        roundabout=roundabout,
        lanes=lanes(tags.get("lanes", "")),
        width_m=length_m(tags.get("width", "")),
        maxspeed_kmh=_maxspeed(tags),
        maxheight_m=length_m(tags.get("maxheight", "") or tags.get("maxheight:physical", "")),
        maxwidth_m=_narrower(length_m(tags.get("maxwidth", "")), length_m(tags.get("maxwidth:physical", ""))),
        parked=_parked(tags),
        works=tags.get("construction", "no") != "no",
        unread=_unread(tags),
        name=_street_name(tags),
    )


@lru_cache(maxsize=1 << 13)
def _street_told(told: tuple[tuple[str, str], ...]) -> Street | None:
    return read_street(dict(told))


def read_street_again(tags: Mapping[str, str]) -> Street | None:
    """Read a way's tags as :func:`read_street` does, those that differ in names alone only once."""
    street = _street_told(tuple([tag for tag in tags.items() if tag[0] in _STREET_KEYS]))
    return None if street is None else Street(*street[:-1], name=_street_name(tags))


def _street_name(tags: Tags) -> str:
    return tags.get("name", "") or tags.get("ref", "")


def _narrower(one_m: float, other_m: float) -> float:
    """Return the lesser of two lengths, of which either may be unknown."""
    return min((m for m in (one_m, other_m) if not math.isnan(m)), default=math.nan)


# Where cars stand on the carriageway; in bays beside it, on the kerb or on ground of their own they leave it
# free. The first scheme is that of 2022 (``parking:right=lane``), the second the older one
# (``parking:lane:right=parallel``, ``parking:lane:right:parallel=street_side``).
_SIDES = ("left", "right", "both")
_STANDS = {"lane": True, "half_on_kerb": True, "yes": True, "shoulder": False, "street_side": False}
_STANDS |= {"on_kerb": False, "no": False}
_STOOD = {"parallel": True, "diagonal": True, "perpendicular": True, "marked": True, "yes": True}
_STOOD |= dict.fromkeys(("no", "no_parking", "no_stopping", "no_standing", "fire_lane"), False)
_STOOD_ASIDE = frozenset({"on_kerb", "street_side", "lay_by", "shoulder"})


# Rules that hold at times (``no @ (Mo-Fr 07:00-09:00)``) or under conditions (``60 @ wet``): a plan knows
# neither, so none is planned with, and that there is one is told.
_WAYS_ALONG = ("", ":forward", ":backward")
_UNREAD_PASSAGE, _UNREAD_SPEED = (
    tuple(f"{key}{along}:conditional" for key in keys for along in _WAYS_ALONG)
    for keys in (
        (*MOTOR_KEYS, "motorcar", "emergency", "oneway", "oneway:motor_vehicle", "maxheight", "maxwidth"),
        ("maxspeed", "maxspeed:motorcar"),
    )
)


def _unread(tags: Tags) -> Unread:
    if any(tags.get(key, "") for key in _UNREAD_PASSAGE):
        return Unread.PASSAGE
    return Unread.SPEED if any(tags.get(key, "") for key in _UNREAD_SPEED) else Unread.NONE


_STREET_KEYS = frozenset(
    {
        *("highway", "service", "junction", "area", "layer", "bridge", "tunnel", "construction"),
        *(*MOTOR_KEYS, *FOOT_KEYS, "motorroad", "emergency", "oneway", "oneway:motor_vehicle"),
        *("lanes", "width", "maxspeed", "maxspeed:forward"),
        *("maxheight", "maxheight:physical", "maxwidth", "maxwidth:physical"),
        *(f"parking:{side}" for side in _SIDES),
        *(f"parking:lane:{side}" for side in _SIDES),
        *(f"parking:lane:{side}:{how}" for side in _SIDES for how in _STOOD),
        *(*_UNREAD_PASSAGE, *_UNREAD_SPEED),
    }
)
"""What decides what a street is, all but its name."""


def _parked(tags: Tags) -> Parked:
    left, right = (_parked_on(tags, side) for side in ("left", "right"))
    if left is None and right is None:
        return Parked.UNKNOWN
    sides = (left is True) + (right is True)
    if sides:
        return Parked.BOTH_SIDES if sides == 2 else Parked.ONE_SIDE
    return Parked.NONE if left is right is False else Parked.UNKNOWN


def _parked_on(tags: Tags, side: str) -> bool | None:
    """Whether cars stand on the carriageway on one side; None where the map does not say."""
    for end in (side, "both"):
        stands = _STANDS.get(tags.get(f"parking:{end}", ""))
        if stands is not None:
            return stands
    for end in (side, "both"):
        how = tags.get(f"parking:lane:{end}", "")
        stood = _STOOD.get(how)
        if stood is not None:
            aside = tags.get(f"parking:lane:{end}:{how}", "") in _STOOD_ASIDE
            return stood and not aside
    return None


def _service(tags: Tags) -> Service:
    value = tags.get("service", "")
    return _SERVICE.get(value, Service.OTHER) if value else Service.NONE


def _foot_access(tags: Tags) -> Access:
    folded = fold_access(tags, FOOT_KEYS)
    if folded is Access.UNSET and tags.get("motorroad", "") == "yes":
        return Access.NO
    return folded


def _oneway(tags: Tags, implied: bool) -> int:
    value = tags.get("oneway:motor_vehicle", "") or tags.get("oneway", "")
    if not value:
        return int(implied)
    # reversible and alternating lanes run both ways, one at a time: the plan may use either
    return _ONEWAY.get(value, 0)


def _maxspeed(tags: Tags) -> float:
    both = tags.get("maxspeed", "")
    if both:
        return speed_kmh(both)
    forward = tags.get("maxspeed:forward", "")
    return speed_kmh(forward) if forward else math.nan


# --- nodes on streets -----------------------------------------------------------------------------

_NO_BARRIER = frozenset({"", "no", "entrance", "sally_port"})
_BARRIER = {
    b.name.lower(): b for b in Barrier if b not in (Barrier.NONE, Barrier.OTHER, Barrier.BOLLARD_RISING)
}
_BARRIER["sliding_gate"] = Barrier.GATE
_RISING = frozenset({"rising", "removable", "foldable", "retractable", "telescopic"})


class StreetNode(NamedTuple):
    """What the tags of a node on a street say."""

    barrier: int
    access: int
    signal: bool
    unread: bool = False


def read_street_node(tags: Tags) -> StreetNode | None:
    """Read a node's tags; None when neither barrier nor traffic signal stands there."""
    barrier = read_barrier(tags)
    signal = tags.get("highway", "") == "traffic_signals"
    if barrier is Barrier.NONE and not signal:
        return None
    access = fold_access(tags, MOTOR_KEYS)
    if access is Access.UNSET and tags.get("locked", "") == "yes":
        access = Access.NO
    unread = barrier is not Barrier.NONE and _unread(tags) is Unread.PASSAGE
    return StreetNode(barrier, access, signal, unread)


def read_barrier(tags: Tags) -> Barrier:
    """Read ``barrier``; bollards of every make cut the way (contract)."""
    value = tags.get("barrier", "")
    if value in _NO_BARRIER:
        return Barrier.NONE
    if value == "bollard" and tags.get("bollard", "") in _RISING:
        return Barrier.BOLLARD_RISING
    return _BARRIER.get(value, Barrier.OTHER)


# --- ground and buildings -------------------------------------------------------------------------

_PLACES: dict[str, dict[str, PlaceKind]] = {
    "amenity": {
        "hospital": PlaceKind.HOSPITAL,
        "clinic": PlaceKind.CLINIC,
        "school": PlaceKind.SCHOOL,
        "kindergarten": PlaceKind.KINDERGARTEN,
        "childcare": PlaceKind.KINDERGARTEN,
        "college": PlaceKind.COLLEGE,
        "university": PlaceKind.COLLEGE,
        "fire_station": PlaceKind.FIRE_STATION,
        "police": PlaceKind.POLICE,
        "parking": PlaceKind.PARKING,
        "place_of_worship": PlaceKind.WORSHIP,
        "community_centre": PlaceKind.COMMUNITY_CENTRE,
        "social_centre": PlaceKind.COMMUNITY_CENTRE,
        "conference_centre": PlaceKind.CONFERENCE_CENTRE,
        "exhibition_centre": PlaceKind.CONFERENCE_CENTRE,
        "events_venue": PlaceKind.CONFERENCE_CENTRE,
        "library": PlaceKind.LIBRARY,
        "theatre": PlaceKind.THEATRE,
        "cinema": PlaceKind.THEATRE,
        "arts_centre": PlaceKind.THEATRE,
        "music_venue": PlaceKind.THEATRE,
        "fuel": PlaceKind.FUEL,
        "bus_station": PlaceKind.BUS_STATION,
        "ferry_terminal": PlaceKind.STATION,
        "townhall": PlaceKind.TOWNHALL,
        "courthouse": PlaceKind.COURTHOUSE,
        "marketplace": PlaceKind.MARKETPLACE,
        "nightclub": PlaceKind.NIGHTCLUB,
    },
    "emergency": {
        "emergency_ward_entrance": PlaceKind.EMERGENCY_ENTRANCE,
        "ambulance_station": PlaceKind.AMBULANCE_STATION,
        "landing_site": PlaceKind.HELIPAD,
    },
    "aeroway": {
        "helipad": PlaceKind.HELIPAD,
        "heliport": PlaceKind.HELIPAD,
        "aerodrome": PlaceKind.AERODROME,
    },
    "healthcare": {"hospital": PlaceKind.HOSPITAL, "clinic": PlaceKind.CLINIC, "centre": PlaceKind.CLINIC},
    "leisure": {
        "stadium": PlaceKind.STADIUM,
        "sports_centre": PlaceKind.SPORTS_CENTRE,
        "sports_hall": PlaceKind.SPORTS_CENTRE,
        "park": PlaceKind.PARK,
        "pitch": PlaceKind.PITCH,
        "common": PlaceKind.OPEN_GROUND,
        "dance": PlaceKind.NIGHTCLUB,
    },
    "shop": {
        "mall": PlaceKind.MALL,
        "supermarket": PlaceKind.SUPERMARKET,
        "hypermarket": PlaceKind.SUPERMARKET,
    },
    "tourism": {"hotel": PlaceKind.HOTEL, "motel": PlaceKind.HOTEL},
    "railway": {"station": PlaceKind.STATION, "halt": PlaceKind.STATION},
    "public_transport": {"station": PlaceKind.STATION},
    "landuse": dict.fromkeys(
        ("grass", "recreation_ground", "village_green", "brownfield", "greenfield", "meadow"),
        PlaceKind.OPEN_GROUND,
    ),
    "natural": {"grassland": PlaceKind.OPEN_GROUND},
}


class Place(NamedTuple):
    """What the tags of a place say; columns of ``planner.area.PLACE_COLUMNS``."""

    name: str
    kind: str
    address: str
    capacity: float
    surface: str
    access: str
    parking: str
    emergency: str
    beds: float
    speciality: str


_NO_PATIENTS = frozenset({"veterinary", "mortuary", "morgue", "funeral_hall", "animal_shelter"})
"""Values of ``amenity`` and ``healthcare`` with which what is tagged a hospital as well takes no patients."""
_SPECIAL_CARE: dict[str, frozenset[str]] = {
    "healthcare": frozenset(
        {
            "alternative",
            "audiologist",
            "birthing_center",
            "birthing_centre",
            "blood_bank",
            "blood_donation",
            "centre",
            "clinic",
            "counselling",
            "dentist",
            "dialysis",
            "doctor",
            "hospice",
            "laboratory",
            "midwife",
            "nurse",
            "nursing_home",
            "occupational_therapist",
            "optometrist",
            "physiotherapist",
            "podiatrist",
            "psychotherapist",
            "rehabilitation",
            "sample_collection",
            "speech_therapist",
            "vaccination_centre",
        }
    ),
    "social_facility": frozenset({"assisted_living", "group_home", "hospice", "nursing_home", "shelter"}),
    "office": frozenset({"government", "ngo", "association", "insurance", "company"}),
}
"""Tags with which what is tagged a hospital is no general one, unless it says that it takes emergencies."""


def _takes_patients(tags: Tags) -> bool:
    """Whether what is tagged a hospital is in use, and for people alive."""
    return not _is_gone(tags) and not {tags.get("amenity", ""), tags.get("healthcare", "")} & _NO_PATIENTS


def _takes_passengers(tags: Tags) -> bool:
    """Whether what is tagged a station is in use, and for people: not for freight, nor a toy."""
    kinds = {tags.get("station", ""), tags.get("railway:traffic_mode", "")}
    return not _is_gone(tags) and not kinds & {"freight", "miniature"}


def _is_gone(tags: Tags) -> bool:
    """Whether what stands there is said to be in use no more."""
    return any(tags.get(key, "no") != "no" for key in ("disused", "abandoned", "demolished", "ruins"))


def _speciality(tags: Tags, kind: PlaceKind) -> str:
    """Return ``healthcare:speciality``, and what other tags say a hospital is instead of a general one."""
    told = tags.get("healthcare:speciality", "")
    if kind is not PlaceKind.HOSPITAL:
        return told
    other = [tags.get(key, "") for key, values in _SPECIAL_CARE.items() if tags.get(key, "") in values]
    if tags.get("government", "") or other[-1:] == ["government"]:
        other = [value for value in other if value != "government"] + ["government office"]
    return ";".join(text for text in (told, *other) if text)


def place_kind(tags: Tags) -> PlaceKind | None:
    """Return what kind of place this is; the first key of ``amenity emergency ... natural`` decides."""
    for key, kinds in _PLACES.items():
        value = tags.get(key, "")
        if value and value in kinds:
            kind = kinds[value]
            serves = {PlaceKind.HOSPITAL: _takes_patients, PlaceKind.STATION: _takes_passengers}.get(kind)
            return kind if serves is None or serves(tags) else None
    # named offices only: the tag sits on a great many single rooms
    office = tags.get("office", "")
    if office in ("", "no") or not tags.get("name", ""):
        return None
    return PlaceKind.GOVERNMENT_OFFICE if office == "government" else PlaceKind.OFFICE


def read_place(tags: Tags) -> Place | None:
    """Read a place's tags; None when it is of no kind that the planner knows."""
    kind = place_kind(tags)
    if kind is None:
        return None
    return Place(
        name=tags.get("name", ""),
        kind=kind.value,
        address=_address(tags),
        capacity=count(tags.get("capacity", "")),
        surface=tags.get("surface", ""),
        access=tags.get("access", ""),
        parking=tags.get("parking", ""),
        emergency=tags.get("emergency", ""),
        beds=count(tags.get("beds", "") or tags.get("capacity:beds", "")),
        speciality=_speciality(tags, kind),
    )


def _address(tags: Tags) -> str:
    street = " ".join(t for t in (tags.get("addr:housenumber", ""), tags.get("addr:street", "")) if t)
    return ", ".join(t for t in (street, tags.get("addr:city", "")) if t)


class Building(NamedTuple):
    """What the tags of a building say; columns of ``planner.area.BUILDING_COLUMNS``."""

    name: str
    kind: str
    height_m: float
    levels: float
    min_height_m: float


def read_building(tags: Tags) -> Building | None:
    """Read a building's tags; None when it is none."""
    kind = tags.get("building", "")
    if kind in ("", "no"):
        return None
    return Building(
        name=tags.get("name", ""),
        kind=sys.intern(kind),  # of all buildings one of some hundred
        height_m=length_m(tags.get("height", "") or tags.get("building:height", "")),
        levels=count(tags.get("building:levels", "")),
        min_height_m=length_m(tags.get("min_height", "")),
    )


# --- obstacles ------------------------------------------------------------------------------------

_POINT, _LINE, _AREA = "point", "line", "area"
_OBSTACLES: dict[str, dict[str, tuple[ObstacleKind, frozenset[str]]]] = {
    "power": {
        **dict.fromkeys(("line", "minor_line"), (ObstacleKind.POWER_LINE, frozenset({_LINE}))),
        **dict.fromkeys(("pole", "tower"), (ObstacleKind.POWER_POLE, frozenset({_POINT, _AREA}))),
    },
    "man_made": dict.fromkeys(
        ("mast", "tower", "communications_tower", "chimney", "water_tower", "crane", "flagpole", "windmill"),
        (ObstacleKind.MAST, frozenset({_POINT, _AREA})),
    ),
    "natural": {
        "tree": (ObstacleKind.TREE, frozenset({_POINT})),
        "tree_row": (ObstacleKind.TREE_ROW, frozenset({_LINE})),
        "wood": (ObstacleKind.WOOD, frozenset({_AREA})),
        "water": (ObstacleKind.WATER, frozenset({_AREA})),
    },
    "landuse": {
        "forest": (ObstacleKind.WOOD, frozenset({_AREA})),
        **dict.fromkeys(("reservoir", "basin"), (ObstacleKind.WATER, frozenset({_AREA}))),
    },
    "waterway": {
        "riverbank": (ObstacleKind.WATER, frozenset({_AREA})),
        **dict.fromkeys(
            ("river", "stream", "canal", "ditch", "drain"), (ObstacleKind.WATERWAY, frozenset({_LINE}))
        ),
    },
    "barrier": {
        **dict.fromkeys(
            ("wall", "city_wall", "retaining_wall"), (ObstacleKind.WALL, frozenset({_LINE, _AREA}))
        ),
        **dict.fromkeys(("fence", "hedge"), (ObstacleKind.FENCE, frozenset({_LINE}))),
    },
    "highway": {"construction": (ObstacleKind.ROAD_WORKS, frozenset({_LINE}))},
    "railway": dict.fromkeys(
        ("rail", "light_rail", "narrow_gauge", "subway", "preserved"),
        (ObstacleKind.RAILWAY, frozenset({_LINE})),
    ),
}


LINE_KEYS = tuple(
    key for key, kinds in _OBSTACLES.items() if any(_LINE in forms for _, forms in kinds.values())
)
"""Keys of the tags that make a line an obstacle."""


class Obstacle(NamedTuple):
    """What the tags of an obstacle say; columns of ``planner.area.OBSTACLE_COLUMNS``."""

    kind: str
    height_m: float
    name: str = ""


def read_obstacle(tags: Tags, form: str) -> Obstacle | None:
    """Read an obstacle's tags.

    Parameters
    ----------
    tags : Tags
    form : {"point", "line", "area"}
        What the object is drawn as: a river is an obstacle as a line, a lake as an area.

    Returns
    -------
    Obstacle or None
        None when it is none, or lies underground.
    """
    for key, kinds in _OBSTACLES.items():
        found = kinds.get(tags.get(key, ""))
        if found is not None and form in found[1]:
            underground = tags.get("tunnel", "no") != "no" or tags.get("location", "") == "underground"
            if underground:
                return None
            # only a street that is built is asked for by its name
            named = found[0] is ObstacleKind.ROAD_WORKS
            name = (tags.get("name", "") or tags.get("ref", "")) if named else ""
            return Obstacle(found[0].value, length_m(tags.get("height", "")), name)
    return None
