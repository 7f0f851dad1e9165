"""Room on a crowded sheet: each label takes the first place where it covers no other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import LineString, Polygon

Spot = tuple[float, float]
_WIDTHS = {
    28: "'",
    31: " ijl",
    33: "/IJ\\|",
    35: ",.:;-",
    41: "f!()[]tr",
    47: '_`"*',
    53: "?zcs",
    58: "Lxvyk",
    62: "EFTaeo",
    64: "$0123456789bdghnpqu{}SYZCP",
    70: "BRXAKV",
    75: "UG#+<=>DHN^~OQ",
    85: "&w%@M",
    96: "mW",
}
"""Hundredths of the size that letters of DejaVu Sans Condensed Bold take."""
_EM = {letter: width / 100 for width, letters in _WIDTHS.items() for letter in letters}
_OTHER_EM, _SQUARE_EM = 0.66, 1.0
_FIRST_SQUARE = "\u2e80"


def width_mm(said: str, size_mm: float) -> float:
    """Estimate how wide a bold label is; other alphabets count as middling letters, CJK as squares."""
    em = sum(_EM.get(c, _SQUARE_EM if c >= _FIRST_SQUARE else _OTHER_EM) for c in said)
    return em * size_mm


def box(at: Spot, width: float, height: float, turned_deg: float = 0.0) -> Polygon:
    """Return the rectangle about a middle, turned clockwise as SVG turns."""
    turn = math.radians(turned_deg)
    along = (math.cos(turn) * width / 2, math.sin(turn) * width / 2)
    up = (-math.sin(turn) * height / 2, math.cos(turn) * height / 2)
    signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    return Polygon([(at[0] + a * along[0] + u * up[0], at[1] + a * along[1] + u * up[1]) for a, u in signs])


def places_along(line: LineString, marks_mm: ArrayLike) -> NDArray[np.float64]:
    """Return the places (n, 2) at lengths along a line."""
    marks = np.asarray(marks_mm, dtype=np.float64)
    return shapely.get_coordinates(shapely.line_interpolate_point(line, marks))


@dataclass
class Room:
    """What is taken on a sheet. Labels are placed in the order of what matters most."""

    width_mm: float
    height_mm: float
    rim_mm: float = 1.5
    _taken: list[Polygon] = field(default_factory=list)
    _bounds: NDArray[np.float64] = field(default_factory=lambda: np.empty((64, 4)))
    _straight: NDArray[np.bool_] = field(default_factory=lambda: np.empty(64, dtype=bool))

    def take(self, place: Polygon) -> None:
        """Keep a place for what is drawn there."""
        count = len(self._taken)
        if count == len(self._bounds):
            self._bounds = np.concatenate([self._bounds, np.empty_like(self._bounds)])
            self._straight = np.concatenate([self._straight, np.empty_like(self._straight)])
        self._taken.append(place)
        self._bounds[count] = place.bounds
        self._straight[count] = _is_straight(place)

    def free(self, place: Polygon) -> bool:
        """Whether a place lies on the sheet and covers nothing that is taken."""
        west, north, east, south = place.bounds
        rim = self.rim_mm
        if west < rim or north < rim or east > self.width_mm - rim or south > self.height_mm - rim:
            return False
        count = len(self._taken)
        taken = self._bounds[:count]
        near = (taken[:, 0] < east) & (taken[:, 2] > west) & (taken[:, 1] < south) & (taken[:, 3] > north)
        if not near.any():
            return True
        if _is_straight(place) and self._straight[:count][near].any():
            return False  # two upright boxes whose bounds meet
        rivals = [self._taken[at] for at in np.flatnonzero(near).tolist()]
        return not bool(shapely.intersects(np.asarray(rivals, dtype=object), place).any())

    def first_free(self, places: Iterable[tuple[Spot, Polygon]]) -> Spot | None:
        """Take the first place that is free, and return its middle; None where none is."""
        for spot, place in places:
            if self.free(place):
                self.take(place)
                return spot
        return None


def around(
    at: Spot, width: float, height: float, reaches_mm: Sequence[float]
) -> Iterator[tuple[Spot, Polygon]]:
    """Yield places for a label about a spot: on it, then around it, near before far."""
    for reach in reaches_mm:
        if reach == 0:
            yield at, box(at, width, height)
            continue
        for step in range(12):
            turn = math.radians(step * 30 - 60)
            x = at[0] + math.cos(turn) * (reach + width / 2)
            y = at[1] + math.sin(turn) * (reach + height / 2)
            yield (x, y), box((x, y), width, height)


def _is_straight(place: Polygon) -> bool:
    west, north, east, south = place.bounds
    return abs(place.area - (east - west) * (south - north)) < 1e-6
