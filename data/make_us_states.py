"""Make ``us_states.geojson``: outlines of the states by which a map's extract is found when Overpass refuses.

Needs npm. Reads the outlines of the U.S. Census Bureau as the package us-atlas has them (TopoJSON: arcs, each
a line of steps on a grid; a ring is a list of arcs, ``~k`` for the k-th backwards), and simplifies them.
"""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import numpy as np
import shapely
from _osmfile import HERE, fetch_package

PACKAGE, SHA256 = "us-atlas@3.0.1", "e6daba1800885868303ad3549da62f85a557b8142bb72629ec15651de62f9c5d"
TARGET = HERE / "us_states.geojson"
WITHIN_DEG, DECIMALS = 0.02, 2
ELSEWHERE = {"Guam", "American Samoa", "Commonwealth of the Northern Mariana Islands"}
"""Not among the extracts of states."""
NAMED = {"United States Virgin Islands": "US Virgin Islands"}


def main() -> None:
    """Fetch, decode, simplify, write."""
    atlas = _atlas()
    scale, shift = (np.array(atlas["transform"][part]) for part in ("scale", "translate"))
    arcs = [np.cumsum(steps, axis=0) * scale + shift for steps in map(np.array, atlas["arcs"])]
    features = []
    for state in atlas["objects"]["states"]["geometries"]:
        name = state["properties"]["name"]
        if name in ELSEWHERE:
            continue
        polygons = state["arcs"] if state["type"] == "MultiPolygon" else [state["arcs"]]
        ground = shapely.union_all([shapely.make_valid(_polygon(rings, arcs)) for rings in polygons])
        plain = shapely.simplify(ground, WITHIN_DEG)
        shape = json.loads(shapely.to_geojson(plain), parse_float=lambda text: round(float(text), DECIMALS))
        features.append({"type": "Feature", "properties": {"name": NAMED.get(name, name)}, "geometry": shape})
    features.sort(key=lambda feature: str(feature["properties"]["name"]))
    lines = ",\n".join(json.dumps(feature, separators=(",", ":")) for feature in features)
    TARGET.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8")


def _atlas() -> Any:
    with tarfile.open(fileobj=io.BytesIO(fetch_package(PACKAGE, SHA256))) as archive:
        member = archive.extractfile("package/states-10m.json")
        assert member is not None
        return json.load(member)


def _polygon(rings: list[list[int]], arcs: list[Any]) -> Any:
    outer, *holes = [np.concatenate([arcs[k] if k >= 0 else arcs[~k][::-1] for k in ring]) for ring in rings]
    return shapely.Polygon(outer, holes)


if __name__ == "__main__":
    main()
