"""Where candidates lie, in degrees, as documents write it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import shapely

from planner.area import shapes_of
from planner.geo import Frame, LonLat, usng
from planner.model import Shape
from planner.sites.candidates import Candidate


class Place(NamedTuple):
    """A candidate's ground, where it is entered, and the grid reference of its middle."""

    shape: Shape
    entrance: LonLat
    usng: str


@dataclass(frozen=True, eq=False)
class Drawn:
    """The places of an incident's candidates: each unprojected once, and many together when that is known."""

    candidates: Sequence[Candidate]
    frame: Frame
    _places: dict[int, Place] = field(default_factory=dict)

    def of(self, row: int) -> Place:
        """Return the place of a candidate."""
        self.learn([row])
        return self._places[row]

    def learn(self, rows: Sequence[int]) -> None:
        """Work out the places of some candidates."""
        new = [row for row in dict.fromkeys(rows) if row not in self._places]
        if not new:
            return
        candidates = [self.candidates[row] for row in new]
        grounds = [candidate.shape_m for candidate in candidates]
        middles = shapely.get_coordinates(shapely.point_on_surface(np.array(grounds, dtype=object)))
        entrances = [(candidate.entrance.x_m, candidate.entrance.y_m) for candidate in candidates]
        places = self.frame.places(np.vstack([entrances, middles]))
        for k, (row, shape) in enumerate(zip(new, shapes_of(grounds, self.frame), strict=True)):
            self._places[row] = Place(shape, places[k], usng(places[len(new) + k]))
