"""OSRM asked on its own Python: prepares an extract (car profile, contracted) and answers on stdout."""

import subprocess
import sys
from pathlib import Path

import osrm
from answering import Leg, answer, question


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
    asked = question()
    router = osrm.OSRM(
        storage_config=str(prepare(Path(sys.argv[1]), Path(sys.argv[2]))), use_shared_memory=False
    )
    places = [tuple(p) for p in asked["places"]]

    def route(pair: list[int]) -> Leg:
        asked_route = osrm.RouteParameters(coordinates=[places[k] for k in pair], overview="false")
        try:
            best = router.Route(asked_route)["routes"][0]
        except (RuntimeError, KeyError, IndexError):
            return None, None
        return float(best["duration"]), float(best["distance"])

    chosen = [places[k] for k in asked["starts"] + asked["ends"]]
    count = len(asked["starts"])
    table = osrm.TableParameters(
        coordinates=chosen, sources=list(range(count)), destinations=list(range(count, len(chosen)))
    )
    answer(asked, route, lambda: router.Table(table))


main()
