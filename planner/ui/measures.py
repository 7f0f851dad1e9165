"""Reasons in the reader's units: the core writes metres, which are turned where the text is shown."""

from __future__ import annotations

import re

from planner import words

_MEASURE = re.compile(r"(?<![\w.,/-])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)? (km/h|km|m²|m)(?![\w²/])")
_KMH_PER_MPH = 1.609344


def in_units(text: str, units: str) -> str:
    """Write every distance, speed and area in a text in the given units; in metres it stays as it is.

    Parameters
    ----------
    text : str
        From a plan: reasons, cautions, notices. A figure counts only with its unit right behind it, so that
        no number in a name is touched.
    units : {"m", "ft"}
    """
    if units == words.METRES:
        return text
    return _MEASURE.sub(_turned, text)


def _turned(found: re.Match[str]) -> str:
    value = float(found[1].replace(",", "") + (found[2] or ""))
    if found[3] == "km/h":
        return f"{round(value / _KMH_PER_MPH)} mph"
    if found[3] == "m²":
        return words.ground(value, words.FEET)
    return words.distance(value * (1000 if found[3] == "km" else 1), words.FEET)
