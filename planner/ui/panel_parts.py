"""Pieces of markup that the parts of the board share. Every text is escaped here or where it is put in."""

from __future__ import annotations

from html import escape

from planner import words
from planner.terms import Purpose


def press(act: str, on: str, label: str, about: str, look: str = "") -> str:
    """Return a button of the board.

    Parameters
    ----------
    act, on : str
        The word that it says (:mod:`planner.ui.decide`).
    label : str
        What is on it.
    about : str
        What it is about, for whoever hears it read: "Accept: Command post, City hall".
    look : str
        More classes.
    """
    name, said = escape(f"{act}-{on}"), escape(f"{label.capitalize()}: {about}")
    return (
        f'<button type="button" id="{name}" class="act {look}" data-act="{escape(act)}" '
        f'data-on="{escape(on)}" aria-label="{said}">{escape(label)}</button>'
    )


def on_map(on: str, label: str, about: str = "") -> str:
    """Return a name that shows its thing on the map when it is pressed."""
    said = escape(f"{label}{f', {about}' if about else ''}: show on the map")
    name = escape(f"show-{on}")
    return (
        f'<button type="button" id="{name}" class="name" data-act="show" data-on="{escape(on)}" '
        f'aria-label="{said}">{escape(label)}</button>'
    )


def tag(text: str, look: str) -> str:
    """Return the label that a thing has on the map."""
    return f'<span class="tag {escape(look)}">{escape(text)}</span>'


def why(text: str) -> str:
    """Return a reason, on a line of its own."""
    return f'<span class="why">{escape(text)}</span>' if text else ""


def field(on: str, label: str, value: object, kind: str = "number", more: str = "") -> str:
    """Return one labelled entry of the board."""
    name = escape(f"fact-{on}")
    return (
        f'<label class="field" for="{name}"><span>{escape(label)}</span>'
        f'<input id="{name}" type="{kind}" data-act="fact" data-on="{escape(on)}" '
        f'value="{escape("" if value is None else str(value))}" {more}></label>'
    )


def tick(on: str, label: str, ticked: bool) -> str:
    """Return one box to tick."""
    name = escape(f"fact-{on}")
    checked = " checked" if ticked else ""
    return (
        f'<label class="tick" for="{name}"><input id="{name}" type="checkbox" data-act="fact" '
        f'data-on="{escape(on)}"{checked}><span>{escape(label)}</span></label>'
    )


def since(moment: str) -> str:
    """Return how long ago something was; the page keeps it true."""
    return f'<time datetime="{escape(moment)}">{escape(moment[11:16])}</time>' if moment else ""


def called(purpose: Purpose) -> str:
    """Name a purpose in full."""
    return words.PURPOSES[purpose][1]
