"""Cursor on Target events, and the data package that ATAK, WinTAK and TAK servers take.

Polygons are ``u-d-f`` (closed, first place = last), routes ``b-m-r``, all else spots ``b-m-p-s-m``. A thing
keeps its uid from plan to plan of one incident, so that a new plan moves it and leaves no double. TAK clients
keep drawn shapes beyond their ``stale``: the time is in the callsign. Runners-up of sites stay out: they
would crowd everybody's screen. Across longitude 180 shapes and routes are cut, a part an event: not all
clients know that a line runs on there.
"""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

from shapely.geometry import Polygon

from planner.area import Area
from planner.briefing.phrases import title
from planner.exports.exporter import Options
from planner.exports.features import LOOKS, TEXT_LENGTH, Item, Look, items, scene_key
from planner.exports.kml import add_to_zip
from planner.exports.xml import Element, add, degrees, lat_lon, to_bytes
from planner.geo import LonLat, degrees_of, on_globe, run_on
from planner.model import Plan
from planner.seam import cut_at_180
from planner.words import plain

_UNKNOWN_M = "9999999.0"
"""As CoT says that a height or an accuracy is not known."""
_NAMESPACE = uuid.UUID("6d1b8f0a-5c1e-5b2a-9a53-2d0f6a1f7c55")
_HOW = "h-e"
_SHAPE, _ROUTE, _SPOT = "u-d-f", "b-m-r", "b-m-p-s-m"
_SPOT_ICON = "COT_MAPPING_SPOTMAP/b-m-p-s-m/{}"


