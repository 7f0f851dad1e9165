"""Sends a plan's CoT events through a real TAK server on this machine, and looks at what another client gets.

``python -m benchmarks.tak_server TAKY PLAN.geojson``: TAKY is the ``taky`` program (a TAK server, MIT),
installed in an environment of its own: ``python -m venv DIR && DIR/bin/pip install taky``. Not in the suite:
taky comes as source only, and this project's lock takes wheels alone.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from planner.document import read_plan
from planner.exports import Options, export_plan

_HELLO = (
    '<event version="2.0" uid="{0}" type="a-f-G-U-C" how="m-g" time="{1}" start="{1}" stale="{1}">'
    '<point lat="0" lon="0" hae="0" ce="1" le="1"/><detail><contact callsign="{0}"/>'
    '<takv device="x" platform="x" os="x" version="1"/><uid Droid="{0}"/><__group name="Cyan" role="HQ"/>'
    "</detail></event>"
)
_PATIENCE_S = 20.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def connect(port: int, name: str) -> socket.socket:
    """Connect as a TAK client does, and say who that is."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            client = socket.create_connection(("127.0.0.1", port), timeout=1.0)
            break
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
    moment = datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    client.sendall(_HELLO.format(name, moment).encode())
    return client


def received(client: socket.socket, count: int) -> list[ET.Element]:
    """Return the events that a client has got, when there are enough or patience ends."""
    got, end = b"", time.monotonic() + _PATIENCE_S
    while got.count(b"</event>") < count and time.monotonic() < end:
        try:
            got += client.recv(65536)
        except TimeoutError:
            continue
    return list(ET.fromstring(b"<all>" + got[: got.rfind(b"</event>") + 8] + b"</all>"))


def main() -> int:
    """Run the server, send, compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tak_server", description=__doc__)
    parser.add_argument("taky", type=Path)
    parser.add_argument("plan", type=Path)
    asked = parser.parse_args()
    options = Options(datetime.now().astimezone(), valid_min=240)
    events = list(ET.fromstring(export_plan(read_plan(asked.plan.read_bytes()), "cot", options)))
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "taky.conf"
        settings.write_text(
            f"[taky]\nhostname=localhost\nbind_ip=127.0.0.1\nserver_address=127.0.0.1\nroot_dir={folder}\n"
            f"[cot_server]\nport={port}\n[dp_server]\nupload_path={folder}\n[ssl]\nenabled=false\n"
        )
        server = subprocess.Popen([str(asked.taky), "-c", str(settings), "-l", "warning"])
        try:
            listener, sender = connect(port, "listener"), connect(port, "sender")
            time.sleep(0.5)
            for event in events:
                sender.sendall(ET.tostring(event))
            got = {event.get("uid"): event for event in received(listener, len(events) + 1)}
        finally:
            server.terminate()
            server.wait(10)
    missing = [event.get("uid") for event in events if event.get("uid") not in got]
    changed = [event.get("uid") for event in events if event.get("uid") in got and differs(event, got)]
    print(f"{len(events)} events sent, {len(missing)} lost, {len(changed)} changed on the way")
    return 1 if missing or changed else 0


def differs(event: ET.Element, got: dict[str | None, ET.Element]) -> bool:
    """Whether an event came out otherwise than it went in, in type, place, points or callsign."""
    return told(event) != told(got[event.get("uid")])


def told(event: ET.Element) -> tuple[object, ...]:
    """Return what an event says, without how its XML is written; taky writes points to 6 decimals."""
    point = event.find("point")
    assert point is not None
    links = tuple(link.get("point") for link in event.iter("link"))
    names = tuple(contact.get("callsign") for contact in event.iter("contact"))
    where = tuple(f"{float(point.get(axis, '')):.6f}" for axis in ("lat", "lon"))
    return event.get("type"), where, links, names


if __name__ == "__main__":
    raise SystemExit(main())
