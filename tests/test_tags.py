"""What single tags mean."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.sources import tags as t
from planner.terms import Access, Barrier, ObstacleKind, Parked, PlaceKind, RoadClass, Service, Unread

HIGHWAYS = [road.name.lower() for road in RoadClass]


def street(**tags: str) -> t.Street:
    made = t.read_street({"highway": "residential"} | {k.replace("__", ":"): v for k, v in tags.items()})
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("3.5", 3.5),
        ("3,5", 3.5),
        ("12 m", 12.0),
        ("12'6\"", 3.81),
        ("12'", 3.6576),
        ("10 ft", 3.048),
        ("10ft 6in", 3.2004),
        ("14 feet", 4.2672),
        ("250 cm", 2.5),
        ('6"', 0.1524),
    ],
)
def test_length_in_every_unit(text: str, metres: float) -> None:
    assert t.length_m(text) == pytest.approx(metres)


@pytest.mark.parametrize(
    "text", ["", "default", "none", "0", "-3", "about 3", "3 parsecs", "below_default", "9" * 400, "9" * 30]
)
def test_length_that_is_none_is_unknown(text: str) -> None:
    assert math.isnan(t.length_m(text))


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("50;30", 30),
        ("10 knots", 18.52),
        ("80 km/h", 80),
    ],
)
def test_speed(text: str, kmh: float) -> None:
    assert t.speed_kmh(text) == pytest.approx(kmh)


@pytest.mark.parametrize(
    "text", ["", "none", "DE:urban", "signals", "walk", "RU:living_street", "0", "9" * 400, "9" * 30]
)
def test_speed_without_a_number_is_unknown(text: str) -> None:
    assert math.isnan(t.speed_kmh(text))


@given(st.text(max_size=20))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for value in (t.length_m(text), t.speed_kmh(text), t.count(text)):
        assert math.isnan(value) or 0 <= value < math.inf
    assert 0 <= t.lanes(text) <= 255
    assert -100 <= t.layer(text, 0) <= 100


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "highway",
                "layer",
                "oneway",
                "access",
                "maxspeed",
                "building",
                "amenity",
                "lanes",
                "width",
                "bridge",
                "tunnel",
                "barrier",
                "natural",
                "capacity",
            ]
        ),
        st.one_of(st.text(max_size=12), st.sampled_from([*HIGHWAYS, "yes", "no", "-1", "school"])),
    )
)
def test_any_tags_are_read_without_an_error(tags: dict[str, str]) -> None:
    made = t.read_street(tags)
    assert (made is None) == (tags.get("highway", "") not in HIGHWAYS)
    t.read_building(tags), t.read_place(tags), t.read_street_node(tags)
    for form in ("point", "line", "area"):
        t.read_obstacle(tags, form)


@pytest.mark.parametrize(
    "value", ["proposed", "construction", "platform", "raceway", "razed", "elevator", ""]
)
def test_what_is_no_street_is_left_out(value: str) -> None:
    assert t.read_street({"highway": value}) is None


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"access": "no"}, Access.NO),
        ({"access": "no", "vehicle": "yes"}, Access.YES),
        ({"access": "yes", "vehicle": "no", "motor_vehicle": "destination"}, Access.DESTINATION),
        ({"access": "private", "motor_vehicle": "wobbly"}, Access.PRIVATE),
        ({"access": "customers"}, Access.DESTINATION),
        ({"access": "permit"}, Access.PERMIT),
        ({"motor_vehicle": "agricultural;forestry"}, Access.NO),
        ({"foot": "yes"}, Access.UNSET),
        ({}, Access.UNSET),
    ],
)
def test_vehicle_access_folds_from_the_most_particular(tags: dict[str, str], expected: Access) -> None:
    assert street(**tags).access == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"access": "no", "foot": "yes"}, Access.YES),
        ({"access": "no"}, Access.NO),
        ({"motor_vehicle": "no"}, Access.UNSET),
        ({"foot": "use_sidepath"}, Access.NO),
        ({"motorroad": "yes"}, Access.NO),
        ({"motorroad": "yes", "foot": "yes"}, Access.YES),
    ],
)
def test_foot_access(tags: dict[str, str], expected: Access) -> None:
    assert street(**tags).foot_access == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, 0),
        ({"oneway": "yes"}, 1),
        ({"oneway": "-1"}, -1),
        ({"oneway": "reverse"}, -1),
        ({"oneway": "reversible"}, 0),
        ({"highway": "motorway"}, 1),
        ({"highway": "motorway", "oneway": "no"}, 0),
        ({"highway": "motorway_link"}, 0),
        ({"junction": "roundabout"}, 1),
        ({"junction": "roundabout", "oneway": "-1"}, -1),
        ({"oneway": "yes", "oneway__psv": "no"}, 1),
        ({"oneway": "yes", "oneway__motor_vehicle": "no"}, 0),
    ],
)
def test_oneway(tags: dict[str, str], expected: int) -> None:
    assert street(**tags).oneway == expected


@pytest.mark.parametrize(
    ("tags", "layer", "bridge", "tunnel"),
    [
        ({}, 0, False, False),
        ({"bridge": "yes"}, 1, True, False),
        ({"bridge": "viaduct", "layer": "2"}, 2, True, False),
        ({"tunnel": "yes"}, -1, False, True),
        ({"tunnel": "building_passage"}, 0, False, False),
        ({"bridge": "no", "tunnel": "no", "layer": "x"}, 0, False, False),
        ({"layer": "-1;0"}, -1, False, False),
        ({"layer": "+1"}, 1, False, False),
        ({"layer": "99999"}, 100, False, False),
    ],
)
def test_level(tags: dict[str, str], layer: int, bridge: bool, tunnel: bool) -> None:
    made = street(**tags)
    assert (made.layer, made.bridge, made.tunnel) == (layer, bridge, tunnel)


def test_emergency_service_and_name() -> None:
    loop = street(highway="service", service="emergency_access", emergency="designated", access="no", ref="7")
    assert (loop.service, loop.emergency, loop.access, loop.name) == (
        Service.EMERGENCY_ACCESS,
        1,
        Access.NO,
        "7",
    )
    assert street(emergency="no").emergency == -1
    assert street(name="Main", ref="7").name == "Main"
    assert street(service="alley").service == Service.NONE  # only of highway=service
    assert street(highway="service", service="bus").service == Service.OTHER
    assert street(maxspeed__forward="30 mph").maxspeed_kmh == pytest.approx(48.28032)


@pytest.mark.parametrize(
    ("tags", "expected", "blocks"),
    [
        ({"barrier": "bollard"}, Barrier.BOLLARD, True),
        ({"barrier": "bollard", "bollard": "rising"}, Barrier.BOLLARD_RISING, True),
        ({"barrier": "bollard", "bollard": "removable"}, Barrier.BOLLARD_RISING, True),
        ({"barrier": "block"}, Barrier.BLOCK, True),
        ({"barrier": "jersey_barrier"}, Barrier.JERSEY_BARRIER, True),
        ({"barrier": "cycle_barrier"}, Barrier.CYCLE_BARRIER, True),
        ({"barrier": "stile"}, Barrier.STILE, True),
        ({"barrier": "debris"}, Barrier.DEBRIS, True),
        ({"barrier": "gate"}, Barrier.GATE, False),
        ({"barrier": "lift_gate"}, Barrier.LIFT_GATE, False),
        ({"barrier": "chain"}, Barrier.OTHER, False),
        ({"barrier": "bollard_rising"}, Barrier.OTHER, False),
        ({"barrier": "none"}, Barrier.OTHER, False),
        ({"barrier": "entrance"}, Barrier.NONE, False),
        ({}, Barrier.NONE, False),
    ],
)
def test_only_the_barriers_of_the_contract_block(
    tags: dict[str, str], expected: Barrier, blocks: bool
) -> None:
    assert t.read_barrier(tags) is expected
    assert (expected >= 20) is blocks


@pytest.mark.parametrize(
    ("tags", "parked"),
    [
        ({}, Parked.UNKNOWN),
        ({"parking:both": "lane"}, Parked.BOTH_SIDES),
        ({"parking:both": "half_on_kerb"}, Parked.BOTH_SIDES),
        ({"parking:left": "lane", "parking:right": "no"}, Parked.ONE_SIDE),
        ({"parking:right": "lane"}, Parked.ONE_SIDE),
        ({"parking:both": "street_side"}, Parked.NONE),
        ({"parking:both": "on_kerb"}, Parked.NONE),
        ({"parking:both": "no"}, Parked.NONE),
        ({"parking:left": "no"}, Parked.UNKNOWN),
        ({"parking:both": "separate"}, Parked.UNKNOWN),
        ({"parking:lane:both": "parallel"}, Parked.BOTH_SIDES),
        ({"parking:lane:both": "parallel", "parking:lane:both:parallel": "street_side"}, Parked.NONE),
        ({"parking:lane:both": "parallel", "parking:lane:both:parallel": "half_on_kerb"}, Parked.BOTH_SIDES),
        ({"parking:lane:left": "diagonal", "parking:lane:right": "no_parking"}, Parked.ONE_SIDE),
        ({"parking:lane:both": "no_stopping"}, Parked.NONE),
        ({"parking:lane:both": "fire_lane"}, Parked.NONE),
        ({"parking:lane:right": "no_parking"}, Parked.UNKNOWN),
        ({"parking:both": "no", "parking:lane:both": "parallel"}, Parked.NONE),
        ({"parking": "underground"}, Parked.UNKNOWN),
    ],
)
def test_where_cars_stand_by_the_scheme_of_2022_and_by_the_older_one(
    tags: dict[str, str], parked: Parked
) -> None:
    made = t.read_street({"highway": "residential", **tags})
    assert made is not None
    assert made.parked is parked


def test_the_width_that_a_vehicle_may_have_is_told_beside_the_carriageways() -> None:
    made = t.read_street(
        {"highway": "service", "width": "5", "maxwidth": "6'6\"", "maxwidth:physical": "2.3"}
    )
    assert made is not None
    assert made.width_m == 5.0
    assert made.maxwidth_m == pytest.approx(1.9812)
    free = t.read_street({"highway": "service", "maxwidth": "none"})
    assert free is not None
    assert math.isnan(free.maxwidth_m)


def test_a_street_that_is_built_is_no_street_but_is_known_by_name() -> None:
    building = {"highway": "construction", "construction": "residential", "name": "New Street"}
    assert t.read_street(building) is None
    works = t.read_obstacle(building, "line")
    assert works is not None
    assert (works.kind, works.name) == (ObstacleKind.ROAD_WORKS, "New Street")
    rail = t.read_obstacle({"railway": "rail", "name": "Main Line"}, "line")
    assert rail is not None
    assert (rail.kind, rail.name) == (ObstacleKind.RAILWAY, "")
    open_to_traffic = [
        t.read_street({"highway": "primary", "construction": value}) for value in ("yes", "minor", "no")
    ]
    assert [street.works for street in open_to_traffic if street] == [True, True, False]


def test_gate_tells_who_may_pass() -> None:
    gate = t.read_street_node({"barrier": "gate", "access": "private"})
    locked = t.read_street_node({"barrier": "gate", "locked": "yes"})
    assert gate is not None
    assert gate.access == Access.PRIVATE
    assert locked is not None
    assert locked.access == Access.NO
    assert t.read_street_node({"highway": "crossing"}) is None


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"amenity": "school"}, PlaceKind.SCHOOL),
        ({"amenity": "hospital", "healthcare": "hospital"}, PlaceKind.HOSPITAL),
        ({"healthcare": "hospital"}, PlaceKind.HOSPITAL),
        ({"emergency": "emergency_ward_entrance"}, PlaceKind.EMERGENCY_ENTRANCE),
        ({"amenity": "parking"}, PlaceKind.PARKING),
        ({"amenity": "parking_space"}, None),
        ({"amenity": "bench"}, None),
        ({"shop": "mall"}, PlaceKind.MALL),
        ({"aeroway": "heliport"}, PlaceKind.HELIPAD),
        ({"landuse": "recreation_ground"}, PlaceKind.OPEN_GROUND),
        ({"landuse": "residential"}, None),
        ({"amenity": "university"}, PlaceKind.COLLEGE),
        ({"office": "company", "name": "Acme"}, PlaceKind.OFFICE),
        ({"office": "company"}, None),
        ({"emergency": "yes"}, None),
        ({"railway": "station"}, PlaceKind.STATION),
        ({"railway": "halt", "public_transport": "station"}, PlaceKind.STATION),
        ({"public_transport": "station"}, PlaceKind.STATION),
        ({"amenity": "bus_station", "public_transport": "station"}, PlaceKind.BUS_STATION),
        ({"amenity": "ferry_terminal"}, PlaceKind.STATION),
        ({"public_transport": "platform"}, None),
        ({"railway": "rail"}, None),
        ({"railway": "station", "disused": "yes"}, None),
        ({"railway": "station", "station": "miniature"}, None),
        ({"railway": "station", "railway:traffic_mode": "freight"}, None),
        ({"amenity": "courthouse"}, PlaceKind.COURTHOUSE),
        ({"office": "government", "name": "Tax Office"}, PlaceKind.GOVERNMENT_OFFICE),
        ({"office": "government"}, None),
    ],
)
def test_place_kind(tags: dict[str, str], kind: PlaceKind | None) -> None:
    assert t.place_kind(tags) is kind


def test_place_columns() -> None:
    place = t.read_place(
        {
            "amenity": "hospital",
            "name": "General",
            "addr:housenumber": "1",
            "addr:street": "Main",
            "addr:city": "Town",
            "emergency": "yes",
            "beds": "120",
            "capacity": "many",
        }
    )
    assert place is not None
    assert (place.address, place.emergency, place.beds) == ("1 Main, Town", "yes", 120)
    assert math.isnan(place.capacity)


def test_building_columns() -> None:
    made = t.read_building({"building": "school", "height": "30'", "building:levels": "2;3"})
    assert made is not None
    assert made.height_m == pytest.approx(9.144)
    assert made.levels == 3
    assert t.read_building({"building": "no"}) is None


@pytest.mark.parametrize(
    ("tags", "form", "kind"),
    [
        ({"power": "line"}, "line", ObstacleKind.POWER_LINE),
        ({"power": "line"}, "area", None),
        ({"power": "cable", "location": "underground"}, "line", None),
        ({"natural": "tree"}, "point", ObstacleKind.TREE),
        ({"natural": "water"}, "area", ObstacleKind.WATER),
        ({"waterway": "river"}, "line", ObstacleKind.WATERWAY),
        ({"waterway": "stream", "tunnel": "culvert"}, "line", None),
        ({"railway": "subway", "tunnel": "yes"}, "line", None),
        ({"railway": "rail"}, "line", ObstacleKind.RAILWAY),
        ({"man_made": "mast", "height": "40"}, "point", ObstacleKind.MAST),
        ({"landuse": "forest"}, "area", ObstacleKind.WOOD),
        ({"barrier": "fence"}, "line", ObstacleKind.FENCE),
        ({"barrier": "gate"}, "point", None),
    ],
)
def test_obstacle_kind(tags: dict[str, str], form: str, kind: ObstacleKind | None) -> None:
    made = t.read_obstacle(tags, form)
    assert (made.kind if made else None) == kind


class Asked(dict[str, str]):
    """Tags that remember for which keys they were asked."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.keys_asked: set[str] = set()

    def get(self, key: str, default: Any = None, /) -> Any:
        self.keys_asked.add(key)
        return super().get(key, default)


