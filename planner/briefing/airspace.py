"""The draft request for airspace (F28): the circle, its ceiling, and what flies inside it.

Only the aviation authority restricts airspace; this is a text to send there, marked REQUEST. Its size is the
one that the FAA's AIM 3-5-3 calls normal, 3 NM and 2,000 ft above ground (``domain.md`` 2.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

import numpy as np
import shapely

from planner import words
from planner.area import Area
from planner.briefing.phrases import UNDATED, Edition, heading, scene
from planner.errors import IncidentError
from planner.geo import Frame, LonLat, usng
from planner.model import Plan
from planner.terms import PlaceKind, Purpose

NAUTICAL_MILE_M = 1852.0
NORMAL_RADIUS_NM = 3.0
NORMAL_CEILING_FT = 2000
STATUS = "REQUEST: NOT IN FORCE until the aviation authority publishes it"
_CORNERS = 72
_SAME_PAD_M = 150.0
_KINDS = {PlaceKind.HELIPAD: "helipad", PlaceKind.AERODROME: "airfield"}
_COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


@dataclass(frozen=True)
class LandingPlace:
    """Where aircraft land inside the circle: ``bearing_deg`` and ``distance_nm`` from its centre."""

    name: str
    kind: str
    location: LonLat
    distance_nm: float
    bearing_deg: float


@dataclass(frozen=True)
class AirspaceRequest:
    """A circle to ask for.

    Parameters
    ----------
    centre : LonLat
    radius_nm : float
        Nautical miles.
    ceiling_ft : int
        Feet above ground.
    ring : tuple of LonLat
        The circle, closed, counter-clockwise.
    landing : tuple of LandingPlace
        Helipads and airfields inside, nearest first.
    searched : bool
        Whether a map was searched for them; False: only what the plan holds is listed.
    map_short : bool
        Whether the circle reaches beyond the map, where nothing was searched.
    """

    centre: LonLat
    radius_nm: float
    ceiling_ft: int
    ring: tuple[LonLat, ...]
    landing: tuple[LandingPlace, ...]
    searched: bool
    map_short: bool


def airspace_request(
    plan: Plan,
    area: Area | None = None,
    radius_nm: float = NORMAL_RADIUS_NM,
    ceiling_ft: int = NORMAL_CEILING_FT,
) -> AirspaceRequest:
    """Draw up a request about a plan's scene.

    Parameters
    ----------
    plan : Plan
    area : Area, optional
        Searched for helipads and airfields; without it only hospitals' helipads and helispots are listed.
    radius_nm, ceiling_ft : float, int
        Nautical miles, and feet above ground.

    Raises
    ------
    IncidentError
        If the plan has no scene.
    """
    centre = scene(plan)
    if centre is None:
        raise IncidentError("the plan has no scene to ask airspace for", "Say where the incident is")
    frame = Frame(centre)
    radius_m = radius_nm * NAUTICAL_MILE_M
    turn = np.linspace(0, 2 * np.pi, _CORNERS + 1)
    circle_m = np.column_stack([np.cos(turn), np.sin(turn)]) * radius_m
    ring = tuple(frame.place(x, y) for x, y in circle_m[:-1])
    found = [*_plan_pads(plan), *([] if area is None else _map_pads(area))]
    return AirspaceRequest(
        centre=centre,
        radius_nm=radius_nm,
        ceiling_ft=ceiling_ft,
        ring=(*ring, ring[0]),
        landing=_inside(found, frame, radius_m),
        searched=area is not None,
        map_short=area is not None and not all(area.covers(corner) for corner in ring),
    )


def _plan_pads(plan: Plan) -> list[tuple[str, str, LonLat]]:
    pads = [(words.plain(h.name), "hospital helipad", h.location) for h in plan.hospitals if h.helipad]
    return pads + [
        (words.plain(site.name), f"helispot of this plan, {words.plain(site.id, 40)}", site.entrance)
        for site in plan.sites
        if site.purpose is Purpose.HELISPOT
    ]


def _map_pads(area: Area) -> list[tuple[str, str, LonLat]]:
    table = area.places_of(*_KINDS)
    middles = shapely.centroid(table.shapes)
    names, kinds = table["name"].tolist(), table["kind"].tolist()
    return [
        (words.plain(str(name)) or "unnamed", _KINDS[PlaceKind(kind)], area.frame.place(at.x, at.y))
        for name, kind, at in zip(names, kinds, middles, strict=True)
    ]


def _inside(found: list[tuple[str, str, LonLat]], frame: Frame, radius_m: float) -> tuple[LandingPlace, ...]:
    """Keep what lies in the circle, nearest first; a pad of the map beside a hospital's is the hospital's."""
    kept: list[tuple[float, float, LandingPlace]] = []
    for name, kind, at in found:
        x, y = frame.point_m(at)
        distance_m = float(np.hypot(x, y))
        again = kind == "helipad" and any(
            np.hypot(x - other_x, y - other_y) < _SAME_PAD_M for other_x, other_y, _ in kept
        )
        if distance_m <= radius_m and not again:
            bearing = float(np.degrees(np.arctan2(x, y))) % 360
            kept.append((x, y, LandingPlace(name, kind, at, distance_m / NAUTICAL_MILE_M, bearing)))
    return tuple(sorted((pad for _, _, pad in kept), key=lambda pad: (pad.distance_nm, pad.name)))


def airspace_text(plan: Plan, request: AirspaceRequest, edition: Edition = UNDATED) -> str:
    """Return the request as text: what is known is filled in, what is not stays blank."""
    head = heading(plan, edition)
    centre = request.centre
    lines = [
        "DRAFT REQUEST FOR TEMPORARY FLIGHT RESTRICTIONS",
        STATUS,
        "",
        f"Centre: {words.degrees_minutes(centre)} (WGS 84), USNG {usng(centre) or words.UNKNOWN}",
        f"Radius: {request.radius_nm:g} NM ({request.radius_nm * NAUTICAL_MILE_M:,.0f} m)",
        f"Ceiling: surface to {request.ceiling_ft:,} ft above ground",
        "Reason: law enforcement activity, hazard to aircraft and to people on the ground",
        "  (in the United States: 14 CFR 91.137(a)(1))",
        f"From (UTC): {_utc(edition)}   Until (UTC): ____________________",
        "Requesting agency: ____________________   Contact, telephone: ____________________",
        "Aircraft to be let in (medical, police): ____________________   Channel: ____________________",
        "",
        f"HELIPADS AND AIRFIELDS INSIDE: {len(request.landing) or 'none known'}",
        *(f"  {_landing_line(pad)}" for pad in request.landing),
        *_limits(request),
        "",
        "In airspace of class B, C or D its own controller usually handles this: call there first.",
        f"{words.ADVICE}. Sent by: ____________________",
    ]
    return words.lines_of([*head, "", *lines])


def _utc(edition: Edition) -> str:
    if edition.at is None or edition.at.tzinfo is None:
        return "____________________"
    return f"{edition.at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _landing_line(pad: LandingPlace) -> str:
    side = _COMPASS[round(pad.bearing_deg / 45) % 8]
    where = f"{pad.distance_nm:.1f} NM {side} ({pad.bearing_deg:03.0f}°)"
    return f"{pad.name} ({pad.kind}), {where}, {words.degrees_minutes(pad.location)}"


def _limits(request: AirspaceRequest) -> list[str]:
    if not request.searched:
        return ["  The map was not at hand: only hospitals and helispots of the plan are listed."]
    if request.map_short:
        return ["  The circle reaches beyond the map: what lies there is not known."]
    return []
