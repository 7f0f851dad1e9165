"""CAP 1.2: the draft of a public alert, with the ground where people take shelter and that which all avoid.

It is only ever a Draft or an Exercise: nothing here transmits, and a person approves it elsewhere. It holds
what the public notice holds (F36, :mod:`planner.briefing.public_notice`) but no place of reunification: that
is named when somebody has telephoned it. Times carry a numeric offset, never ``Z``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from planner.area import Area
from planner.briefing.phrases import Edition, title
from planner.briefing.public_notice import NoticeItem, public_notice
from planner.errors import ExportError
from planner.exports.exporter import Options
from planner.exports.outline import outlines
from planner.exports.xml import Element, add, lat_lon, to_bytes
from planner.model import Plan, Ring, Rings, Shape
from planner.seam import cut_at_180
from planner.terms import PerimeterName, ZoneKind
from planner.words import ADVICE, plain

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_SENDER_NOT_SAID = "sender-not-stated"
_WEA_SHORT, _WEA_LONG = 90, 360
"""Characters of a wireless alert (``domain.md`` 4, CAP)."""
MOST_POINTS = 100
_ADDED_BY_A_CUT = 2
_FAMILIES = "Families: do not come here; where to go will be announced."
_OUTSIDE = "Keep away from the area. Do not drive into it or past closed streets."


def export_cap(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the draft: shelter for hot and warm ground, and all within the outer perimeter to be avoided.

    Raises
    ------
    ExportError
        If the plan has no hot or warm ground to alert people in.
    """
    shelter = [zone.rings for zone in plan.zones if zone.zone is not ZoneKind.COLD]
    avoid = [line.rings for line in plan.perimeters if line.perimeter is PerimeterName.OUTER]
    if not shelter:
        raise ExportError("the plan has no hot or warm ground to alert people in", "Plan an incident first")
    notice = public_notice(plan, Edition(options.created_at, exercise=options.exercise))
    items = {item.key: item for item in notice.items}
    root = _alert(plan, options)
    mark = "EXERCISE: " if options.exercise else "DRAFT: "
    inside = items["shelter"].text or "Go indoors and stay there, lock doors, keep away from windows."
    headline = f"{mark}Shelter in place: {title(plan.incident)}"
    info = _info(root, options, ("Shelter",), headline, _why(items))
    add(info, "instruction", plain(f"{inside}. {_OUTSIDE} {_FAMILIES}", 2000))
    _contact(info, options)
    _wireless(info, f"{mark}Police emergency. If inside the area shelter indoors now. Keep away.", inside)
    _area(info, f"Shelter in place: {title(plan.incident)}", shelter)
    if avoid:
        headline = f"{mark}Keep away: {title(plan.incident)}"
        info = _info(root, options, ("Avoid",), headline, "Streets are closed by police.")
        add(info, "instruction", _OUTSIDE)
        _contact(info, options)
        _area(info, f"Closed streets: {title(plan.incident)}", avoid)
    return to_bytes(root)


def _alert(plan: Plan, options: Options) -> Element:
    root = Element("alert", {"xmlns": _NAMESPACE})
    stamp = options.created_at.strftime("%Y%m%dT%H%M%S")
    add(root, "identifier", _token(f"planner-{plan.id}-{stamp}"))
    add(root, "sender", _token(options.sender) or _SENDER_NOT_SAID)
    add(root, "sent", options.time())
    add(root, "status", "Exercise" if options.exercise else "Draft")
    add(root, "msgType", "Alert")
    kind = "EXERCISE, nothing is happening" if options.exercise else "DRAFT, not for release"
    add(root, "source", plain(f"{kind}. {ADVICE}. Plan {plan.id}. {plan.area.attribution}", 500))
    add(root, "scope", "Public")
    add(root, "code", "IPAWSv1.0")
    return root


def _info(
    root: Element, options: Options, responses: Iterable[str], headline: str, description: str
) -> Element:
    info = add(root, "info")
    add(info, "language", "en-US")
    add(info, "category", "Security")
    add(info, "category", "Safety")
    add(info, "event", "Law Enforcement Warning")
    for response in responses:
        add(info, "responseType", response)
    add(info, "urgency", "Immediate")
    add(info, "severity", "Extreme")
    add(info, "certainty", "Observed")
    code = add(info, "eventCode")
    add(code, "valueName", "SAME")
    add(code, "value", "LEW")
    add(info, "effective", options.time())
    add(info, "onset", options.time())
    add(info, "expires", options.time(options.expires_at))
    if options.sender:
        add(info, "senderName", plain(options.sender, 200))
    add(info, "headline", plain(headline, 160))
    add(info, "description", plain(description, 2000))
    return info


def _why(items: dict[str, NoticeItem]) -> str:
    return items["why"].text or "Police are responding to a reported attack."


def _contact(info: Element, options: Options) -> None:
    if options.contact:
        add(info, "contact", plain(options.contact, 200))


def _wireless(info: Element, short: str, long: str) -> None:
    for name, text, most in (("CMAMtext", short, _WEA_SHORT), ("CMAMlongtext", long, _WEA_LONG)):
        parameter = add(info, "parameter")
        add(parameter, "valueName", name)
        add(parameter, "value", plain(text, most))


def _area(info: Element, described: str, ground: Iterable[Rings]) -> None:
    home = add(info, "area")
    add(home, "areaDesc", plain(described, 200))
    grounds = list(ground)
    rings = _rings(grounds, MOST_POINTS)
    if any(len(ring) > MOST_POINTS for ring in rings):
        rings = _rings(grounds, MOST_POINTS - _ADDED_BY_A_CUT)
    for ring in rings:
        add(home, "polygon").text = " ".join(lat_lon(place) for place in ring)


def _rings(grounds: Sequence[Rings], most_points: int) -> list[Ring]:
    """Return outlines of a ground, cut at longitude 180: programs would draw them round the globe."""
    shape = Shape(polygons=tuple((ring,) for ring in outlines(grounds, most_points)))
    return [ring for ring, *_ in cut_at_180(shape).polygons]


def _token(text: str) -> str:
    """Return a text as CAP wants identifiers: without spaces, commas, ``<`` and ``&``."""
    return re.sub(r"[\s,<&]+", "-", plain(text, 120)).strip("-")