def export_cot(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write all events in one XML document, each an element ``event`` of version 2.0."""
    root = Element("events")
    for event in _events(plan, options):
        root.append(event)
    return to_bytes(root)


def export_tak(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write a TAK data package: a manifest of version 2 and one ``.cot`` file an event."""
    name = title(plan.incident)
    manifest = Element("MissionPackageManifest", {"version": "2"})
    configuration = add(manifest, "Configuration")
    add(configuration, "Parameter", name="uid", value=str(uuid.uuid5(_NAMESPACE, f"package {plan.id}")))
    add(configuration, "Parameter", name="name", value=f"{name} {_clock(options)}")
    contents = add(manifest, "Contents")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for event in _events(plan, options):
            uid = event.get("uid", "")
            entry = add(contents, "Content", ignore="false", zipEntry=f"{uid}/{uid}.cot")
            add(entry, "Parameter", name="uid", value=uid)
            add_to_zip(archive, f"{uid}/{uid}.cot", to_bytes(event))
        add_to_zip(archive, "MANIFEST/manifest.xml", to_bytes(manifest))
    return packed.getvalue()


def _events(plan: Plan, options: Options) -> Iterator[Element]:
    scene = scene_key(plan.incident, plan.area.name)
    for item in items(plan, options.units):
        if item.style == "alternate":
            continue
        shape = cut_at_180(item.shape)
        if shape.points:
            yield from (_spot(_uid(scene, item, n), item, at, options) for n, at in enumerate(shape.points))
        elif item.layer == "routes":
            last = len(shape.lines) - 1
            for n, line in enumerate(shape.lines):
                named = ("Start" if n == 0 else "", "End" if n == last else "")
                yield _route(_uid(scene, item, n), item, line, named, options)
        else:
            rings = [rings[0] for rings in shape.polygons]
            for n, line in enumerate((*shape.lines, *rings)):
                yield _drawn(_uid(scene, item, n), item, line, options)


def _uid(scene: str, item: Item, number: int) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{scene} {item.id} {number}"))


# --- events -------------------------------------------------------------------------------------


def _event(uid: str, kind: str, at: LonLat, options: Options) -> tuple[Element, Element]:
    """Return an event and its detail."""
    times = {
        "time": _zulu(options.created_at),
        "start": _zulu(options.created_at),
        "stale": _zulu(options.expires_at),
    }
    event = Element("event", {"version": "2.0", "uid": uid, "type": kind, **times, "how": _HOW})
    where = {"lat": degrees(at.lat_deg), "lon": degrees(at.lon_deg)}
    add(event, "point", **where, hae=_UNKNOWN_M, ce=_UNKNOWN_M, le=_UNKNOWN_M)
    return event, add(event, "detail")


def _spot(uid: str, item: Item, at: LonLat, options: Options) -> Element:
    event, detail = _event(uid, _SPOT, at, options)
    colour = _argb(LOOKS[item.style], 1.0)
    add(detail, "contact", callsign=_callsign(item, options))
    add(detail, "color", argb=colour)
    add(detail, "usericon", iconsetpath=_SPOT_ICON.format(colour))
    _told(detail, item, options)
    return event


def _drawn(uid: str, item: Item, line: tuple[LonLat, ...], options: Options) -> Element:
    """Return a drawn shape: closed where its first place is its last. TAK knows no holes."""
    closed = line[0] == line[-1]
    event, detail = _event(uid, _SHAPE, _within(line) if closed else line[0], options)
    for place in line:
        add(detail, "link", point=lat_lon(place))
    look = LOOKS[item.style]
    add(detail, "contact", callsign=f"{_callsign(item, options)} {_clock(options)}")
    add(detail, "strokeColor", value=_argb(look, 1.0))
    add(detail, "strokeWeight", value=f"{look.width:.1f}")
    add(detail, "strokeStyle", value="dashed" if look.dash else "solid")
    if closed:
        add(detail, "fillColor", value=_argb(look, look.fill))
    add(detail, "labels_on", value="true" if item.layer in {"zones", "perimeters"} else "false")
    _told(detail, item, options)
    return event


def _route(
    uid: str, item: Item, line: tuple[LonLat, ...], named: tuple[str, str], options: Options
) -> Element:
    """Return a route: way points at its ends, where clients show their names; control points between."""
    event, detail = _event(uid, _ROUTE, line[0], options)
    ends = dict(zip((0, len(line) - 1), named, strict=True))
    for number, place in enumerate(line):
        kind = "b-m-p-w" if number in ends else "b-m-p-c"
        point = str(uuid.uuid5(_NAMESPACE, f"{uid} {number}"))
        name = ends.get(number, "")
        add(detail, "link", uid=point, type=kind, point=lat_lon(place), callsign=name, relation="c")
    look = LOOKS[item.style]
    way = {"method": "Driving", "type": "Vehicle", "direction": "Infil", "routetype": "Primary"}
    order = "Ascending Check Points"
    add(detail, "link_attr", **way, color=_argb(look, 1.0), order=order, stroke=f"{look.width:.0f}")
    add(detail, "contact", callsign=f"{_callsign(item, options)} {_clock(options)}")
    add(detail, "strokeColor", value=_argb(look, 1.0))
    add(detail, "strokeWeight", value=f"{look.width:.1f}")
    _told(detail, item, options)
    return event


def _told(detail: Element, item: Item, options: Options) -> None:
    facts = [item.title, *item.lines, item.advice, f"Planned {options.time()}."]
    add(detail, "remarks", plain(" ".join(facts), TEXT_LENGTH))
    add(detail, "archive")


def _callsign(item: Item, options: Options) -> str:
    return f"EXERCISE {item.label}" if options.exercise else item.label


def _within(ring: tuple[LonLat, ...]) -> LonLat:
    """Return a place inside a ring: where clients put its label and its handle."""
    inside = Polygon(run_on(degrees_of(ring), ring[0])).buffer(0).representative_point()
    return on_globe(inside.x, inside.y) if not inside.is_empty else ring[0]


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _clock(options: Options) -> str:
    return options.created_at.strftime("%H%M")


def _argb(look: Look, opacity: float) -> str:
    """Write a colour as Android has it: a signed 32-bit integer, opacity first."""
    value = (round(255 * opacity) << 24) | int(look.colour[1:], 16)
    return str(value - (1 << 32) if value >= 1 << 31 else value)
