"""How page, prints and radio say things: short names, rounded figures, units (``domain.md`` 6.9)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from planner.geo import LonLat
from planner.terms import PerimeterName, Purpose, RouteKind, ThreatName, ZoneKind

METRES, FEET = "m", "ft"
UNITS = (METRES, FEET)
ADVICE = "Suggestion: IC decides"
_FEET_PER_METRE = 1 / 0.3048
_FEET_PER_MILE = 5280
_POINTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
UNKNOWN = "?"
EDGE = "the edge of the map"
TOWARDS, AWAY_FROM, ON_THE_WAY_TO = TO_THE_EDGE = f"{EDGE}, towards ", f"{EDGE}, away from ", f"{EDGE}, for "
"""Before the name of what a way leads to that the map does not reach: the rest of the drive is not known.

Where no exit on its side is reached, the way leaves the map away from it; of other ways that is not asked.
"""

PURPOSES = {
    Purpose.COMMAND_POST: ("CP", "Command post"),
    Purpose.STAGING: ("STAGING", "Staging"),
    Purpose.STAGING_FIRE: ("STG-FIRE", "Staging, fire"),
    Purpose.STAGING_POLICE: ("STG-POL", "Staging, police"),
    Purpose.CASUALTY_COLLECTION_FORWARD: ("CCP-F", "Casualty collection, forward"),
    Purpose.CASUALTY_COLLECTION: ("CCP", "Casualty collection point"),
    Purpose.AMBULANCE_EXCHANGE: ("AEP", "Ambulance exchange point"),
    Purpose.EVACUATION: ("EVAC", "Evacuation area"),
    Purpose.REUNIFICATION: ("REUN", "Reunification"),
    Purpose.REUNIFICATION_BEREAVED: ("FAMILY", "Families of the dead"),
    Purpose.MEDIA: ("MEDIA", "Media"),
    Purpose.HELISPOT: ("LZ", "Helispot"),
}
"""Label on the map and name in the lists."""

THREATS = {
    ThreatName.UNKNOWN: "Unknown",
    ThreatName.HANDGUN: "Handgun",
    ThreatName.RIFLE: "Rifle",
    ThreatName.ELEVATED_RIFLE: "Rifle, elevated",
    ThreatName.KNIFE: "Knife",
    ThreatName.VEHICLE: "Vehicle",
    ThreatName.FIRE: "Fire",
    ThreatName.PIPE_BOMB: "Pipe bomb",
    ThreatName.SUICIDE_VEST: "Suicide vest",
    ThreatName.BRIEFCASE_BOMB: "Briefcase bomb",
    ThreatName.SEDAN_BOMB: "Car bomb: sedan",
    ThreatName.SUV_BOMB: "Car bomb: SUV, van",
    ThreatName.DELIVERY_TRUCK_BOMB: "Truck bomb: delivery",
    ThreatName.CONTAINER_TRUCK_BOMB: "Truck bomb: container",
    ThreatName.SEMI_TRAILER_BOMB: "Truck bomb: semi-trailer",
}
BOMBS = tuple(threat for threat in THREATS if threat.value.endswith(("bomb", "vest")))

ROUTES = {
    RouteKind.INGRESS: "Way in",
    RouteKind.EGRESS: "Way out",
    RouteKind.TRANSFER: "Staging to exchange",
    RouteKind.PUBLIC: "Public way",
}
PERIMETERS = {PerimeterName.INNER: "Inner perimeter", PerimeterName.OUTER: "Outer perimeter"}
ZONE_LETTERS = {ZoneKind.HOT: "H", ZoneKind.WARM: "W", ZoneKind.COLD: "C"}


def distance(length_m: float, units: str) -> str:
    """Write a distance: to 10 m below a kilometre, else to 0.1 km; or to 50 ft, then miles."""
    if units == FEET:
        feet = length_m * _FEET_PER_METRE
        if feet < _FEET_PER_MILE / 2:
            return f"{_nearest(feet, 50):,} ft"
        return f"{feet / _FEET_PER_MILE:.1f} mi"
    return f"{_nearest(length_m, 10)} m" if length_m < 1000 else f"{length_m / 1000:.1f} km"


def ground(area_m2: float | None, units: str) -> str:
    """Write an area of ground to two figures, or that it is not known."""
    if area_m2 is None or not math.isfinite(area_m2):
        return f"{UNKNOWN} {'sq ft' if units == FEET else 'm²'}"
    if units == FEET:
        return f"{_two_figures(area_m2 * _FEET_PER_METRE**2):,} sq ft"
    return f"{_two_figures(area_m2):,} m²"


def minutes(span_min: tuple[int, int] | None) -> str:
    """Write a range of whole minutes, or that it is not known."""
    if span_min is None:
        return f"{UNKNOWN} min"
    low, high = span_min
    return f"{low} min" if low == high else f"{low}-{high} min"


def about(time_s: float) -> str:
    """Write a planning time as the reasons do: rounded up, never better than it is."""
    return "under 1 min" if time_s < 60 else f"about {math.ceil(time_s / 60)} min"


def side(east_m: float, north_m: float) -> str:
    """Name the side on which something lies: ``N``, ``NE`` and so on."""
    return _POINTS[round(math.degrees(math.atan2(east_m, north_m)) / 45) % len(_POINTS)]


def count(number: int, one: str, many: str = "") -> str:
    """Write a number of things: ``1 post``, ``2 posts``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


