"""What the user decides on the board, done to the incident document: pure functions, one for each act.

Every decision is a feature or a fact of the document, so it is saved, undone, exported and planned with like
anything that was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import shapely

from planner import words
from planner.briefing.public_notice import ASKED
from planner.errors import IncidentError
from planner.geo import LonLat
from planner.geojson import geometry
from planner.model import Plan, Post, Shape, Site
from planner.terms import TRIAGE, PostEditKind, Purpose
from planner.ui.hospital_words import called, sent_more

Json = dict[str, Any]
Features = tuple[Json, ...]

COUNTS = (
    "casualties.red",
    "casualties.yellow",
    "casualties.green",
    "children.red",
    "children.yellow",
    "children.green",
    "on_site",
    "units.police",
    "units.engine",
    "units.ambulance",
    "units.officers",
    "units.officers_5_min",
    "units.officers_10_min",
    "hour",
)
"""Facts that are whole numbers, by their path in the document."""
UNDONE = ("threat", "inner_size", "outer_size", "inner_holds", "no_ccp", "bereaved_site")
"""Facts said by one press that shape the plan: the map's UNDO takes them back; what was written stays."""
FLAGS = ("no_ccp", "bereaved_site", "exercise")
TEXTS = ("name", *(f"notice.{key}" for key in ASKED))
_LONGEST_TEXT = 1000
_MOST = 1_000_000


@dataclass(frozen=True)
class Said:
    """What the incident document says, as far as decisions change it."""

    features: Features
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Word:
    """One thing said on the board.

    Parameters
    ----------
    act : str
        One of :data:`ACTS`.
    on : str
        About what: the id of a site, post or feature, or the path of a fact.
    value : object
        What was entered, as the browser has it.
    at : str
        ISO time in UTC.
    """

    act: str
    on: str
    value: Any
    at: str


def decided(said: Said, word: Word, plan: Plan | None) -> tuple[Said, str]:
    """Return what the document says after a word, and the word in words for the log.

    Parameters
    ----------
    said : Said
    word : Word
    plan : Plan or None
        The plan that its user read.

    Raises
    ------
    IncidentError
        If the word makes no sense, or is about something that this plan does not have.
    """
    if word.act not in ACTS:
        raise IncidentError(f"nothing is known of {word.act[:40]!r}", "Load the page again")
    return ACTS[word.act](said, word, plan)


# --- sites ------------------------------------------------------------------------------------------


def _accept(said: Said, word: Word, plan: Plan | None) -> tuple[Said, str]:
    site = _site(word, plan)
    properties = {
        "kind": "pin",
        "purpose": site.purpose.value,
        "name": site.name,
        "accepted": True,
        "set_at": word.at,
    }
    pin = _feature(f"pin-{site.purpose}", properties, site.shape)
    return _with(said, pin, without=_is_pin(site)), f"accepted {_named(site)}"


def _reject(said: Said, word: Word, plan: Plan | None) -> tuple[Said, str]:
    site = _site(word, plan)
    spot = _within(site.shape)
    properties = {
        "kind": "reject",
        "purpose": site.purpose.value,
        "name": site.name,
        "set_at": word.at,
    }
    number = 1 + sum(one["properties"].get("kind") == "reject" for one in said.features)
    mark = _feature(f"reject-{site.purpose}-{number}-{word.at}", properties, Shape(points=(spot,)))
    return _with(said, mark, without=_is_pin(site)), f"rejected {_named(site)}"


def _take_back(said: Said, word: Word, plan: Plan | None) -> tuple[Said, str]:
    site = _site(word, plan)
    kept = tuple(one for one in said.features if not _is_pin(site)(one))
    return replace(said, features=kept), f"took back {_named(site)}"


def _drop(said: Said, word: Word, _plan: Plan | None) -> tuple[Said, str]:
    """Take away one feature: a rejection, an edit of a post."""
    gone = [one for one in said.features if one.get("id") == word.on]
    if not gone:
        return said, ""
    kept = tuple(one for one in said.features if one.get("id") != word.on)
    told = gone[0]["properties"]
    kind = "rejection of" if told.get("kind") == "reject" else "change of"
    return replace(said, features=kept), f"took back the {kind} {told.get('name') or 'a place'}"


def _site(word: Word, plan: Plan | None) -> Site:
    for site in plan.sites if plan else ():
        if site.id == word.on:
            return site
    raise IncidentError("this plan has no such site any more", "Look at the plan as it is now, and decide")


