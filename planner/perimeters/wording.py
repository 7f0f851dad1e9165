"""What is said of a perimeter: its record, and where it is only approximate or not closed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import Point, Polygon

from planner import words
from planner.area import Area
from planner.geo import Frame, LonLat, usng
from planner.model import Notice, Perimeter, Post, Rings
from planner.perimeters.band import Band
from planner.perimeters.crossings import Crossing
from planner.perimeters.foot import NEAR_LINE_M
from planner.perimeters.levels import on_other_levels
from planner.perimeters.posted_line import Drawn
from planner.perimeters.posts import BEYOND, CONFINED, TRAPPED, Stand
from planner.perimeters.waterfront import waterfront_m
from planner.terms import NoticeLevel, PerimeterName, PostMode

OFF_LINE = "stand off its line"
"""Words by which a notice names posts that stand off the line: an audit takes them as told."""
PASSES = "beyond its line"
"""Words by which a notice names posts where a tunnel or bridge passes the line: told, for an audit."""
_UNMAPPED = "ground where the map shows no street: what leads out there is not known"
"""As a leak of an outer line about which nothing is mapped: then nobody can claim that it is sealed."""
_NO_BOATS = "and none are planned for: where they can land is not known"
_HOLDS = {
    PerimeterName.INNER: "the hot zone and its stand-off",
    PerimeterName.OUTER: "warm ground, the inner perimeter and the gap between",
}


def write_perimeter(
    name: PerimeterName,
    drawn: Drawn,
    posts: tuple[Post, ...],
    counted: tuple[int, int, int],
    open_foot: Sequence[Stand],
    frame: Frame,
) -> Perimeter:
    """Write what documents say of a perimeter; its posts that became gates are counted later.

    ``counted``: the fewest vehicle posts that can be, how many more the line took, and how many more tunnels.
    """
    band, holds = drawn.band, _HOLDS[name]
    vehicle = [p for p in posts if p.mode is PostMode.VEHICLE]
    count = words.count(len(vehicle), "vehicle post")
    left_open = _left_open(band, [*drawn.stands, *open_foot])
    unmapped = {_UNMAPPED} if name is PerimeterName.OUTER and not len(band.edges) else set[str]()
    leaks = tuple(sorted({*band.leaks, *left_open, *drawn.astray, *unmapped}))
    if band.leaks:
        reason = f"Around {holds}. It cannot be sealed: the map ends inside it ({', '.join(band.leaks)})."
    elif unmapped:
        reason = f"Around {holds}. The map shows no street near it: what leads out of it is not known."
    elif not posts:
        reason = f"Around {holds}. No street or path leads out of it on this map: no post is needed."
    else:
        reason = (
            f"Around {holds}. {count} {'closes' if len(vehicle) == 1 else 'close'} every drivable street, "
            f"{_compared(len(vehicle), *counted)} (minimum cut); "
            f"{len(posts) - len(vehicle)} more on foot close the mapped paths."
        )
    if left_open:
        reason = (
            f"Around {holds}. {count} and {len(posts) - len(vehicle)} on foot; it is "
            f"not sealed where streets stay open as marked: {', '.join(left_open)}."
        )
    if relied := band.relied_on(drawn.driving):
        reason = f"{reason} It relies on streets that the user marked as blocked: {', '.join(relied)}."
    return Perimeter(
        perimeter=name,
        rings=_rings(drawn.polygon_m, frame),
        posts=len(posts),
        officers=sum(p.officers for p in posts),
        sealed=not leaks,
        leaks=leaks,
        reason=reason,
    )


def _compared(count: int, fewest: int, for_line: int, for_portals: int) -> str:
    """Compare the vehicle posts with the fewest that can be, and say what the others are for."""
    more = count - fewest
    if more <= 0:
        return "and no fewer can"
    for_portals = min(for_portals, more)
    for_line = min(max(for_line, 0), more - for_portals)
    what = {
        "so that each stands where the line can be held, not under or across another street": for_line,
        "so that a tunnel that forks is closed at its portals, as nobody can stand within": for_portals,
        "to leave a fire station or hospital outside": more - for_line - for_portals,
    }
    return f"{more} more than the fewest, " + ", ".join(f"{n} {why}" for why, n in what.items() if n)


def _left_open(band: Band, stands: Sequence[Stand]) -> tuple[str, ...]:
    return tuple(sorted({band.network.street(stand.edge) for stand in stands if stand.open}))


def _rings(polygon: Polygon, frame: Frame) -> Rings:
    ring = shapely.geometry.polygon.orient(polygon).exterior
    places: list[LonLat] = []
    for lon, lat in frame.to_deg(shapely.get_coordinates(ring)):
        place = LonLat(float(lon), float(lat)).rounded()
        if not places or places[-1] != place:
            places.append(place)
    return (tuple(places),)


def perimeter_notices(
    name: PerimeterName, drawn: Drawn, record: Perimeter, posts: Sequence[Post], area: Area
) -> tuple[Notice, ...]:
    """Tell what of a perimeter is open, unknown or approximate."""
    band = drawn.band
    notices: list[Notice] = []

    def say(level: NoticeLevel, text: str) -> None:
        notices.append(Notice(level, text, name.value))

    if streets := ", ".join(leak for leak in record.leaks if leak != _UNMAPPED):
        say(
            NoticeLevel.DANGER,
            f"The {name} perimeter is not sealed where its line or the map ends, or a street stays open: "
            f"{streets}",
        )
    if not len(band.edges):
        text = f"No street for vehicles is mapped near the {name} perimeter"
        if name is PerimeterName.OUTER:  # nobody can come there: it is the map that ends, or lacks a part
            text += (
                ": whether it is sealed is NOT known. Does the map lack this part? Draw the roads there are"
            )
            say(NoticeLevel.DANGER, text)
        else:
            say(NoticeLevel.CAUTION, text)
    elif band.off_map:
        leave = "leaves it there and is" if band.off_map == 1 else "leave it there and are"
        gone = f"{words.count(band.off_map, 'street')} {leave} taken to go on"
        say(NoticeLevel.CAUTION, f"The map ends near the {name} perimeter: {gone}")
    for text in (*_of_levels(name, drawn), *_held_elsewhere(name, posts)):
        say(NoticeLevel.CAUTION, text)
    say(
        NoticeLevel.CAUTION,
        f"The {name} perimeter closes streets and mapped paths; open ground between its posts is NOT closed",
    )
    for text in _approximate(name, drawn, posts, area.frame):
        say(NoticeLevel.CAUTION, text)
    if not area.knows(drawn.polygon_m):
        say(NoticeLevel.CAUTION, f"The {name} line leaves the map: what is there is not known")
    elif not area.extent_m.contains(drawn.polygon_m):
        text = f"The {name} line runs over water beyond the last streets, by the map: boats are not stopped"
        say(NoticeLevel.CAUTION, f"{text}, {_NO_BOATS}")
    elif along_m := waterfront_m(drawn.polygon_m.exterior, area):
        far = words.distance(along_m, words.METRES)
        text = (
            f"The {name} line runs along or over water for {far}, by the map: no post closes the waterfront"
        )
        say(NoticeLevel.CAUTION, f"{text}. Boats are not stopped, {_NO_BOATS}")
    return tuple(notices)


def _of_levels(name: PerimeterName, drawn: Drawn) -> list[str]:
    """Tell of tunnels and bridges through the ground held."""
    passing, joined = on_other_levels(drawn.band, drawn.driving, drawn.polygon_m)
    texts = []
    if passing:
        texts.append(
            f"In a tunnel or on a bridge through the ground of the {name} perimeter: {', '.join(passing)}. "
            "No street there leads to it, by the map. It is closed too: decide whether it can stay open"
        )
    if joined:
        texts.append(
            f"By tunnel one can drive out of the ground of the {name} perimeter, below its line: "
            f"{', '.join(joined)}. Whoever is inside may be in there: hold its far end from the start"
        )
    return texts


def _held_elsewhere(name: PerimeterName, posts: Sequence[Post]) -> list[str]:
    """Tell at which posts vehicles cannot turn off, or may not."""
    texts = []
    if confined := [post.id for post in posts if CONFINED in post.reason]:
        texts.append(
            f"{name.capitalize()} perimeter, in a tunnel or on a bridge, far from its end: "
            f"{', '.join(confined)}. "
            "Stop vehicles before they enter it: each post says how far its end is"
        )
    if trapped := [post.id for post in posts if TRAPPED in post.reason]:
        texts.append(
            f"{name.capitalize()} perimeter, {TRAPPED.replace('stopped here', 'stopped there')}: "
            f"{', '.join(trapped)}. The cut does not look for this: as few elsewhere may leave a way off. "
            "Each post says what is known of where to hold traffic before it"
        )
    return texts


def _approximate(name: PerimeterName, drawn: Drawn, posts: Sequence[Post], frame: Frame) -> list[str]:
    """Say where the line is only approximate: the posts are what counts."""
    network, texts = drawn.band.network, []
    met = {
        tuple(sorted((network.street(p.edge), network.street(p.other)))) for p in drawn.held if p.other >= 0
    }
    if met:
        pairs = "; ".join(f"{one} and {other}" for one, other in sorted(met))
        texts.append(
            f"The {name} perimeter closes both, as if vehicles can turn from one into the other: {pairs}. "
            "They meet, with no junction, bridge or tunnel on the map. Look: where none can, fewer posts do"
        )
    if crossed := _crossed(drawn, frame):
        places = words.count(sum(map(len, crossed.values())), "place")
        named = "; ".join(f"{street} ({', '.join(spots)})" for street, spots in sorted(crossed.items()))
        texts.append(
            f"The {name} line crosses streets without a post at {places}, where the map shows no junction, "
            f"bridge or tunnel: {named}. Look whether a vehicle can turn off there; where one can, it needs "
            "a post"
        )
    spots = shapely.points(frame.to_m([post.location for post in posts]).reshape(-1, 2))
    off = np.atleast_1d(shapely.distance(drawn.polygon_m.exterior, spots) > NEAR_LINE_M).tolist()
    passed = [post.id for post in posts if BEYOND in post.reason]
    if passed:
        texts.append(
            f"{', '.join(passed)} of the {name} perimeter: {PASSES}, where a tunnel or bridge passes it. The "
            "map shows nothing that joins that street between the line and the post"
        )
    if ids := [post.id for post, away in zip(posts, off, strict=True) if away and post.id not in passed]:
        texts.append(
            f"{', '.join(ids)} of the {name} perimeter {OFF_LINE}, where a street passes under or "
            "over another: the posts close the street, the line there is approximate"
        )
    return texts


def _crossed(drawn: Drawn, frame: Frame) -> dict[str, dict[str, None]]:
    """Name each street that the line crosses without a post, with what it meets, and the places to see."""
    network, across, places = drawn.band.network, dict[str, str](), dict[str, dict[str, None]]()
    for crossing in drawn.strange:
        street = network.street(crossing.edge)
        over = network.street(crossing.other) if crossing.other >= 0 else ""
        across[street] = across.get(street) or (over if over != street else "")
        places.setdefault(street, {})[_grid_of(crossing, drawn, frame)] = None
    return {
        f"{street} where it crosses {across[street]}" if across[street] else street: spots
        for street, spots in places.items()
    }


def _grid_of(crossing: Crossing, drawn: Drawn, frame: Frame) -> str:
    """Return the reference of where the line crosses a street, next to what that meets."""
    network, meets = drawn.band.network, crossing.places[0]
    spots = shapely.intersection(network.lines([crossing.edge])[0], drawn.polygon_m.exterior)
    nearest = shapely.shortest_line(spots, Point(network.at(meets.edge, meets.along_m)))
    place = frame.place(*shapely.get_coordinates(nearest)[0].tolist())
    return usng(place) or words.degrees(place)
