"""Places on streets without a name can be said on the radio."""

from __future__ import annotations

import pytest

from planner.perimeters.radio_names import radio_names
from planner.terms import RoadClass
from tests.streets import draw_streets

ITALIA = {"name": "Avenida Italia", "road_class": RoadClass.PRIMARY}
FOOT = {"road_class": RoadClass.FOOTWAY}


def streets(**more):
    """Avenida Italia, west to east, crosses Artigas at the origin; a nameless way leaves it in the east."""
    places = [(-500, 0), (0, 0), (500, 0), (0, 300), (60, 0), (60, 120), (3000, 3000), (3100, 3000)]
    ways = [
        {"u": 0, "v": 1, **ITALIA},
        {"u": 1, "v": 4, **ITALIA},
        {"u": 4, "v": 2, **ITALIA},
        {"u": 1, "v": 3, "name": "Bulevar Artigas"},
        {"u": 4, "v": 5, **FOOT, **more},
        {"u": 6, "v": 7},
    ]
    return draw_streets(places, ways)


@pytest.mark.parametrize(
    ("edge", "xy_m", "name"),
    [
        (0, (-200.0, 0.0), "Avenida Italia"),
        (4, (60.0, 10.0), "footway off Avenida Italia, 60 m E of Bulevar Artigas"),
        (4, (8.0, 5.0), "footway off Avenida Italia at Bulevar Artigas"),
        (4, (-40.0, -40.0), "footway off Avenida Italia, 60 m SW of Bulevar Artigas"),
        (4, (500.0, -800.0), "footway, 800 m S of Avenida Italia"),
        (5, (3050.0, 3000.0), "unnamed residential street"),
    ],
)
def test_a_place_is_named_by_the_nearest_street_with_a_name(edge, xy_m, name):
    assert radio_names(streets(), [edge], [xy_m]) == [name]


def test_places_named_together_are_named_as_each_alone():
    network = streets()
    edges, xy_m = (
        [4, 0, 4, 5, 4],
        [(60.0, 10.0), (-200.0, 0.0), (8.0, 5.0), (3050.0, 3000.0), (500.0, -800.0)],
    )
    alone = [radio_names(network, [edge], [xy])[0] for edge, xy in zip(edges, xy_m, strict=True)]
    assert radio_names(network, edges, xy_m) == alone


def test_a_street_without_crossings_is_named_alone():
    lonely = draw_streets(
        [(0, 0), (900, 0), (450, 0), (450, 90)], [{"u": 0, "v": 1, **ITALIA}, {"u": 2, "v": 3, **FOOT}]
    )
    assert radio_names(lonely, [1], [(450.0, 50.0)]) == ["footway off Avenida Italia"]
