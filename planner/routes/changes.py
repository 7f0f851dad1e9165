"""Which ways are other in a plan than in the one before it, in words: after "blocked here", above all.

A route is known by what it joins, not by its number: a hospital by its name and place, as two may have one
name, and a site by its purpose: where that has moved, the way to it is the same way, to another place.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence

from planner.model import HospitalOption, Plan, Route
from planner.terms import RouteKind

_NAMED = 4
_KINDS = {
    RouteKind.EGRESS: "Ambulances to",
    RouteKind.TRANSFER: "Ambulances from staging to",
    RouteKind.INGRESS: "Arriving units to",
    RouteKind.PUBLIC: "The public to",
}


def route_changes(before: Plan, after: Plan) -> tuple[str, ...]:
    """Compare the ways of two plans of one incident, and the times to hospitals.

    Returns
    -------
    tuple of str
        One line for each that is other: first those that are lost, then those that go elsewhere, then those
        to hospitals that no way is kept open to though there is one, then new ones, then hospitals whose
        time differs by whole minutes.
    """
    was, names = _names(before), _names(after)
    old, new = _by_ends(before), _by_ends(after)
    gone = [(key, route) for key, route in old.items() if key not in new]
    reached = {_to(hospital) for hospital in after.hospitals if hospital.time_s is not None}
    yielding = [route for key, route in gone if key in reached]
    unused = [route for _, route in gone if route.end in was and route.end not in names]
    lost = [
        f"{_what(route, names)}: NO WAY is kept any more"
        for _, route in gone
        if route not in yielding and route not in unused
    ]
    fewer = [f"{_what(r, names)}: can be reached, but no way is kept open any more" for r in yielding]
    fewer += [f"{_what(r, was)}: no way is kept, as that place is not used any more" for r in unused]
    other = [
        _rerouted(_moved(_what(now, names), was.get(old[key].end), names.get(now.end)), old[key], now)
        for key, now in new.items()
        if key in old and old[key].line != now.line
    ]
    fresh = [
        f"{_what(r, names)}: new way{'' if r.towards else f', {_minutes(r.time_s)}'}{_by(r.streets)}"
        for key, r in new.items()
        if key not in old
    ]
    return (*lost, *other, *fewer, *fresh, *_hospitals(before.hospitals, after.hospitals))


def _by_ends(plan: Plan) -> dict[Hashable, Route]:
    """Return a plan's routes by what they join."""
    hospitals = {hospital.route: _to(hospital) for hospital in plan.hospitals if hospital.route}
    return {hospitals.get(route.id, (route.route, route.end)): route for route in plan.routes}


def _names(plan: Plan) -> dict[str, str]:
    return {site.id: site.name for site in plan.sites}


def _to(hospital: HospitalOption) -> Hashable:
    return RouteKind.EGRESS, *hospital.identity


def _what(route: Route, names: dict[str, str]) -> str:
    return f"{_KINDS[route.route]} {route.towards}{names.get(route.end, route.end)}"


def _moved(what: str, was: str | None, now: str | None) -> str:
    return what if was is None or was == now else f"{what}, was {was}"


def _rerouted(what: str, old: Route, new: Route) -> str:
    left = [street for street in old.streets if street not in new.streets]
    was, now = _minutes(old.time_s), _minutes(new.time_s)
    time = now if was == now or old.towards else f"{now} (was {was})"
    led = "another way" if new.towards else time  # how long the drive is, is told of the hospital
    return f"{what}: {led}{_by(new.streets)}{f', no more by {_listed(left)}' if left else ''}"


def _hospitals(before: Sequence[HospitalOption], after: Sequence[HospitalOption]) -> Iterator[str]:
    old = {h.identity: h.time_s for h in before}
    for hospital in after:
        if hospital.identity not in old:
            continue
        was, now = old[hospital.identity], hospital.time_s
        estimate = ", estimate" if hospital.off_map else ""
        if now is None and was is not None:
            yield f"{hospital.name} cannot be reached any more: {hospital.reason}"
        elif was is None and now is not None:
            yield f"{hospital.name} can be reached now: {_minutes(now)}{estimate}"
        elif was is not None and now is not None and _minutes(was) != _minutes(now):
            yield f"{hospital.name}: {_minutes(now)}{estimate}, was {_minutes(was)}"


def _minutes(time_s: float) -> str:
    return "under 1 min" if time_s < 60 else f"{math.ceil(time_s / 60)} min"


def _by(streets: Sequence[str]) -> str:
    return f" by {_listed(streets)}" if streets else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
