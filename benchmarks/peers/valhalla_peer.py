"""Valhalla asked on its own Python: prepares tiles of an extract once and answers on standard output."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import valhalla
from answering import NO_WAY, Leg, Part, alone, answer, question


def prepare(extract: Path, prepared: Path) -> str:
    """Build tiles once; returns the configuration as text."""
    (prepared / "tiles").mkdir(parents=True, exist_ok=True)
    config = valhalla.get_config(
        tile_extract=str(prepared / "tiles"), tile_dir=str(prepared / "tiles"), verbose=False
    )
    config["mjolnir"].pop("tile_extract", None)
    config["service_limits"]["auto"]["max_matrix_location_pairs"] = 10_000
    config["service_limits"]["max_exclude_polygons_length"] = 100_000
    file = prepared / "valhalla.json"
    with alone(prepared):
        if not (prepared / "done").is_file():
            file.write_text(json.dumps(config))
            build = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
            build.chmod(0o755)  # wheels may lose it
            subprocess.run([str(build), "-c", str(file), str(extract)], check=True, stdout=sys.stderr)
            (prepared / "done").touch()
    file.write_text(json.dumps(config))
    return str(file)


def _parts(actor: Any, shape: str) -> list[Part]:
    """Return the OSM ways that a shape runs along, with the speeds that Valhalla drives them at."""
    wanted = ["edge.way_id", "edge.length", "edge.speed"]
    walked = actor.trace_attributes(
        {
            "encoded_polyline": shape,
            "costing": "auto",
            "shape_match": "walk_or_snap",
            "filters": {"attributes": wanted, "action": "include"},
        }
    )
    return [
        ([int(edge["way_id"])], 3600.0 * edge["length"] / edge["speed"], 1000.0 * edge["length"])
        for edge in walked["edges"]
    ]


def main() -> None:
    """Answer the question on standard input."""
    asked = question()
    actor = valhalla.Actor(prepare(Path(sys.argv[1]), Path(sys.argv[2])))
    spots = [{"lon": lon, "lat": lat} for lon, lat in asked["places"]]
    common: dict[str, Any] = {"costing": "auto", "units": "kilometers"}
    if asked["ring"]:
        common["exclude_polygons"] = [asked["ring"]]

    def route(pair: list[int], parts: bool) -> Leg:
        ends = {"locations": [spots[k] for k in pair], "directions_type": "none", **common}
        try:
            trip = actor.route(ends)["trip"]
        except RuntimeError:
            return NO_WAY
        driven = _parts(actor, trip["legs"][0]["shape"]) if parts else []
        return float(trip["summary"]["time"]), 1000.0 * float(trip["summary"]["length"]), driven

    matrix = {
        "sources": [spots[k] for k in asked["starts"]],
        "targets": [spots[k] for k in asked["ends"]],
        **common,
    }
    answer(asked, route, lambda: actor.matrix(matrix), {}, "pyvalhalla")


main()
