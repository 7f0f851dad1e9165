"""What else the commander may say, all of it optional: people, units, time, what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from planner.ui.panel_parts import field, tick

_GROUPS = (
    (
        "Casualties",
        (("casualties.red", "Red"), ("casualties.yellow", "Yellow"), ("casualties.green", "Green")),
    ),
    (
        "Of these, children",
        (("children.red", "Red"), ("children.yellow", "Yellow"), ("children.green", "Green")),
    ),
    ("People and time", (("on_site", "People on site"), ("hour", "Hour, 0 to 23"))),
    (
        "Units coming to staging",
        (("units.police", "Police"), ("units.engine", "Fire"), ("units.ambulance", "EMS")),
    ),
    (
        "Officers for posts",
        (
            ("units.officers", "Now"),
            ("units.officers_5_min", "In 5 min"),
            ("units.officers_10_min", "In 10 min"),
        ),
    ),
)
_TICKS = (
    ("no_ccp", "No casualty collection point: transport at once"),
    ("bereaved_site", "A second reunification site, for the bereaved"),
    ("exercise", "This is an EXERCISE: mark everything"),
)


def facts(said: Mapping[str, Any]) -> str:
    """Return the form of facts, each as said so far; an empty field is not said."""
    groups = "".join(
        f"<fieldset><legend>{escape(title)}</legend>"
        f"{''.join(_count(said, on, label) for on, label in fields)}</fieldset>"
        for title, fields in _GROUPS
    )
    ticks = "".join(tick(on, label, said.get(on) is True) for on, label in _TICKS)
    name = field(
        "name", "Name of the incident", said.get("name"), "text", 'maxlength="120" autocomplete="off"'
    )
    return f'<h2>Facts, if you know them</h2>{name}<div class="facts">{groups}</div>{ticks}'


def _count(said: Mapping[str, Any], on: str, label: str) -> str:
    group, _, name = on.rpartition(".")
    holder = said.get(group, {}) if group else said
    most = 23 if on == "hour" else 1_000_000
    limits = f'min="0" max="{most}" step="1" inputmode="numeric"'
    return field(on, label, holder.get(name) if isinstance(holder, Mapping) else None, "number", limits)
