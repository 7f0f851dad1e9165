"""Texts from maps and users, made fit to be written into other programs' files.

A street's name is hostile text: it may hold markup, control characters, or marks that turn the rest of a line
around. Escaping is each format's own business; what no format may carry is taken out here.
"""

from __future__ import annotations

import unicodedata

LABEL_LENGTH = 80
TEXT_LENGTH = 2000
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of text; right-to-left scripts read well without."""
_DROPPED = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})


def one_line(text: str, longest: int = TEXT_LENGTH) -> str:
    """Return a text on one line, without control characters, cut where it is too long.

    Parameters
    ----------
    text : str
    longest : int
        Characters; what is longer ends in ``...``.
    """
    kept = "".join(
        " " if unicodedata.category(c) in _DROPPED else c
        for c in text[: 4 * longest]  # 10 kB of name are not looked at to the end
        if c not in _TURNS
    )
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 3].rstrip() + "..."


def label(text: str) -> str:
    """Return a text short enough for a label on a map."""
    return one_line(text, LABEL_LENGTH)
