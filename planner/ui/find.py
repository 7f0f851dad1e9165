"""Where is it: a place from what was typed: coordinates, a grid reference, a corner, an address, a name.

Tolerant, for people type in a hurry: no accents, no case, usual abbreviations, words in any order, a letter
wrong in a long word. Everything is found among the area's own names, offline.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray

from planner import words
from planner.area import Area
from planner.geo import LonLat, on_globe
from planner.terms import PlaceKind
from planner.ui.coordinates import Read, read_coordinates, read_grid

Strings = NDArray[np.object_]
_BUILDING = "building"

_CORNER = re.compile(r"\s+(?:and|at|y|e|esq\.?|esquina|con|corner of|x)\s+|\s*[&@/]\s*", re.I)
_CORNER_OF = re.compile(
    r"\s*(?:the )?(?:corner|cnr|intersection|esquina|esq\.?|cruce)(?: of| de| da)?\s+", re.I
)
_SOUGHT = frozenset(
    {
        PlaceKind.SCHOOL,
        PlaceKind.COLLEGE,
        PlaceKind.KINDERGARTEN,
        PlaceKind.MALL,
        PlaceKind.BUS_STATION,
        PlaceKind.STATION,
        PlaceKind.HOSPITAL,
        PlaceKind.STADIUM,
        PlaceKind.WORSHIP,
        PlaceKind.THEATRE,
        PlaceKind.NIGHTCLUB,
        PlaceKind.CONFERENCE_CENTRE,
        PlaceKind.TOWNHALL,
        PlaceKind.COURTHOUSE,
        PlaceKind.AERODROME,
    }
)
"""Where crowds are, and attacks: shown before other places that are called alike."""
_ONE_PLACE_M = 150.0
_STREETS_SHOWN = 2
_LEAST_LETTERS = 2
_LONGEST_TEXT = 100
_LONGEST_LINK = 2000
_TYPO_LETTERS = 5
_ONE_CORNER_M = 60.0
_NEAR_NUMBERS = 200
_LONGEST_NUMBER = 7
_SHORT_FORMS = {
    "st": "street saint",
    "str": "street",
    "sta": "santa",
    "sto": "santo",
    "ave": "avenue avenida",
    "av": "avenue avenida",
    "avda": "avenida",
    "blvd": "boulevard bulevar",
    "bvar": "bulevar",
    "bv": "boulevard bulevar",
    "rd": "road",
    "dr": "drive doctor",
    "ln": "lane",
    "ct": "court",
    "pl": "place plaza",
    "pza": "plaza",
    "sq": "square",
    "hwy": "highway",
    "pkwy": "parkway",
    "rt": "route",
    "rte": "route",
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
    "ne": "northeast",
    "nw": "northwest",
    "se": "southeast",
    "sw": "southwest",
    "mt": "mount",
    "ft": "fort",
    "hs": "high",
    "ms": "middle",
    "es": "elementary",
    "elem": "elementary",
    "sch": "school",
    "univ": "university universidad",
    "hosp": "hospital",
    "gral": "general",
    "ing": "ingeniero",
    "prof": "profesor",
    "cnel": "coronel",
    "r": "rua",
    "lgo": "largo",
    "pca": "praca",
    "esc": "escola escuela",
    "1st": "first",
    "2nd": "second",
    "3rd": "third",
    "4th": "fourth",
    "5th": "fifth",
    "6th": "sixth",
    "7th": "seventh",
    "8th": "eighth",
    "9th": "ninth",
    "10th": "tenth",
}
"""What people write for short: each word may also stand for any of these. English, Spanish, Portuguese."""


@dataclass(frozen=True)
class Found:
    """One place that may be meant: what it is called, what it is, where it is."""

    title: str
    location: LonLat
    kind: str = ""


def find_places(area: Area, text: str, most: int = 6) -> list[Found]:
    """Return the places that may be meant, likeliest first.

    Parameters
    ----------
    area : Area
    text : str
        Coordinates in any form, a USNG reference, ``Main & First``, ``12 Main St``, or part of a name.
    most : int
        At most so many.
    """
    if found := [_at(read, area) for read in _read(area, text) if area.covers(read.place)]:
        return _apart(found, area)[:most]
    text = text[:_LONGEST_TEXT]
    return _corner(area, text)[:most] or _by_name(area, text, most) or _two_streets(area, text)[:most]


def not_found(area: Area, text: str) -> str:
    """Say why nothing was found, and what to do: a place that is read but not in the area is told as that."""
    if not text.strip():
        return ""
    outside = _read(area, text)
    if not outside:
        return "Nothing of that name in this area."
    x_m, y_m = area.frame.point_m(outside[0].place)
    away_km = math.hypot(x_m, y_m) / 1000
    return f"{words.degrees(outside[0].place)} lies outside this area, {away_km:,.0f} km from its middle."


# --- coordinates ------------------------------------------------------------------------------------


def _read(area: Area, text: str) -> list[Read]:
    text = text[: _LONGEST_LINK if "://" in text else _LONGEST_TEXT]
    west, south, east, north = area.bbox_deg
    corners = [on_globe(x, y) for x in (west, east) for y in (south, north)]
    return read_coordinates(text) or read_grid(text, [area.frame.centre, *corners])


def _at(read: Read, area: Area) -> Found:
    return Found(words.degrees(read.place), read.place, read.how)


def _apart(found: Sequence[Found], area: Area) -> list[Found]:
    """Return places without those that are another's by name and ground: a mall mapped twice is one."""
    kept: list[Found] = []
    spots: list[tuple[float, float]] = []
    for one in found:
        x, y = area.frame.point_m(one.location)
        near = (math.hypot(x - a, y - b) < _ONE_PLACE_M for a, b in spots)
        same = (_words(one.title) == _words(other.title) for other in kept)
        if not any(a and b for a, b in zip(near, same, strict=True)):
            kept.append(one)
            spots.append((x, y))
    return kept


