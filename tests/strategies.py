"""Hypothesis strategies for plans and incidents: valid as values, not as geography."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from planner import model, terms
from planner.geo import LonLat
from planner.geojson import wound

text = st.text(max_size=12)
counts = st.integers(0, 500)
amounts = st.floats(0, 1e6, allow_nan=False)
reals = st.floats(-1e6, 1e6, allow_nan=False)
osm_ids = st.integers(1, 2**53)


def enums(words):
    return st.sampled_from(list(words))


def tuples_of(part, max_size=3, min_size=0):
    return st.lists(part, max_size=max_size, min_size=min_size).map(tuple)


places = st.builds(
    lambda lon, lat: LonLat(lon / 1e7, lat / 1e7).rounded(),
    st.integers(-1_800_000_000, 1_800_000_000),
    st.integers(-900_000_000, 900_000_000),
)


@st.composite
def rings(draw, *, exterior=True):
    """A closed ring of three to six corners, wound as documents wind it; it may cross itself."""
    corners = draw(st.lists(places, min_size=3, max_size=6, unique=True))
    return wound((*corners, corners[0]), exterior=exterior)


polygons = st.builds(lambda first, holes: (first, *holes), rings(), tuples_of(rings(exterior=False), 1))
lines = tuples_of(places, 5, min_size=2)
point_shapes = st.builds(model.Shape, points=st.tuples(places))
line_shapes = st.builds(model.Shape, lines=tuples_of(lines, 2, min_size=1))
polygon_shapes = st.builds(model.Shape, polygons=tuples_of(polygons, 2, min_size=1))
site_shapes = st.one_of(point_shapes, polygon_shapes)

casualties = st.builds(model.Casualties, counts, counts, counts)
moments = st.sampled_from(["2024-05-14T09:32:00-04:00", "2024-05-14T13:32:00Z", "2024-05-14 09:32"])
rates = st.none() | st.floats(0, 1000)
hospital_statuses = st.builds(
    model.HospitalStatus,
    text,
    places,
    st.booleans(),
    st.booleans(),
    rates,
    rates,
    rates,
    casualties,
    st.builds(model.KeptPlaces, st.none() | counts, st.none() | counts, st.none() | counts),
)
ranges_min = st.none() | st.tuples(counts, counts)

incidents = st.builds(
    model.Incident,
    location=st.none() | places,
    threat=enums(terms.ThreatName),
    name=text,
    began_at=st.none() | moments,
    casualties=st.none() | casualties,
    children=st.none() | casualties,
    on_site=st.none() | counts,
    units=st.dictionaries(st.text(string.ascii_letters, max_size=6), counts, max_size=3).map(
        lambda units: tuple(sorted(units.items()))
    ),
    zones=tuples_of(st.builds(model.DrawnZone, polygon_shapes, enums(terms.ZoneKind))),
    threats=tuples_of(
        st.builds(model.ThreatPoint, places, enums(terms.ThreatName), enums(terms.ThreatStatus))
    ),
    closures=tuples_of(st.builds(model.Closure, st.one_of(point_shapes, line_shapes, polygon_shapes))),
    pins=tuples_of(st.builds(model.Pin, enums(terms.Purpose), site_shapes)),
    rejects=tuples_of(st.builds(model.Reject, enums(terms.Purpose), places)),
    post_edits=tuples_of(
        st.builds(
            model.PostEdit,
            st.one_of(point_shapes, lines.map(lambda line: model.Shape(lines=(line,)))),
            enums(terms.PostEditKind),
            st.none() | enums(terms.PerimeterName),
        )
    ),
    inner_holds=st.none() | enums(terms.InnerHolds),
    inner_size=enums(terms.RingSize),
    outer_size=enums(terms.RingSize),
    hour=st.none() | st.integers(0, 23),
    no_ccp=st.booleans(),
    bereaved_site=st.booleans(),
    hospitals=tuples_of(hospital_statuses),
    exercise=st.booleans(),
    notice=st.dictionaries(
        enums(terms.NoticeItemName), text.filter(lambda written: written.strip() != ""), max_size=3
    ).map(lambda written: tuple((item, written[item]) for item in terms.NoticeItemName if item in written)),
    ems_agreed=st.none() | st.builds(model.EmsAgreed, text, st.just("") | moments),
)

notices = st.builds(model.Notice, enums(terms.NoticeLevel), text, text)
zones = st.builds(model.Zone, enums(terms.ZoneKind), polygons, st.booleans(), text)
perimeters = st.builds(
    model.Perimeter,
    enums(terms.PerimeterName),
    polygons,
    counts,
    counts,
    st.booleans(),
    tuples_of(text),
    text,
    tuples_of(
        st.builds(
            model.RingOption,
            st.none() | enums(terms.InnerHolds),
            enums(terms.RingSize),
            counts,
            counts,
            st.none() | amounts,
            text,
        )
    ),
)
posts = st.builds(
    model.Post,
    id=text,
    perimeter=enums(terms.PerimeterName),
    location=places,
    rank=counts,
    street=text,
    control=enums(terms.Control),
    mode=enums(terms.PostMode),
    direction=enums(terms.Direction),
    officers=counts,
    closes=tuples_of(st.tuples(osm_ids, osm_ids, osm_ids)),
    reason=text,
    flow=amounts,
)
observations = st.builds(
    model.Observation,
    id=text,
    location=places,
    rank=counts,
    sees=tuples_of(text),
    officers=counts,
    distance_m=amounts,
    longest_m=amounts,
    covered_share=amounts,
    cover=st.booleans(),
    zone=enums(terms.ZoneKind),
    reason=text,
)
scores = st.builds(model.Score, text, st.none() | reals, text, reals, amounts)
sites = st.builds(
    model.Site,
    id=text,
    purpose=enums(terms.Purpose),
    rank=counts,
    source=enums(terms.SiteSource),
    name=text,
    shape=site_shapes,
    entrance=places,
    zone=enums(terms.ZoneKind),
    area_m2=st.none() | amounts,
    capacity=st.none() | counts,
    usng=text,
    in_sight=st.none() | st.booleans(),
    scores=tuples_of(scores),
    score=reals,
    reason=text,
    cautions=tuples_of(text),
    unit=text,
    room=st.none() | st.builds(model.Room, *[st.none() | counts] * 4),
    ways_out=st.none() | counts,
    fire_apparatus=st.none() | st.booleans(),
    lots=tuples_of(st.builds(model.Lot, text, counts, amounts, polygons), 2),
    hazards=tuples_of(st.builds(model.Hazard, text, amounts, amounts, st.none() | amounts), 2),
    approaches_deg=tuples_of(amounts, 2),
)
routes = st.builds(
    model.Route,
    id=text,
    route=enums(terms.RouteKind),
    start=text,
    end=text,
    line=lines,
    time_s=amounts,
    length_m=amounts,
    streets=tuples_of(text),
    nodes=tuples_of(osm_ids),
    shared_m=amounts,
    hot_m=amounts,
    posts_crossed=tuples_of(text),
    reason=text,
)
hospitals = st.builds(
    model.HospitalOption,
    name=text,
    location=places,
    adult_level=st.none() | enums(terms.TraumaLevel),
    pediatric_level=st.none() | enums(terms.TraumaLevel),
    helipad=st.none() | st.booleans(),
    source=text,
    as_of=text,
    time_s=st.none() | amounts,
    time_range_min=st.none() | st.tuples(counts, counts),
    off_map=st.booleans(),
    red_per_h=st.none() | amounts,
    assigned=casualties,
    route=text,
    reason=text,
    burn=st.none() | st.booleans(),
    beds=st.none() | counts,
    child_red_per_h=rates,
    others_per_h=rates,
    children=casualties,
    sent=casualties,
    walk_ins=st.builds(model.WalkIns, counts, counts, counts),
    spared=text,
    children_only=st.booleans(),
    closed=st.booleans(),
    diversion=st.booleans(),
    air_range_min=ranges_min,
    times=tuples_of(st.builds(model.SiteTime, text, st.none() | amounts, ranges_min)),
    leads=text,
)
ambulance_needs = st.builds(
    model.AmbulanceNeed, counts, st.none() | counts, counts, ranges_min, ranges_min, text
)
plans = st.builds(
    model.Plan,
    id=text,
    software=text,
    incident=incidents,
    area=st.builds(model.AreaStamp, text, text, text, text, text),
    doctrine=st.builds(model.DoctrineStamp, text, text),
    zones=tuples_of(zones),
    perimeters=tuples_of(perimeters, 2),
    posts=tuples_of(posts),
    sites=tuples_of(sites),
    routes=tuples_of(routes),
    hospitals=tuples_of(hospitals),
    notices=tuples_of(notices),
    site_officers=counts,
    observations=tuples_of(observations),
    ambulances=st.none() | ambulance_needs,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)
