"""Icons as PNG, drawn here: told apart by shape as well as colour, and nothing to fetch.

Circles are posts, squares are sites (the command post half filled, as ICS maps have it), an upright cross is
a hospital, one aslant a blocked street, a ring the scene.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planner.exports.features import LOOKS

SIZE_PX = 32
_SHAPES = {
    "post-closed": "circle",
    "post-gate": "ring",
    "post-foot": "triangle",
    "observation": "diamond",
    "command_post": "halved",
    "ambulance_exchange": "square",
    "media": "square",
    "site": "square",
    "alternate": "frame",
    "hospital": "cross",
    "incident": "ring",
    "threat": "triangle",
    "closure": "saltire",
}
ICONS = tuple(_SHAPES)
"""Styles that have an icon: those of points."""

Bools = NDArray[np.bool_]


@lru_cache(maxsize=64)
def icon(style: str) -> bytes:
    """Return a PNG of 32 x 32 pixels with a white rim, for dark ground and light."""
    red, green, blue = (int(LOOKS[style].colour[i : i + 2], 16) for i in (1, 3, 5))
    pixels = np.zeros((SIZE_PX, SIZE_PX, 4), dtype=np.uint8)
    pixels[_shape(_SHAPES[style], 1.0)] = (255, 255, 255, 255)
    pixels[_shape(_SHAPES[style], 0.78)] = (red, green, blue, 255)
    return _png(pixels)


def _shape(name: str, size: float) -> Bools:
    """Return which pixels a shape covers; ``size`` 1 fills the picture."""
    axis = (np.arange(SIZE_PX) + 0.5) / SIZE_PX * 2 - 1
    x, y = np.meshgrid(axis, -axis)
    rim = (1 - size) / 2
    square = np.maximum(abs(x), abs(y)) <= size
    aslant = np.minimum(abs(x - y), abs(x + y)) / np.sqrt(2)
    covers: dict[str, Bools] = {
        "circle": np.hypot(x, y) <= size,
        "ring": (np.hypot(x, y) <= size) & (np.hypot(x, y) >= 0.25 + rim),
        "square": square,
        "halved": square & ((x + y <= 0) | (size >= 1)),
        "saltire": square & (aslant <= 0.36 - rim),
        "frame": square & (np.maximum(abs(x), abs(y)) >= 0.25 + rim),
        "diamond": abs(x) + abs(y) <= size,
        "triangle": (y >= -size * 0.9) & (abs(x) <= size - (y + size * 0.9) / 2) & (y <= size),
        "cross": (np.minimum(abs(x), abs(y)) <= 0.36 - rim) & (np.maximum(abs(x), abs(y)) <= size),
    }
    return covers[name]


def _png(pixels: NDArray[np.uint8]) -> bytes:
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)  # 0: no filter
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )
