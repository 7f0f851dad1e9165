"""Sites in words: what is suggested and why, why not the others, and what the commander made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import groupby
from typing import Any

from planner import words
from planner.briefing.measures import in_units
from planner.model import Pin, Plan, Site
from planner.terms import Purpose, SiteSource
from planner.ui.panel_parts import called, on_map, press, since, tag, why

Json = Mapping[str, Any]

CORE_PURPOSES = (
    Purpose.COMMAND_POST,
    Purpose.STAGING,
    Purpose.CASUALTY_COLLECTION,
    Purpose.EVACUATION,
    Purpose.REUNIFICATION,
    Purpose.MEDIA,
)
"""What the strip shows whether or not a site was found."""


def strip(plan: Plan, suggested: Mapping[str, str]) -> str:
    """Return each purpose under what became of it, with its age: set, only suggested, or not found.

    Parameters
    ----------
    plan : Plan
    suggested : mapping of str to str
        Since when each suggestion stands: site id to ISO time.
    """
    best = {site.purpose: site for site in plan.sites if site.rank == 1}
    pins = {pin.purpose: pin for pin in plan.incident.pins}
    rejected = Counter(reject.purpose for reject in plan.incident.rejects)
    chips: dict[str, dict[str, list[str]]] = {look: {} for look in _STRIP}
    for purpose in Purpose:
        site = best.get(purpose)
        if site is None and purpose not in CORE_PURPOSES:
            continue
        look = "missing" if site is None else "set" if site.source is SiteSource.PINNED else "suggested"
        said = _held(pins.get(purpose)) if look == "set" else escape(_turned_down(rejected[purpose]))
        waits = suggested.get(site.id, "") if site is not None and look == "suggested" else ""
        chip = f'<li class="{look}"><b>{words.PURPOSES[purpose][0]}</b>{said and f" {said}"}</li>'
        moment = next((known for known in chips[look] if _as_long(known, waits)), waits)
        chips[look].setdefault(moment, []).append(chip)
    return "".join(_strip(look, title, chips[look]) for look, title in _STRIP.items() if chips[look])


def _strip(look: str, title: str, chips: Mapping[str, Sequence[str]]) -> str:
    """Return what stands under one heading, parted by how long it has been waiting for a decision."""
    title_id = f"strip-{look}"
    if len(chips) == 1:
        ((moment, items),) = chips.items()
        waiting = f": {_waiting(moment)}" if moment else ""
        lists = f'<ul aria-labelledby="{title_id}">{"".join(items)}</ul>'
        return f'<div class="strip"><h3 id="{title_id}">{title}{waiting}</h3>{lists}</div>'
    lists = "".join(
        f'<p id="{title_id}-{k}">{_waiting(moment)}</p>'
        f'<ul aria-labelledby="{title_id} {title_id}-{k}">{"".join(items)}</ul>'
        for k, (moment, items) in enumerate(sorted(chips.items()))
    )
    return f'<div class="strip"><h3 id="{title_id}">{title}</h3>{lists}</div>'


def _waiting(moment: str) -> str:
    return f"waiting {since(moment)}" if moment else "waiting"


def _as_long(one: str, other: str) -> bool:
    """Whether two moments lie within a minute: further apart they never read alike, in whole minutes."""
    if not one or not other:
        return one == other
    apart = datetime.fromisoformat(one) - datetime.fromisoformat(other)
    return abs(apart) < _A_MINUTE


_A_MINUTE = timedelta(minutes=1)
_STRIP = {"set": "Set", "suggested": "Suggested, not set", "missing": "Not found: pin one"}


def _turned_down(count: int) -> str:
    return f"{count} rejected" if count else ""


def _held(pin: Pin | None) -> str:
    """Say what became of a site, and how long ago."""
    if pin is None:
        return "pinned"
    became = "accepted" if pin.accepted else "moved" if pin.moved else "pinned"
    return f"{became} {since(pin.set_at)} ago" if pin.set_at else became


def sites(plan: Plan, units: str, features: Iterable[Json]) -> str:
    """Return every purpose with its suggestion, and what was rejected."""
    ranked = sorted(plan.sites, key=lambda site: (list(Purpose).index(site.purpose), site.rank))
    pins = {pin.purpose: pin for pin in plan.incident.pins}
    shared = _shared_cautions(ranked)
    items = "".join(
        _site(list(group), pins.get(purpose), units, shared)
        for purpose, group in groupby(ranked, key=lambda site: site.purpose)
    )
    found = {site.purpose for site in ranked}
    items += "".join(_none(purpose) for purpose in CORE_PURPOSES if purpose not in found)
    everywhere = "".join(
        f'<p class="caution">Every site: {escape(in_units(text, units))}</p>' for text in shared
    )
    return f'<h2>Sites</h2>{everywhere}<ul class="sites">{items}</ul>{_rejected(features)}'


def _shared_cautions(sites: Sequence[Site]) -> tuple[str, ...]:
    """Return what is to be said of every site, so that it is said once."""
    firsts = [site for site in sites if site.rank == 1]
    if len(firsts) < 2:
        return ()
    return tuple(text for text in firsts[0].cautions if all(text in site.cautions for site in sites))


def _none(purpose: Purpose) -> str:
    short, name = words.PURPOSES[purpose]
    return f"<li>{tag(short, purpose)}<b>{escape(name)}</b>: no place found. IC decides: pin one.</li>"


def _site(ranked: Sequence[Site], pin: Pin | None, units: str, shared: tuple[str, ...]) -> str:
    best, others = ranked[0], ranked[1:]
    short, purpose = words.PURPOSES[best.purpose]
    name = best.name or purpose
    about = f"{purpose}, {name}"
    if best.source is SiteSource.PINNED:
        state = f'<span class="state set">{_held(pin)}</span>'
        acts = press("take_back", best.id, "TAKE BACK", about) + _move(best.id, about)
    else:
        state = '<span class="state">suggested</span>'
        acts = press("accept", best.id, "ACCEPT", about, "yes")
        acts += press("reject", best.id, "REJECT", about, "no") + _move(best.id, about)
    head = f"{tag(short, best.purpose)}{on_map(best.id, name, purpose)}{state}"
    return (
        f'<li class="site"><div class="head">{head}</div>'
        f"{why(in_units(reason(best), units))}{why(_facts(best, units))}{_cautions(best, units, shared)}"
        f'<div class="acts">{acts}</div>{_others(others, purpose, units, shared)}</li>'
    )


def _move(on: str, about: str) -> str:
    """Return a button that goes to the map, where the next tap says where to."""
    name = escape(f"move-{on}")
    return (
        f'<button type="button" id="{name}" class="act" data-act="move" data-on="{escape(on)}" '
        f'aria-label="{escape(f"Move on the map: {about}")}">MOVE</button>'
    )


def reason(site: Site) -> str:
    """Return a site's reason without its name and the advice, which stand beside it already."""
    text = site.reason.removesuffix(f" {words.ADVICE}.").removeprefix(f"{site.name}: ")
    return text[:1].upper() + text[1:]