street_values = st.sampled_from(
    [
        *HIGHWAYS,
        "yes",
        "no",
        "lane",
        "parallel",
        "diagonal",
        "on_kerb",
        "3",
        "12'6\"",
        "-1",
        "private",
        "x",
        "",
    ]
)
street_tags = st.dictionaries(
    st.sampled_from([*sorted(t._STREET_KEYS), "name", "ref", "source", "surface"]), street_values, max_size=12
)


@given(st.sampled_from(HIGHWAYS), street_tags)
def test_streets_read_again_are_as_if_read_for_the_first_time(road: str, tags: dict[str, str]) -> None:
    told = Asked({"highway": road, **tags})
    plain = t.read_street(told)
    assert told.keys_asked <= t._STREET_KEYS | {"name", "ref"}
    for _ in range(2):
        assert repr(t.read_street_again(dict(told))) == repr(plain)
    assert t.read_street_again({**told, "highway": "proposed"}) is None


@pytest.mark.parametrize(
    ("tags", "unread"),
    [
        ({}, Unread.NONE),
        ({"access": "no", "maxspeed": "30"}, Unread.NONE),
        ({"access:conditional": "no @ (Mo-Fr 07:00-09:00)"}, Unread.PASSAGE),
        ({"motor_vehicle:conditional": "delivery @ (06:00-10:00)"}, Unread.PASSAGE),
        ({"vehicle:backward:conditional": "no @ (22:00-06:00)"}, Unread.PASSAGE),
        ({"oneway:conditional": "yes @ (Mo-Fr 15:00-19:00)"}, Unread.PASSAGE),
        ({"maxspeed:conditional": "30 @ (22:00-06:00)"}, Unread.SPEED),
        ({"maxspeed:forward:conditional": "60 @ wet"}, Unread.SPEED),
        ({"maxspeed:conditional": "60 @ wet", "oneway:conditional": "yes @ (Su)"}, Unread.PASSAGE),
        ({"hgv:conditional": "no @ (22:00-06:00)", "bicycle:conditional": "no @ (Su)"}, Unread.NONE),
    ],
)
def test_rules_that_hold_at_times_are_told_and_change_nothing_else(
    tags: dict[str, str], unread: Unread
) -> None:
    told = {"highway": "residential", **tags}
    made, plain = (
        t.read_street(told),
        t.read_street({k: v for k, v in told.items() if "conditional" not in k}),
    )
    assert made is not None
    assert plain is not None
    assert repr(made) == repr(plain._replace(unread=unread))  # NaN is not equal to itself


def test_a_barrier_that_opens_at_times_is_told_and_a_signal_is_not() -> None:
    hours = {"access:conditional": "yes @ (07:00-19:00)"}
    assert t.read_street_node({"barrier": "gate", **hours}) == t.StreetNode(
        Barrier.GATE, Access.UNSET, False, True
    )
    assert t.read_street_node({"barrier": "gate"}) == t.StreetNode(Barrier.GATE, Access.UNSET, False, False)
    signal = t.read_street_node({"highway": "traffic_signals", **hours})
    assert signal is not None
    assert not signal.unread