def _is_pin(site: Site) -> Callable[[Json], bool]:
    def test(one: Json) -> bool:
        told = one["properties"]
        return bool(told.get("kind") == "pin" and told.get("purpose") == site.purpose.value)

    return test


def _named(site: Site) -> str:
    return f"{words.PURPOSES[site.purpose][1]}: {site.name}"


def _within(shape: Shape) -> LonLat:
    """Return a place on a site that no neighbour shares."""
    if not shape.polygons:
        return shape.points[0]
    rings = max(shape.polygons, key=lambda one: shapely.Polygon(one[0]).area)
    spot = shapely.Polygon(rings[0], list(rings[1:])).representative_point()
    return LonLat(spot.x, spot.y).rounded()


# --- posts ------------------------------------------------------------------------------------------


def _edit_post(edit: PostEditKind, told: str) -> Callable[[Said, Word, Plan | None], tuple[Said, str]]:
    def act(said: Said, word: Word, plan: Plan | None) -> tuple[Said, str]:
        post = _post(word, plan)
        properties = {"kind": "post_edit", "edit": edit.value, "name": f"{post.id} {post.street}"}
        if edit is not PostEditKind.OPEN:
            properties["perimeter"] = post.perimeter.value
        mark = _feature(f"{edit}-{post.id}-{word.at}", properties, Shape(points=(post.location,)))
        return _with(said, mark), f"{told} {post.id}, {post.street}"

    return act


def _post(word: Word, plan: Plan | None) -> Post:
    for post in plan.posts if plan else ():
        if post.id == word.on:
            return post
    raise IncidentError("this plan has no such post any more", "Look at the plan as it is now, and decide")


def _ring(said: Said, word: Word, plan: Plan | None) -> tuple[Said, str]:
    """Take another ring: ``on`` is the perimeter and the number of its option, as the plan lists them."""
    name, _, number = word.on.partition(" ")
    for line in plan.perimeters if plan else ():
        if line.perimeter.value == name and number.isdigit() and int(number) < len(line.options):
            option = line.options[int(number)]
            chosen: dict[str, Any] = {f"{name}_size": option.size.value}
            if option.holds is not None:
                chosen["inner_holds"] = option.holds.value
            told = f"{words.PERIMETERS[line.perimeter].lower()}: {option.says}"
            return replace(said, facts={**said.facts, **chosen}), told
    raise IncidentError("this plan offers no such ring any more", "Look at the plan as it is now, and decide")


# --- facts ------------------------------------------------------------------------------------------


def _fact(said: Said, word: Word, _plan: Plan | None) -> tuple[Said, str]:
    value = _value(word)
    group, _, name = word.on.rpartition(".")
    facts = dict(said.facts)
    if group:
        members = {**facts.get(group, {}), name: value}
        facts[group] = {key: one for key, one in members.items() if one is not None}
    else:
        facts[name] = value
    facts = {key: one for key, one in facts.items() if one is not None and one != {}}
    told = word.on.replace(".", " ").replace("_", " ")
    return replace(said, facts=facts), f"{told}: {'not said' if value is None else value}"


def _value(word: Word) -> int | str | bool | None:
    """Return what was entered as the document holds it; None where it was cleared.

    Raises
    ------
    IncidentError
        If it is no such fact, or no such value.
    """
    entered = word.value
    if word.on in FLAGS:
        return True if entered is True else None
    text = " ".join(str("" if entered is None else entered).split())
    if word.on in TEXTS:
        return text[:_LONGEST_TEXT] or None
    if word.on not in COUNTS:
        raise IncidentError(f"nothing is known of {word.on[:40]!r}", "Load the page again")
    if not text:
        return None
    most = 23 if word.on == "hour" else _MOST
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise IncidentError(f"{text[:20]!r} is no number from 0 to {most:,}", "Write a whole number")
    return int(text)


def undone(facts: Mapping[str, Any]) -> Json:
    """Return of the facts those that the map's UNDO takes back."""
    return {name: facts[name] for name in UNDONE if name in facts}