def _facts(site: Site, units: str) -> str:
    room = "" if site.area_m2 is None else f"{words.ground(site.area_m2, units)}. "
    return f"{room}USNG {site.usng}" if site.usng else room


def _cautions(site: Site, units: str, shared: tuple[str, ...]) -> str:
    own = (text for text in site.cautions if text not in shared)
    return "".join(f'<span class="caution">{escape(in_units(text, units))}</span>' for text in own)


def _others(others: Sequence[Site], purpose: str, units: str, shared: tuple[str, ...]) -> str:
    if not others:
        return ""
    rows = "".join(_other(site, purpose, units, shared) for site in others)
    name = escape(f"others-{others[0].purpose}")
    return (
        f'<details id="{name}"><summary>Why not the others ({len(others)})</summary>'
        f'<ul class="others">{rows}</ul></details>'
    )


def _other(site: Site, purpose: str, units: str, shared: tuple[str, ...]) -> str:
    name = site.name or "unnamed"
    about = f"{purpose}, {name}"
    return (
        f'<li><div class="head"><b>{site.rank}.</b> {on_map(site.id, name, purpose)}</div>'
        f"{why(in_units(_other_reason(site), units))}"
        f"{why(_facts(site, units))}{_cautions(site, units, shared)}"
        f'<div class="acts">{press("accept", site.id, "USE THIS", about, "yes")}'
        f"{press('reject', site.id, 'REJECT', about, 'no')}</div></li>"
    )


def _other_reason(site: Site) -> str:
    """Put why it was not first before all else."""
    kept, advice, lost = reason(site).partition(f" {words.ADVICE}. ")
    return f"{lost} {kept}" if advice and lost else kept


def _rejected(features: Iterable[Json]) -> str:
    rows = "".join(
        _rejection(str(one.get("id", "")), one["properties"])
        for one in features
        if one["properties"].get("kind") == "reject"
    )
    return f'<h3>Rejected</h3><ul class="sites">{rows}</ul>' if rows else ""


def _rejection(name: str, told: Json) -> str:
    purpose = called(Purpose(told["purpose"])) if told.get("purpose") in set(Purpose) else "Site"
    place = str(told.get("name") or "a place on the map")
    about = f"{purpose}, {place}"
    return (
        f"<li><b>{escape(place)}</b>{why(f'not as {purpose.lower()}')}"
        f'<div class="acts">{press("drop", name, "BRING BACK", about)}</div></li>'
    )