_UNREAD = {"passage": "street", "barriers": "barrier", "turns": "turn", "speed": "speed limit"}


def unread_rules(counts: Mapping[str, int]) -> str:
    """Write how many streets, barriers, turns and limits hold at times; "" where there are none."""
    return joined([count(counts[kind], one) for kind, one in _UNREAD.items() if counts[kind]])


def amount(number: int, many: str) -> str:
    """Write a number of what is named by its plural: ``1 patrol car``, ``1 person indoors``."""
    first, _, rest = many.partition(" ")
    if number != 1:
        return f"{number} {many}"
    return f"{number} {f'person {rest}'.rstrip() if first == 'people' else many.removesuffix('s')}"


def joined(names: Sequence[str]) -> str:
    """Write names in a sentence: ``a, b and c``; nothing for none."""
    *before, last = names or ("",)
    return f"{', '.join(before)} and {last}" if before else last


def _nearest(value: float, step: int) -> int:
    return max(step, round(value / step) * step)


def _two_figures(value: float) -> int:
    if value < 1:
        return 0
    step = 10 ** max(0, math.floor(math.log10(value)) - 1)
    return int(round(value / step) * step)


# --- what goes onto paper and over the radio -------------------------------------------------------

SENSITIVE = "LAW ENFORCEMENT SENSITIVE: DRAFT"
EXERCISE = "EXERCISE EXERCISE EXERCISE"
_LONGEST_NAME = 120
_JOINERS = "\u200c\u200d"


def plain(text: str, longest: int = _LONGEST_NAME) -> str:
    """Return a name of the map as one printable line: no control characters, no turned writing, no reams.

    Parameters
    ----------
    text : str
        A name from OpenStreetMap, or what a user typed.
    longest : int
        Characters kept; what is cut off shows as "…".
    """
    line = " ".join(_printable(text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _printable(text: str) -> str:
    """Return a text with a blank for each character that cannot be shown: nearly always the text as it is."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else " " for c in text)


def lines_of(parts: Iterable[str], between: str = "\n") -> str:
    """Join parts to a text of printable lines: whatever slipped into an id does not drive a terminal."""
    return "\n".join(map(_printable, between.join(parts).split("\n"))) + "\n"


def both(length_m: float) -> str:
    """Write a distance in metric and US units: ``360 m (1,200 ft)``."""
    return f"{distance(length_m, METRES)} ({distance(length_m, FEET)})"


def moment(at: datetime) -> str:
    """Write a time by the local clock and in UTC: ``2026-05-14 09:32 -03:00 (12:32 UTC)``.

    A time that names no zone is told without UTC.
    """
    if at.tzinfo is None:
        return f"{at:%Y-%m-%d %H:%M} local"
    local, utc = f"{at:%Y-%m-%d %H:%M}", at.astimezone(UTC)
    if at.utcoffset() == timedelta(0):
        return f"{local} UTC"
    day = "" if utc.date() == at.date() else f"{utc:%Y-%m-%d} "
    return f"{local} {at.isoformat()[-6:]} ({day}{utc:%H:%M} UTC)"


def degrees(place: LonLat) -> str:
    """Write a place as latitude and longitude in degrees, WGS 84: ``-34.90550, -56.18600``."""
    return f"{place.lat_deg:.5f}, {place.lon_deg:.5f}"


def degrees_minutes(place: LonLat) -> str:
    """Write a place as pilots read it: degrees and decimal minutes, ``34°54.330'S 56°11.160'W``."""
    return f"{_dm(place.lat_deg, 'NS')} {_dm(place.lon_deg, 'EW')}"


def _dm(angle_deg: float, letters: str) -> str:
    thousandths = round(abs(angle_deg) * 60_000)
    whole, rest = divmod(thousandths, 60_000)
    return f"{whole}°{rest / 1000:06.3f}'{letters[0] if angle_deg >= 0 else letters[1]}"