# --- names ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Index:
    """The names of an area, in plain letters, split into words.

    Parameters
    ----------
    streets, places : tuple of tuples of str
        The words of each street's name and each place's; of places with an address of their own, those too.
    vocabulary : tuple of str
        Every word once, sorted.
    names, kinds, addresses : arrays of str
        Of the places: what the map knows by kind, then every other building with a name.
    ground : array of geometries in metres
        Of the places.
    """

    streets: tuple[tuple[str, ...], ...]
    places: tuple[tuple[str, ...], ...]
    vocabulary: tuple[str, ...]
    names: Strings
    kinds: Strings
    addresses: Strings
    ground: Strings


_indexes: WeakKeyDictionary[Area, _Index] = WeakKeyDictionary()


def _index(area: Area) -> _Index:
    if area not in _indexes:
        streets = tuple(_words(name) for name in area.network.names)
        known, built = area.places, area.buildings.rows(area.buildings["name"] != "")
        names = np.concatenate([known["name"], built["name"]])
        kinds = np.concatenate([known["kind"], np.full(len(built), _BUILDING, object)])
        addresses = np.concatenate([known["address"], np.full(len(built), "", object)])
        ground = np.concatenate([known.shapes, built.shapes])
        places = tuple(_words(f"{name} {address}") for name, address in zip(names, addresses, strict=True))
        vocabulary = tuple(sorted({word for found in streets + places for word in found}))
        _indexes[area] = _Index(streets, places, vocabulary, names, kinds, addresses, ground)
    return _indexes[area]


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    """Split a text into words of plain letters and digits, lower case without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return tuple(re.findall(r"\w+", plain.replace("'", "").replace("’", "")))


def _meanings(typed: str, vocabulary: Sequence[str]) -> dict[str, int]:
    """Return the words that a typed one may mean, each with how far off it is: 0 the word itself."""
    found = {typed: 0} if typed in vocabulary else {}
    forms = _SHORT_FORMS.get(typed, "").split()
    found.update({form: 0 for form in forms if form in vocabulary})
    for word in vocabulary:
        if word.startswith(typed):
            found.setdefault(word, 1)
    if not found and len(typed) >= _TYPO_LETTERS and not typed.isdigit():
        allowed = 1 if len(typed) < 2 * _TYPO_LETTERS - 2 else 2
        for word in vocabulary:
            if (off := _typos(typed, word, allowed)) is not None:
                found[word] = 2 + off
    return found


def _typos(typed: str, word: str, allowed: int) -> int | None:
    """Count the letters to change, drop, add or swap until a word begins as typed; None if too many."""
    if abs(len(word) - len(typed)) > allowed and len(word) < len(typed):
        return None
    best: int | None = None
    for end in range(max(1, len(typed) - allowed), min(len(word), len(typed) + allowed) + 1):
        off = _distance(typed, word[:end], allowed)
        if off is not None and (best is None or off < best):
            best = off
    return best


def _distance(one: str, other: str, allowed: int) -> int | None:
    """Return the restricted Damerau-Levenshtein distance, None if it is more than is allowed."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > allowed:
            return None
    return row[-1] if row[-1] <= allowed else None


def _meant(typed: Sequence[str], index: _Index) -> list[dict[str, int]]:
    return [_meanings(word, index.vocabulary) for word in typed]


def _matching(texts: Sequence[tuple[str, ...]], meant: Sequence[dict[str, int]]) -> dict[int, int]:
    """Return which texts have every typed word, in any order, and how far off each is."""
    if not meant or not all(meant):
        return {}
    found = {}
    for number, text in enumerate(texts):
        off = _off(text, meant)
        if off is not None:
            found[number] = off
    return found


def _off(text: tuple[str, ...], meant: Sequence[dict[str, int]]) -> int | None:
    total = 0
    for choices in meant:
        least = min((choices[word] for word in text if word in choices), default=None)
        if least is None:
            return None
        total += least
    return total


def _by_name(area: Area, text: str, most: int) -> list[Found]:
    typed = _words(text)
    if sum(map(len, typed)) < _LEAST_LETTERS:
        return []
    index = _index(area)
    meant = _meant(typed, index)
    places = _matching(index.places, meant)
    ground_m2 = shapely.area(index.ground)

    def order(row: int) -> tuple[object, ...]:
        name = _words(index.names[row])
        by_address = _off(name, meant) is None
        sought = index.kinds[row] in _SOUGHT
        return (
            places[row],
            by_address,
            _standing(name, typed),
            not sought,
            len(name) - len(typed),
            -ground_m2[row],
            name,
            row,
        )

    ranked = sorted(places, key=order)[: 3 * most]
    called = [row for row in ranked if _off(_words(index.names[row]), meant) is not None]
    streets = _streets(area, meant, index, most)
    room = max(most - min(len(streets), _STREETS_SHOWN), 1)
    found = _apart([_found(area, index, row) for row in called], area)[:room]
    found += streets[: _STREETS_SHOWN if len(ranked) > len(called) else most]
    found += [_found(area, index, row) for row in ranked if row not in called]  # on a street of that name
    found += _near_number(area, typed, index)
    return found[:most]


def _standing(name: Sequence[str], typed: Sequence[str]) -> int:
    """Tell how a name stands to what was typed: 0 it is that, 1 it begins so, 2 it has it in it."""
    if list(name) == list(typed):
        return 0
    begins = len(name) >= len(typed) and list(name[: len(typed) - 1]) == list(typed[:-1])
    return 1 if begins and name[len(typed) - 1].startswith(typed[-1]) else 2


def _near_number(area: Area, typed: Sequence[str], index: _Index) -> list[Found]:
    """Return the known house number that is nearest to a typed one on its street: few maps know them all."""
    numbers = [int(word) for word in typed if word.isdigit() and len(word) < _LONGEST_NUMBER]
    street = [word for word in typed if not word.isdigit()]
    if len(numbers) != 1 or not street:
        return []
    addresses = index.addresses
    meant = _meant(street, index)
    known = [
        (abs(number - numbers[0]), row)
        for row in _matching([_words(address) for address in addresses], meant)
        if (number := _house_number(addresses[row])) is not None
    ]
    if not known or (off := min(known))[0] > _NEAR_NUMBERS:
        return []
    row = off[1]
    point = shapely.point_on_surface(index.ground[row])
    kind = "nearest known house number"
    return [Found(str(addresses[row]), area.frame.place(point.x, point.y), kind)] if off[0] else []


def _house_number(address: str) -> int | None:
    """Return the number of an address, which stands before the street or behind it."""
    found = re.search(r"\d+", address)
    return int(found[0]) if found and len(found[0]) < _LONGEST_NUMBER else None


def _found(area: Area, index: _Index, row: int) -> Found:
    point = shapely.point_on_surface(index.ground[row])
    name, address, kind = index.names[row], index.addresses[row], str(index.kinds[row]).replace("_", " ")
    beside = address if name else ""
    if name and not address and (street := _street_at(area, point)):
        beside = f"near {street}"
    kind = f"{kind}, {beside}" if beside else kind
    return Found(str(name or address), area.frame.place(point.x, point.y), kind)