def restated(facts: Mapping[str, Any], earlier: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Return the facts after a step back or forth on the map, and what it changed, for the log.

    Parameters
    ----------
    facts : mapping
        As they are.
    earlier : mapping
        Those of :data:`UNDONE` as they are to be; one that is not in it was not said then.
    """
    said = {name: earlier[name] for name in UNDONE if name in earlier}
    kept = {name: value for name, value in facts.items() if name not in UNDONE}
    changed = [name for name in UNDONE if facts.get(name) != said.get(name)]
    told = ", ".join(f"{name.replace('_', ' ')}: {said.get(name, 'not said')}" for name in changed)
    return {**kept, **said}, told


# --- patients who leave ---


def _count(more: int, told: str) -> Callable[[Said, Word, Plan | None], tuple[Said, str]]:
    """Count a patient who left, or take one back: ``on`` is the colour and the key of the hospital."""

    def act(said: Said, word: Word, _plan: Plan | None) -> tuple[Said, str]:
        colour, _, key = word.on.partition(" ")
        if colour not in TRIAGE:
            raise IncidentError(f"nothing is known of {colour[:40]!r} patients", "Load the page again")
        hospital = called(key)
        facts = sent_more(said.facts, hospital, colour, more)
        return replace(said, facts=facts), f"{words.plain(hospital.name)}: {told.format(colour)}"

    return act


# --- the log ---


def stroke_told(before: Features, after: Features) -> str:
    """Say what a stroke on the map did: put, changed or took away which features."""
    was, now = ({one["id"]: one for one in features if "id" in one} for features in (before, after))
    put = [_called(one) for name, one in now.items() if name not in was]
    gone = [_called(one) for name, one in was.items() if name not in now]
    moved = [name for name in put if name in gone] + [
        _called(one) for name, one in now.items() if name in was and one != was[name]
    ]
    said = {
        "put": [name for name in put if name not in moved],
        "changed": moved,
        "took away": [name for name in gone if name not in moved],
    }
    told = [f"{verb} {words.joined(list(dict.fromkeys(names)))}" for verb, names in said.items() if names]
    return ", ".join(told) or "drew on the map"


def _called(feature: Json) -> str:
    told = feature["properties"]
    kind = str(told.get("kind", "shape"))
    purpose = str(told.get("purpose", ""))
    if purpose in set(Purpose):
        site = words.PURPOSES[Purpose(purpose)][0]
        return f"rejection of {site}" if kind == "reject" else site
    if kind == "zone":
        return f"{told.get('zone', 'hot')} zone"
    return _KINDS.get(kind, kind.replace("_", " "))


_KINDS = {"incident": "scene", "closure": "blocked street", "post_edit": "change of a post"}


# --- all together -----------------------------------------------------------------------------------


def _feature(name: str, properties: Json, shape: Shape) -> Json:
    return {"type": "Feature", "id": name, "properties": properties, "geometry": geometry(shape)}


def _with(said: Said, feature: Json, without: Callable[[Json], bool] = lambda _: False) -> Said:
    kept = tuple(one for one in said.features if not without(one) and one.get("id") != feature["id"])
    return replace(said, features=(*kept, feature))


ACTS: Mapping[str, Callable[[Said, Word, Plan | None], tuple[Said, str]]] = MappingProxyType(
    {
        "accept": _accept,
        "reject": _reject,
        "take_back": _take_back,
        "drop": _drop,
        "remove_post": _edit_post(PostEditKind.REMOVE, "no post at"),
        "open_street": _edit_post(PostEditKind.OPEN, "keep the street open at"),
        "ring": _ring,
        "fact": _fact,
        "sends": _count(1, "1 {} sent"),
        "takes_back_sent": _count(-1, "1 {} sent taken back"),
    }
)
"""What a word's ``act`` does."""
OF_PLAN = frozenset({"accept", "reject", "take_back", "remove_post", "open_street", "ring"})
"""Acts that are about something of the plan that was read."""


def merged(base: Features, ours: Features, theirs: Features) -> Features:
    """Return what two sides made of the same features: the map drew while the board decided.

    Parameters
    ----------
    base : tuple of features
        What both began with.
    ours : tuple of features
        What the server has now: what it added is kept, what it took away stays away.
    theirs : tuple of features
        What the map says now; where both changed a feature, the map's stands.
    """
    begun = {one.get("id") for one in base}
    have = {one.get("id") for one in ours}
    gone = begun - have
    told = tuple(one for one in theirs if one.get("id") not in gone)
    known = {one.get("id") for one in told}
    changed = {
        one["id"]: one
        for one in ours
        if one.get("id") in begun and one not in base and one.get("id") in known
    }
    same = {one.get("id"): one for one in base}
    result = tuple(
        changed[one["id"]] if one.get("id") in changed and one == same.get(one["id"]) else one for one in told
    )
    added = tuple(one for one in ours if one.get("id") not in begun and one.get("id") not in known)
    return result + added
