"""OSRM asked on its own Python: prepares an extract (car profile, contracted) and answers on stdout."""

import json
import subprocess
import sys
import time
from pathlib import Path

import osrm


def prepare(extract: Path, prepared: Path) -> Path:
    """Extract and contract once."""
    graph = prepared / "map.osrm"
    if not (prepared / "done").is_file():
        prepared.mkdir(parents=True, exist_ok=True)
        copy = prepared / "map.osm.pbf"
        copy.write_bytes(extract.read_bytes())
        profile = Path(osrm.__file__).parent / "share" / "profiles" / "car.lua"
        for step in (["extract", "-p", str(profile), str(copy)], ["contract", str(graph)]):
            subprocess.run([sys.executable, "-m", "osrm", *step], check=True, stdout=sys.stderr)
        (prepared / "done").touch()
    return graph


def main() -> None:
    """Answer the question on standard input."""
    asked = json.load(sys.stdin)
    router = osrm.OSRM(
        storage_config=str(prepare(Path(sys.argv[1]), Path(sys.argv[2]))), use_shared_memory=False
    )
    places = [tuple(p) for p in asked["places"]]

    def route(pair: list[int]) -> tuple[float | None, float | None]:
        asked_route = osrm.RouteParameters(coordinates=[places[k] for k in pair], overview="false")
        try:
            best = router.Route(asked_route)["routes"][0]
        except (RuntimeError, KeyError, IndexError):
            return None, None
        return float(best["duration"]), float(best["distance"])

    found = [route(pair) for pair in asked["pairs"]]
    began = time.process_time()
    for pair in asked["pairs"][:5]:
        route(pair)
    routes_s = time.process_time() - began
    chosen = [places[k] for k in asked["starts"] + asked["ends"]]
    count = len(asked["starts"])
    table = osrm.TableParameters(
        coordinates=chosen, sources=list(range(count)), destinations=list(range(count, len(chosen)))
    )
    router.Table(table)
    began = time.process_time()
    for _ in range(asked["repeat"]):
        router.Table(table)
    matrix_s = (time.process_time() - began) / asked["repeat"]
    print(
        json.dumps(
            {
                "seconds": [s for s, _ in found],
                "metres": [m for _, m in found],
                "matrix_s": matrix_s,
                "routes_s": routes_s,
            }
        )
    )


main()
