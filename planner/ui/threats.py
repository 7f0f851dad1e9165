"""A second threat named: in place of the first, or beside it. Pure functions on what the document says.

A gunman and a bomb is one attack with two dangers (F3): taking one for the other would leave ground out. So a
bomb joins what was named before, anything else corrects it, and the page offers the other two readings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import shapely
from shapely.geometry import shape

from planner import words
from planner.terms import ThreatName, ThreatStatus, ZoneKind
from planner.ui.decide import Said

Json = dict[str, Any]


class Standing(StrEnum):
    """Which of two threats are there."""

    BOTH = "both"
    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True)
class Turn:
    """One threat was named, then another."""

    before: ThreatName
    after: ThreatName

    @property
    def first(self) -> Standing:
        """How it is taken until somebody says otherwise: a bomb hides no gunman, nor he a bomb."""
        alike = (self.before in words.BOMBS) == (self.after in words.BOMBS)
        return Standing.AFTER if alike else Standing.BOTH

    @property
    def mark(self) -> str:
        """Id of the feature that holds the second threat while both are there."""
        return f"threat-beside-{self.after}"


def turn(said: Said, after: ThreatName) -> Turn | None:
    """Return the turn from the threat named so far; None where there was none, or this one stands already."""
    before = ThreatName(said.facts.get("threat") or ThreatName.UNKNOWN)
    if ThreatName.UNKNOWN in (before, after) or before == after or _place(said) is None:
        return None
    again = any(
        one["properties"].get("kind") == "threat" and one["properties"].get("threat") == after
        for one in said.features
    )
    return None if again else Turn(before, after)


def standing(said: Said, asked: Turn) -> Standing | None:
    """Return which of the two the document says; None where it has gone another way since."""
    threat = said.facts.get("threat")
    beside = any(one.get("id") == asked.mark for one in said.features)
    if threat == asked.before:
        return Standing.BOTH if beside else Standing.BEFORE
    return Standing.AFTER if threat == asked.after and not beside else None


def stood(said: Said, asked: Turn, how: Standing) -> Said:
    """Return what the document says with these threats: the second is put where the first is."""
    features = tuple(one for one in said.features if one.get("id") != asked.mark)
    threat = asked.after if how is Standing.AFTER else asked.before
    said = replace(said, features=features, facts={**said.facts, "threat": threat.value})
    at = _place(said)
    if how is not Standing.BOTH or at is None:
        return said
    properties = {"kind": "threat", "threat": asked.after.value, "status": ThreatStatus.REPORTED.value}
    geometry = {"type": "Point", "coordinates": at}
    beside = {"type": "Feature", "id": asked.mark, "properties": properties, "geometry": geometry}
    return replace(said, features=(*features, beside))


def told(asked: Turn, how: Standing) -> str:
    """Say what was decided, for the log and the page."""
    before, after = words.THREATS[asked.before], words.THREATS[asked.after]
    return {
        Standing.BOTH: f"{after} beside {before}",
        Standing.AFTER: f"{after} in place of {before}",
        Standing.BEFORE: f"{before}, no {after}",
    }[how]


def _place(said: Said) -> list[float] | None:
    """Return where the attack is: the scene, else inside the hot ground drawn first."""
    for one in said.features:
        if one["properties"].get("kind") == "incident":
            place: list[float] = one["geometry"]["coordinates"][:2]
            return place
    for one in said.features:
        told = one["properties"]
        if told.get("kind") == "zone" and told.get("zone", ZoneKind.HOT.value) == ZoneKind.HOT.value:
            spot = shapely.make_valid(shape(one["geometry"])).representative_point()
            return [round(float(spot.x), 7), round(float(spot.y), 7)]
    return None
