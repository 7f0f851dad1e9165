"""Ways in OPL, the text that osmium writes of them: read by the thousand. Pure.

osmium shows Python one tag and one node of a way at a time, and each takes up to a microsecond; of a metro
there are forty million. It writes them as text in a fraction of that, and pyarrow and numpy read text by the
megabyte. One line is one way, ``w4 dV t2020-01-02T03:04:05Z Thighway=service,name=A%20%B Nn1x2.5y41,n7xy``
for example (https://osmcode.org/opl-file-format/): id, visible, date, tags, and nodes with longitude and
latitude, or without where a node is not in the file. Of characters above U+FFFFF, which mean nothing in
public, osmium drops a digit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv

from planner.sources.noding import Runs
from planner.streets.network import Floats, Ints

FORMAT = "opl,locations_on_ways=true,add_metadata=timestamp"
"""What osmium is to write, in its own words."""

_FIELDS = 5  # of a line
_SURROGATES = range(0xD800, 0xE000)
_AS_TABLE = bytes.maketrans(b"xy,", b",,\n")  # of nodes: each a line of id, longitude, latitude
_NODE_COLUMNS = {"ref": pa.int64(), "lon": pa.float64(), "lat": pa.float64()}


class Ways(NamedTuple):
    """Ways in the order of their lines."""

    way_id: Ints  # (W,)
    tags: list[str]
    """Of each way, for :func:`read_tags`; the same text where they are the same."""
    newest: str
    """ISO date and time of the latest change, "" where no way has one."""
    size: Ints  # (W,) nodes of each
    ref: Ints  # (P,) of all nodes, way by way
    lonlat_deg: Floats  # (P, 2), NaN where the file has no such node

    def runs(self) -> Runs:
        """Part ways where the file lacks a node; a node alone is no run."""
        there = ~np.isnan(self.lonlat_deg[:, 0])
        way = np.repeat(np.arange(len(self.size)), self.size)
        first = there.copy()
        first[1:] &= ~there[:-1] | (way[1:] != way[:-1])
        run = (np.cumsum(first) - 1)[there]
        size = np.bincount(run)
        kept = np.flatnonzero(there)[size[run] > 1]
        beside_none = np.zeros(len(there), dtype=bool)
        beside_none[1:] = ~there[:-1] & (way[1:] == way[:-1])
        beside_none[:-1] |= ~there[1:] & (way[1:] == way[:-1])
        cut = self.ref[kept[beside_none[kept]]]
        return Runs(way[first][size > 1], size[size > 1], self.ref[kept], self.lonlat_deg[kept], cut)


def read_ways(text: bytes) -> Ways:
    """Read the lines of some ways."""
    fields = text.split()
    ident, changed, tags, nodes = (fields[at::_FIELDS] for at in (0, 2, 3, 4))
    ref, lonlat_deg = _read_nodes(b"\n".join(nodes))
    return Ways(
        way_id=np.array([int(told[1:]) for told in ident], dtype=np.int64),
        tags=[told[1:].decode() for told in tags],
        newest=max(changed, default=b"t")[1:].decode(),
        size=np.array([listed.count(b"n") for listed in nodes], dtype=np.int64),
        ref=ref,
        lonlat_deg=lonlat_deg,
    )


def _read_nodes(listed: bytes) -> tuple[Ints, Floats]:
    table = listed.translate(_AS_TABLE, delete=b"Nn")
    if not table.strip():
        return np.empty(0, dtype=np.int64), np.empty((0, 2))
    read = pa.csv.read_csv(
        pa.BufferReader(table),
        read_options=pa.csv.ReadOptions(column_names=list(_NODE_COLUMNS), use_threads=False),
        convert_options=pa.csv.ConvertOptions(column_types=_NODE_COLUMNS),
    )
    ref, lon, lat = (read[name].to_numpy() for name in _NODE_COLUMNS)
    return ref, np.column_stack([lon, lat])


def read_tags(text: str) -> dict[str, str]:
    """Read the tags of a way; of a key that is there twice the first, as osmium does.

    Raises
    ------
    ValueError
        If they are not in UTF-8.
    """
    fields = [field.split("=") for field in reversed(text.split(","))] if text else []
    if "%" in text:
        fields = [[_decoded(told) if "%" in told else told for told in field] for field in fields]
    return dict(fields)


def _decoded(told: str) -> str:
    """Put in the characters that are told by their code points: ``A%20%B``."""
    parts = told.split("%")
    codes = [int(code, 16) for code in parts[1::2]]
    if any(code == 0 or code in _SURROGATES for code in codes):  # osmium decodes what no UTF-8 may hold
        raise ValueError("a tag is not in UTF-8")
    parts[1::2] = map(chr, codes)
    return "".join(parts)