def _street_at(area: Area, point: shapely.Point) -> str:
    """Name a street at the junction nearest to a place, "" where none is: many places are called alike."""
    network = area.network
    node = int(np.argmin(np.hypot(*(network.node_xy_m - (point.x, point.y)).T)))
    edges = np.flatnonzero((network.edge_u == node) | (network.edge_v == node))
    return min((name for edge in edges if (name := network.names[network.name_index[edge]])), default="")


def _streets(area: Area, meant: Sequence[dict[str, int]], index: _Index, most: int) -> list[Found]:
    """Return the middle of each street of such a name."""
    matching = _matching(index.streets, meant)
    named = sorted(matching, key=lambda row: (matching[row], index.streets[row]))
    found = []
    for row in named[: max(0, most)]:
        edges = np.flatnonzero(area.network.name_index == row)
        if len(edges):
            nodes = np.concatenate([area.network.edge_u[edges], area.network.edge_v[edges]])
            spots = area.network.node_xy_m[nodes]
            middle = spots[int(np.argmin(np.hypot(*(spots - spots.mean(axis=0)).T)))]
            found.append(Found(area.network.names[row], area.frame.place(*middle), "street, its middle"))
    return found


# --- corners ----------------------------------------------------------------------------------------


def _corner(area: Area, text: str) -> list[Found]:
    """Return the junctions of two streets named in a text, wherever one name ends and the other begins."""
    text = _CORNER_OF.sub("", text, count=1) if _CORNER_OF.match(text) else text
    for between in _CORNER.finditer(text.strip()):
        one, other = text.strip()[: between.start()], text.strip()[between.end() :]
        if found := _corners(area, one, other):
            return found
    return []


def _two_streets(area: Area, text: str) -> list[Found]:
    """Return the junctions of two streets named one after the other, with nothing between."""
    typed = text.split()
    found = [
        one
        for end in range(1, len(typed))
        for one in _corners(area, " ".join(typed[:end]), " ".join(typed[end:]))
    ]
    said = Counter(_words(text))
    # The names that hold most of what was typed, and least that was not.
    return sorted(
        found, key=lambda one: ((said - Counter(_words(one.title))).total(), len(_words(one.title)))
    )


def _corners(area: Area, first: str, second: str) -> list[Found]:
    """Return the junctions where a street named like the first meets one named like the second."""
    index = _index(area)
    ones, others = (_streets_named(area, text, index) for text in (first, second))
    if not ones or not others:
        return []
    titles = dict(_meetings(area, ones, others))
    order = sorted(titles, key=lambda node: (titles[node][0], titles[node][1], node))
    xy_m = area.network.node_xy_m
    kept: list[int] = []
    for node in order:  # two carriageways meet a street twice, which is one corner
        near = (np.hypot(*(xy_m[node] - xy_m[one])) < _ONE_CORNER_M for one in kept)
        same = (titles[node][1] == titles[one][1] for one in kept)
        if not any(a and b for a, b in zip(near, same, strict=True)):
            kept.append(node)
    return [Found(titles[node][1], area.frame.place(*xy_m[node]), "corner") for node in kept]


def _streets_named(area: Area, text: str, index: _Index) -> dict[int, int]:
    typed = _words(text)
    if sum(map(len, typed)) < _LEAST_LETTERS and not any(word.isdigit() for word in typed):
        return {}
    return _matching(index.streets, _meant(typed, index))


def _meetings(
    area: Area, ones: dict[int, int], others: dict[int, int]
) -> Iterator[tuple[int, tuple[int, str]]]:
    """Yield each junction of the two, with how far off the names are, and what it is called."""
    at_one, at_other = (_nodes_of(area, named) for named in (ones, others))
    names = area.network.names
    for node in sorted(at_one.keys() & at_other.keys()):
        pairs = [(ones[a] + others[b], a, b) for a in at_one[node] for b in at_other[node] if a != b]
        if pairs:
            off, a, b = min(pairs)
            yield node, (off, f"{names[a]} & {names[b]}")


def _nodes_of(area: Area, named: dict[int, int]) -> dict[int, set[int]]:
    network = area.network
    edges = np.flatnonzero(np.isin(network.name_index, list(named)))
    found: dict[int, set[int]] = {}
    for edge in edges.tolist():
        name = int(network.name_index[edge])
        for node in (int(network.edge_u[edge]), int(network.edge_v[edge])):
            found.setdefault(node, set()).add(name)
    return found
