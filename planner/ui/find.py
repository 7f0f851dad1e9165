"""Where is it: a place from what was typed. Coordinates, a grid reference, a street corner, or a name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import shapely

from planner.area import Area
from planner.errors import IncidentError
from planner.geo import LonLat, from_usng
from planner.terms import PlaceKind

_PAIR = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*")
_GRID = re.compile(r"\s*\d{1,2}\s*[C-HJ-NP-Xc-hj-np-x]\s*[A-Za-z]{2}(\s*\d){4,10}\s*")
_CORNER = re.compile(r"\s+(?:&|@|and|at|y|esquina)\s+|\s*[&@/]\s*")
_FIRST = (PlaceKind.SCHOOL, PlaceKind.COLLEGE, PlaceKind.MALL, PlaceKind.KINDERGARTEN, PlaceKind.HOSPITAL)
_LEAST_LETTERS = 2


@dataclass(frozen=True)
class Found:
    """One place that may be meant."""

    title: str
    location: LonLat


def find_places(area: Area, text: str, most: int = 6) -> list[Found]:
    """Return the places that may be meant, likeliest first.

    Parameters
    ----------
    area : Area
    text : str
        ``lat, lon``, a USNG reference, ``Main & First``, or part of the name of a place or its address.
    most : int
        At most so many.
    """
    if _PAIR.fullmatch(text):
        return _at_pair(area, text)
    if _GRID.fullmatch(text):
        return _at_grid(area, text)
    corner = _CORNER.split(text.strip(), maxsplit=1)
    if len(corner) == 2 and (found := _corners(area, *corner)):
        return found[:most]
    return _by_name(area, text, most)


def _at_pair(area: Area, text: str) -> list[Found]:
    match = _PAIR.fullmatch(text)
    assert match is not None
    lat, lon = (float(part) for part in match.groups())
    place = LonLat(lon, lat)
    return [Found(f"{lat:.5f}, {lon:.5f}", place)] if area.covers(place) else []


def _at_grid(area: Area, text: str) -> list[Found]:
    try:
        place = from_usng(text)
    except IncidentError:
        return []
    return [Found(" ".join(text.upper().split()), place)] if area.covers(place) else []


def _corners(area: Area, first: str, second: str) -> list[Found]:
    """Junctions where a street named like the first meets one named like the second."""
    network = area.network
    places = np.intersect1d(_ends_of(area, first), _ends_of(area, second))
    found = []
    for node in places:
        x, y = network.node_xy_m[node]
        found.append(Found(f"{first.strip()} & {second.strip()}", area.frame.place(x, y)))
    return found


def _ends_of(area: Area, text: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    wanted = _plain(text)
    if len(wanted) < _LEAST_LETTERS:
        return np.empty(0, dtype=np.int64)
    network = area.network
    named = [i for i, name in enumerate(network.names) if name and wanted in _plain(name)]
    edges = np.flatnonzero(np.isin(network.name_index, named))
    return np.unique(np.concatenate([network.edge_u[edges], network.edge_v[edges]]))


def _by_name(area: Area, text: str, most: int) -> list[Found]:
    wanted = _plain(text)
    if len(wanted) < _LEAST_LETTERS:
        return []
    places = area.places
    names, addresses = (places[column].map(_plain).to_numpy() for column in ("name", "address"))
    rows = [i for i in range(len(places)) if wanted in names[i] or (wanted in addresses[i] and addresses[i])]
    kinds = places["kind"].to_numpy()
    rank = {kind.value: number for number, kind in enumerate(_FIRST)}
    rows.sort(key=lambda i: (not names[i].startswith(wanted), rank.get(kinds[i], len(rank)), names[i], i))
    return [_found(area, row) for row in rows[:most]]


def _found(area: Area, row: int) -> Found:
    place = area.places.iloc[row]
    point = shapely.point_on_surface(place.geometry)
    kind = str(place["kind"]).replace("_", " ")
    named = place["name"] or place["address"]
    return Found(f"{named} ({kind})", area.frame.place(point.x, point.y))


def _plain(text: str) -> str:
    """Lower case without accents: people type in a hurry."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).strip()
