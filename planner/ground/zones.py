"""Hot, warm and cold ground: from what was drawn, or from one tap and a threat preset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import GeometryCollection, LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import Area, rings_of
from planner.doctrine import Doctrine, ThreatPreset
from planner.errors import IncidentError
from planner.geo import LonLat, on_globe
from planner.ground.around import around
from planner.ground.seen import seen_ground
from planner.ground.sightline import Walls, walls_of
from planner.ground.targets import Target, find_target, sight_points, thin
from planner.model import DrawnZone, Incident, Notice, Rings, ThreatPoint, Zone
from planner.outlines import crossing_notice, enclosed
from planner.terms import NoticeLevel, ThreatName, ZoneKind

Floats = NDArray[np.float64]

_EMPTY = GeometryCollection()
# Drawn outlines are freed of points that matter less than this; what is still longer is no outline.
_DRAWN_TOLERANCE_M = 0.5
_DRAWN_MAX_POINTS = 2_000
# Sight shapes the hot zone from this many places; more changes it by metres only.
_SHAPING_POINTS = 48
# What is closed and widened reaches three corridors far, and less than this beyond by rounding.
_DEEPER_M = 1.0
# No more than so much around each is left out: a larger floor then finds the same ground beyond it.
_NEAR_MOST_M = 40.0
# Sites are tested against at most this many points of the hot zone; long facades are sampled wider.
_SAMPLE_POINTS = 192
_SLIVER_M2 = 1.0
# Ground hidden from the hot zone is told of where it is no smaller; on so many sides by name.
_NOTCH_M2 = 150.0
_NOTCHES_NAMED = 3
# What lies no further beyond the area's last street is planned for: the nearest streets serve it.
_BESIDE_M = 500.0


@dataclass(frozen=True, eq=False)
class Ground:
    """The zones in metres, none overlapping another: the highest threat wins at each point.

    Parameters
    ----------
    hot_m, warm_m, cold_m : polygonal geometry
        ``cold_m`` is what the user drew as cold, less hot and warm; all the rest is cold anyway.
    target_m : geometry
        The place of the attack: a footprint or a point.
    target_name : str
        Name of the building or ground that was tapped, "" if none.
    samples_xyz_m : (n, 3) array
        Points of the hot zone from which sight is tested: facade vertices and every 10 m; z above ground.
    zones : tuple of Zone
        The same as documents write it.
    notices : tuple of Notice
    """

    hot_m: BaseGeometry
    warm_m: BaseGeometry
    cold_m: BaseGeometry
    target_m: BaseGeometry
    target_name: str
    samples_xyz_m: Floats
    zones: tuple[Zone, ...]
    notices: tuple[Notice, ...]

    @cached_property
    def danger_m(self) -> BaseGeometry:
        """Hot and warm ground together."""
        return shapely.union_all([self.hot_m, self.warm_m])


@dataclass(frozen=True, eq=False)
class Danger:
    """One source of danger and the ground that its preset gives it, before zones are told apart.

    Parameters
    ----------
    hot_m, reach_m : polygonal geometry
        ``reach_m`` is hot and warm together.
    hot_reason, warm_reason : str
    samples_xyz_m : (n, 3) array
    notices : tuple of Notice
    """

    hot_m: BaseGeometry
    reach_m: BaseGeometry
    hot_reason: str
    warm_reason: str
    samples_xyz_m: Floats
    notices: tuple[Notice, ...] = ()


def draw_zones(incident: Incident, area: Area, doctrine: Doctrine) -> Ground:
    """Draw the zones of an incident.

    Drawn hot ground stands as drawn; a tap that no drawn hot zone holds gets the preset's ground, since every
    place of violence counts as hot until police decide otherwise (F1). Each further threat adds its own.

    Raises
    ------
    IncidentError
        If nothing says where the incident is, or it lies outside the area.
    """
    drawn, notices = _drawn(incident.zones, area)
    tapped = _tapped(incident, drawn[ZoneKind.HOT], area, doctrine)
    dangers = [] if tapped is None else [tapped[1]]
    dangers += [_threat_danger(i, threat, area, doctrine) for i, threat in enumerate(incident.threats, 1)]
    if drawn[ZoneKind.HOT].is_empty and not dangers:
        raise IncidentError(
            "nothing says where the incident is",
            "Give the place of attack (an incident point, or --at LAT,LON), or draw a hot zone",
        )
    target = tapped[0] if tapped is not None else _drawn_target(incident, drawn[ZoneKind.HOT], area, doctrine)
    if not drawn[ZoneKind.HOT].is_empty:
        dangers.insert(0, _drawn_danger(incident, drawn, area, doctrine))
    return _compose(drawn, dangers, target, area, notices)


def _drawn_target(incident: Incident, hot_m: BaseGeometry, area: Area, doctrine: Doctrine) -> Target:
    if incident.location is not None:
        return find_target(incident.location, area, doctrine.zones.target_max_m2)
    if hot_m.is_empty:
        return find_target(incident.threats[0].location, area, doctrine.zones.target_max_m2, grounds=False)
    return Target(hot_m, hot_m, "", "the drawn hot zone")


def _compose(
    drawn: dict[ZoneKind, BaseGeometry],
    dangers: Sequence[Danger],
    target: Target,
    area: Area,
    notices: list[Notice],
) -> Ground:
    """Tell the zones apart, highest threat first, and write them down."""
    hot = _polygonal(shapely.union_all([d.hot_m for d in dangers]))
    reach = shapely.union_all([hot, *(d.reach_m for d in dangers), drawn[ZoneKind.WARM]])
    warm = _polygonal(shapely.difference(reach, hot))
    cold = _polygonal(shapely.difference(drawn[ZoneKind.COLD], reach))
    notices += [notice for danger in dangers for notice in danger.notices]
    notices += _edge_notices(hot, warm, area) + _overruled_notices(drawn, cold)
    samples = thin(np.vstack([d.samples_xyz_m for d in dangers]), _SAMPLE_POINTS)
    return Ground(
        hot_m=hot,
        warm_m=warm,
        cold_m=cold,
        target_m=target.footprint_m,
        target_name=target.name,
        samples_xyz_m=samples,
        zones=_records(_claims(drawn, dangers, hot, warm, cold), area),
        notices=tuple(dict.fromkeys(notices)),
    )


# --- what was drawn -----------------------------------------------------------------------------


def _drawn(zones: Sequence[DrawnZone], area: Area) -> tuple[dict[ZoneKind, BaseGeometry], list[Notice]]:
    """Drawn ground by kind, repaired; the kinds may still overlap."""
    parts: dict[ZoneKind, list[BaseGeometry]] = {kind: [] for kind in ZoneKind}
    notices: list[Notice] = []
    for number, zone in enumerate(zones, 1):
        if not zone.shape.polygons:
            raise IncidentError(
                f"zone {number} is not a polygon", "Draw it as an area with at least three corners"
            )
        for rings in zone.shape.polygons:
            rough = _read_polygon(rings, number, area)
            polygon = _polygonal(enclosed(rough))
            if polygon.area < _SLIVER_M2:
                raise _too_small(number)
            parts[zone.zone].append(polygon)
            notices += crossing_notice(f"drawn {zone.zone} zone {number}", rough, f"zone {number}")
    return {kind: _polygonal(shapely.union_all(polygons)) for kind, polygons in parts.items()}, notices


def _read_polygon(rings: Rings, number: int, area: Area) -> Polygon:
    """One drawn polygon in metres, which may cross itself."""
    degrees = [np.asarray(ring, dtype=np.float64).reshape(-1, 2) for ring in rings]
    for ring in degrees:
        _check_ring(ring, number)
    _check_inside(degrees[0], f"zone {number}", area)
    lines = [shapely.simplify(LineString(area.frame.to_m(ring)), _DRAWN_TOLERANCE_M) for ring in degrees]
    if sum(len(line.coords) for line in lines) > _DRAWN_MAX_POINTS:
        raise IncidentError(
            f"zone {number} has {sum(map(len, degrees)):,} points and no plain outline",
            f"Draw it again with fewer than {_DRAWN_MAX_POINTS:,} corners",
        )
    outlines = [line for line in lines if len(set(line.coords)) >= 3]
    if not outlines or len(set(lines[0].coords)) < 3:
        raise _too_small(number)
    return Polygon(outlines[0], outlines[1:])


def _check_ring(ring: Floats, number: int) -> None:
    if not np.isfinite(ring).all():
        raise IncidentError(f"zone {number} has a coordinate that is not a number", "Draw the zone again")
    if (np.abs(ring) > (180.0, 90.0)).any():
        raise IncidentError(
            f"zone {number} has a coordinate that is not on the globe",
            "Give longitude first, then latitude, in degrees",
        )
    if len(np.unique(ring, axis=0)) < 3:
        raise IncidentError(
            f"zone {number} has fewer than three corners", "Draw it as an area with at least three corners"
        )


def _too_small(number: int) -> IncidentError:
    return IncidentError(f"zone {number} has no area", "Draw it as an area with at least three corners")


def _check_inside(degrees: Floats, what: str, area: Area) -> None:
    """Refuse a ring or point that lies wholly outside the area, and not just beside it.

    An area ends with its streets: in a town of one road every house lies beside it. Where its map shows
    streets on ground that it does not show whole, a plan is made, and says what is not known.
    """
    xy_m = area.frame.to_m(degrees)
    hull_m = shapely.MultiPoint(xy_m).convex_hull  # of one point a point, not a box without area
    if np.isfinite(xy_m).all():
        if shapely.dwithin(area.extent_m, hull_m, _BESIDE_M):
            return
        if area.network.edges_meeting(hull_m.buffer(_BESIDE_M)).any():
            return
    west, south, east, north = area.bbox_deg
    east = on_globe(east, 0.0).lon_deg
    lon, lat = degrees.mean(axis=0)
    swapped = area.covers(LonLat(float(lat), float(lon)))
    raise IncidentError(
        f"{what} at longitude {lon:.5f}, latitude {lat:.5f} lies outside the area {area.name}",
        "Longitude and latitude look swapped: exchange them"
        if swapped
        else f"Choose the area that covers it; {area.name} spans longitude {west:.4f} to {east:.4f}, "
        f"latitude {south:.4f} to {north:.4f}",
    )


def _drawn_danger(
    incident: Incident, drawn: dict[ZoneKind, BaseGeometry], area: Area, doctrine: Doctrine
) -> Danger:
    """Drawn hot ground, and the warm margin around it unless warm ground was drawn too."""
    preset = doctrine.preset(incident.threat)
    hot = drawn[ZoneKind.HOT]
    reach = hot if not drawn[ZoneKind.WARM].is_empty else around(hot, preset.warm_margin_m)
    walls = walls_of(area, doctrine.siting)
    spots = sight_points(hot, area, doctrine.zones.sample_spacing_m)
    return Danger(
        hot_m=hot,
        reach_m=reach,
        hot_reason="Hot: as drawn",
        warm_reason=f"Warm: {preset.warm_margin_m:.0f} m around the drawn hot zone "
        f"({_threat_words(incident.threat)} preset, a planning default)",
        samples_xyz_m=_raise(spots, preset.height_m),
        notices=_sight_notices(walls, hot, preset.unseen_m, doctrine),
    )


# --- from a tap and a preset --------------------------------------------------------------------


def _tapped(
    incident: Incident, hot_m: BaseGeometry, area: Area, doctrine: Doctrine
) -> tuple[Target, Danger] | None:
    """Find the place tapped and its danger; None where nothing was, or drawn hot ground already holds it."""
    if incident.location is None:
        return None
    location = incident.location.checked()
    _check_inside(np.array([location]), "the incident", area)
    if hot_m.intersects(Point(area.frame.point_m(location))):
        return None
    target = find_target(location, area, doctrine.zones.target_max_m2)
    return target, _preset_danger(target, incident.threat, target.label, area, doctrine)


def _threat_danger(number: int, threat: ThreatPoint, area: Area, doctrine: Doctrine) -> Danger:
    """Danger of a further threat at a point (F3), or of the building it is in."""
    location = threat.location.checked()
    _check_inside(np.array([location]), f"threat {number}", area)
    target = find_target(location, area, doctrine.zones.target_max_m2, grounds=False)
    name = f"the {threat.status} {_threat_words(threat.threat)}" + (
        f" in {target.name}" if target.name else ""
    )
    return _preset_danger(target, threat.threat, name, area, doctrine)


def _preset_danger(target: Target, threat: ThreatName, name: str, area: Area, doctrine: Doctrine) -> Danger:
    preset = doctrine.preset(threat)
    walls = walls_of(area, doctrine.siting)
    spots = sight_points(target.structure_m, area, doctrine.zones.sample_spacing_m)
    disc = around(target.structure_m, preset.hot_m)
    hot, how, whole = _hot_ground(target, threat, disc, spots, area, doctrine)
    # Of a whole disc a wider one is all around it, in a quarter of the corners that arcs around arcs take.
    widest_m = max(preset.warm_m, preset.hot_m + preset.warm_margin_m) if whole else preset.warm_m
    near = target.footprint_m if whole else hot
    reach = shapely.union(around(target.structure_m, widest_m), around(near, preset.warm_margin_m))
    named = _threat_words(threat)
    return Danger(
        hot_m=hot,
        reach_m=reach,
        hot_reason=f"Hot: {name} and {how} ({named} preset, a planning default)",
        warm_reason=f"Warm: out to {preset.warm_m:.0f} m from {name}, and {preset.warm_margin_m:.0f} m "
        f"around its hot zone ({named} preset, a planning default)",
        samples_xyz_m=_raise(spots, preset.height_m),
        notices=_sight_notices(walls, disc, preset.unseen_m, doctrine)
        if preset.hot_m > preset.sight_floor_m
        else (),
    )


def _hot_ground(
    target: Target, threat: ThreatName, disc: BaseGeometry, spots: Floats, area: Area, doctrine: Doctrine
) -> tuple[BaseGeometry, str, bool]:
    """Return the hot zone of a preset, how it came about in words, and whether it is a whole ``disc``."""
    preset = doctrine.preset(threat)
    if preset.hot_m <= preset.sight_floor_m:
        return _filled(target.footprint_m.union(disc)), f"{preset.hot_m:.0f} m around it", True
    floor = shapely.union(target.footprint_m, around(target.structure_m, preset.sight_floor_m))
    if threat is ThreatName.VEHICLE:
        carriageway, streets = _carriageway(target, floor, disc, preset, area)
        how = f"{preset.sight_floor_m:.0f} m around it and {streets}, out to {preset.hot_m:.0f} m"
        return _filled(floor.union(carriageway)), how, False
    walls = walls_of(area, doctrine.siting)
    if not walls.any_within(*disc.bounds):
        how = f"{preset.hot_m:.0f} m around it: no buildings are mapped here, so nothing is taken to hide it"
        return _filled(target.footprint_m.union(disc)), how, True
    visible = _visible(target, walls, spots, preset, doctrine)
    seen = shapely.intersection(visible, disc)
    # Closing and widening alone can only add ground, so that a larger radius never takes ground away.
    shaped = shapely.buffer(shapely.buffer(seen, 2 * doctrine.zones.corridor_m), -doctrine.zones.corridor_m)
    hot = _filled(shapely.union(floor, shapely.intersection(shaped, disc)))
    how = (
        f"{preset.sight_floor_m:.0f} m around it, and what can be seen from it out to {preset.hot_m:.0f} m "
        f"(map estimate){_hidden(disc, hot)}"
    )
    return hot, how, False


def _hidden(disc: BaseGeometry, hot: BaseGeometry) -> str:
    """Say on which sides buildings take ground out of a disc, so that nobody wonders about a notch."""
    left = shapely.get_parts(shapely.difference(disc, hot))
    left = left[shapely.area(left) >= _NOTCH_M2]
    if not len(left):
        return ""
    off = shapely.get_coordinates(shapely.centroid(left)) - shapely.get_coordinates(disc.centroid)
    sides = dict.fromkeys(
        words.side(*xy) for xy in off[np.argsort(-shapely.area(left), kind="stable")].tolist()
    )
    if len(sides) > _NOTCHES_NAMED or shapely.area(left).sum() > disc.area / 2:
        return ": buildings hide the rest"
    return f": buildings hide the notch{'es' * (len(left) > 1)} to the {words.joined(list(sides))}"


def _visible(
    target: Target, walls: Walls, spots: Floats, preset: ThreatPreset, doctrine: Doctrine
) -> BaseGeometry:
    """Ground that somebody at the place sees, as far as the preset's hot radius.

    Less such as lies so deep in the preset's floor that nothing beyond that is widened by it.
    """
    eyes = _raise(thin(spots, _SHAPING_POINTS), preset.height_m)
    off_m = shapely.distance(target.structure_m, shapely.points(eyes[:, :2]))
    deep_m = preset.sight_floor_m - 3 * doctrine.zones.corridor_m - _DEEPER_M
    near_m = np.minimum(deep_m - off_m, _NEAR_MOST_M)
    return seen_ground(walls, eyes, preset.hot_m, to_z_m=doctrine.siting.person_height_m, near_m=near_m)


def _carriageway(
    target: Target, floor: BaseGeometry, disc: BaseGeometry, preset: ThreatPreset, area: Area
) -> tuple[BaseGeometry, str]:
    """Return the streets on which a vehicle can run from the place, widened by the preset's floor; in words.

    And the ground between the place and the street nearest to it: by that a vehicle leaves a market.
    """
    network = area.network
    near = network.edges_in_box(disc.bounds)
    near = near[network.drivable[near]]
    lines = shapely.union_all(shapely.intersection(network.lines(near), disc))
    if lines.is_empty:
        return _EMPTY, "along streets, of which the map shows none here"
    lanes = shapely.get_parts(around(lines, preset.sight_floor_m))
    way = around(shapely.shortest_line(target.structure_m, lines), preset.sight_floor_m)
    own = shapely.intersects(lanes, floor)
    streets = "along its streets" if own.any() else "along the nearest street"
    return shapely.union_all([way, *lanes[own | shapely.intersects(lanes, way)]]), streets


# --- writing down -------------------------------------------------------------------------------


_Claim = tuple[ZoneKind, BaseGeometry, bool, str]
"""A kind of ground, the ground, whether it was drawn by hand, and why it is of that kind."""


def _records(claims: Sequence[_Claim], area: Area) -> tuple[Zone, ...]:
    """Zones as documents write them: each piece of ground once, drawn pieces first."""
    return tuple(
        Zone(kind, rings_of(part, area.frame), by_hand, reason)
        for kind, ground, by_hand, reason in claims
        for part in shapely.get_parts(ground)
        if part.area >= _SLIVER_M2
    )


def _claims(
    drawn: dict[ZoneKind, BaseGeometry],
    dangers: Sequence[Danger],
    hot: BaseGeometry,
    warm: BaseGeometry,
    cold: BaseGeometry,
) -> list[_Claim]:
    """Who claims which ground, highest first: each piece of ground once."""
    if len(dangers) == 1 and all(ground.is_empty for ground in drawn.values()):
        (own,) = dangers
        return [(ZoneKind.HOT, hot, False, own.hot_reason), (ZoneKind.WARM, warm, False, own.warm_reason)]
    claims = [(ZoneKind.HOT, drawn[ZoneKind.HOT], True, "Hot: as drawn")]
    claims += [(ZoneKind.HOT, d.hot_m, False, d.hot_reason) for d in dangers]
    claims.append((ZoneKind.HOT, hot, False, "Hot: between the hot zones"))
    claims.append((ZoneKind.WARM, drawn[ZoneKind.WARM], True, "Warm: as drawn, less what is hot"))
    claims += [(ZoneKind.WARM, d.reach_m, False, d.warm_reason) for d in dangers]
    claims.append((ZoneKind.COLD, cold, True, "Cold: as drawn, less what is hot or warm"))
    return _less_those_before([claim for claim in claims if not claim[1].is_empty])


def _less_those_before(claims: Sequence[_Claim]) -> list[_Claim]:
    """Give each claim what is left of its ground: the one before has what two claim."""
    taken: BaseGeometry = _EMPTY
    left = []
    for kind, ground, by_hand, reason in claims:
        left.append((kind, _polygonal(shapely.difference(ground, taken)), by_hand, reason))
        taken = shapely.union(taken, ground)
    return left


def _edge_notices(hot: BaseGeometry, warm: BaseGeometry, area: Area) -> list[Notice]:
    for kind, ground in ((ZoneKind.HOT, hot), (ZoneKind.WARM, warm)):
        if not ground.is_empty and not area.knows(ground):
            text = f"Part of the {kind} zone lies beyond the edge of the map: what is there is not known"
            return [Notice(NoticeLevel.CAUTION, text, "zones")]
    return []


def _overruled_notices(drawn: dict[ZoneKind, BaseGeometry], cold: BaseGeometry) -> list[Notice]:
    if drawn[ZoneKind.COLD].area - cold.area < _SLIVER_M2:
        return []
    text = "Part of the ground drawn as cold lies in a hot or warm zone: the higher threat wins there"
    return [Notice(NoticeLevel.INFO, text, "zones")]


def _sight_notices(
    walls: Walls, ground: BaseGeometry, unseen_m: float, doctrine: Doctrine
) -> tuple[Notice, ...]:
    """Say what lines of sight do not know here.

    On a square, or a river, buildings stand around it only: those are looked for as far as sites keep out of
    sight.
    """
    known = walls.count_within(*ground.bounds)
    if known == 0:
        ground = around(ground, unseen_m)
        known = walls.count_within(*ground.bounds)
    if known == 0:
        text = "No buildings are mapped here: what can be seen from the hot zone is not known"
        return (Notice(NoticeLevel.CAUTION, text, "sight"),)
    assumed = walls.assumed_within(*ground.bounds)
    if assumed == 0:
        return ()
    text = (
        f"Height is not mapped for {assumed} of {words.count(known, 'building')} around the hot zone: "
        f"{doctrine.siting.assumed_height_m:.0f} m is assumed for lines of sight"
    )
    return (Notice(NoticeLevel.INFO, text, "sight"),)


def _threat_words(threat: ThreatName) -> str:
    return "unknown threat" if threat is ThreatName.UNKNOWN else threat.replace("_", " ")


def _raise(spots: Floats, height_m: float) -> Floats:
    return np.column_stack([spots, np.full(len(spots), height_m)])


def _filled(shape: BaseGeometry) -> BaseGeometry:
    """Fill the holes of a shape: nobody can use a pocket that hot ground surrounds."""
    return shapely.union_all([Polygon(part.exterior) for part in shapely.get_parts(_polygonal(shape))])


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a shape, valid, without stray lines and points."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shape)))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
