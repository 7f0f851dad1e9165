"""How areas come and go on the page: a file, a place from Overpass, another laptop's pack; export, delete."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import streamlit as st

from planner import intake, packs, settings
from planner.area import Area
from planner.errors import PlannerError, SourceError
from planner.geo import LonLat
from planner.packs import BBox, Listing
from planner.sources.overpass import box_around, find_place
from planner.sources.pbf import FORMATS
from planner.ui import state
from planner.ui.jobs import Report, Work, desk
from planner.ui.panels import problem
from planner.ui.show import show_html

_DEFAULT_RADIUS_M = 5000
_INCIDENT_PAGE = "pages/incident.py"
_NUMBERS = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)\s*")
_JUST_DELETED = "just deleted"
_NAMELESS = "The area has no name yet. Say what it is to be called, such as st_joseph_county."


class _Upload(Protocol):
    """What Streamlit hands over of a file."""

    @property
    def name(self) -> str: ...

    def getbuffer(self) -> memoryview: ...


def show_job() -> None:
    """Show how far the job at the desk is, or what came of the last one."""
    if desk().job is not None:
        with st.container(key="job"):  # stays in view: it is begun and waited for further down the page
            _watch_job()


@st.fragment(run_every=1.0)
def _watch_job() -> None:
    job = desk().job
    if job is None:
        return
    if not job.done:
        st.progress(min(max(job.share, 0.0), 1.0), text=_code(f"{job.title}: {job.doing or 'beginning'}"))
        if st.button("Stop", key="stop job"):
            job.stopped.set()
        return
    if job.trouble:
        show_html(problem(f"{job.title}: {job.trouble}"))
    for line in job.lines:
        st.text(line)
    st.button("OK", key="job seen", on_click=desk().clear)
    if not st.session_state.get(_seen_key(job.title)):  # the list above is drawn anew, once
        st.session_state[_seen_key(job.title)] = True
        st.rerun()


def _seen_key(title: str) -> str:
    return f"job done: {title}"


def _begin(title: str, work: Work) -> None:
    st.session_state.pop(_seen_key(title), None)
    if not desk().begin(title, work):
        st.session_state["job refused"] = "Another area is being worked on. Wait for it, or stop it."
    else:
        st.session_state.pop("job refused", None)


# --- coming in ------------------------------------------------------------------------------------


def ask_new_area() -> None:
    """Ask for a new area, in any of three ways."""
    refused = st.session_state.get("job refused")
    if refused:
        show_html(problem(refused))
    by_file, by_place = st.tabs(["From a file", "From the Internet (Overpass)"])
    with by_file:
        _ask_file()
    with by_place:
        _ask_fetch()


def _ask_file() -> None:
    endings = sorted({ending.lstrip(".").split(".")[-1] for ending in FORMATS} | {"zip"})
    st.text(
        "An OpenStreetMap extract (.osm.pbf, .osm, .osm.gz, .osm.bz2; several are joined), or an area that "
        f"another laptop exported ({intake.PACK_SUFFIX}). Too large to upload: planner area import FILE"
    )
    files = st.file_uploader("Files", type=endings, accept_multiple_files=True, key="area files")
    name = st.text_input("Name of the area", key="area name", placeholder="st_joseph_county")
    box = st.text_input("Only this box (optional): west,south,east,north in degrees", key="area box")
    if st.button("Import", type="primary", key="import area", disabled=desk().busy):
        trouble = _begin_import(files, name.strip(), box.strip())
        if trouble:
            show_html(problem(trouble))
        else:
            st.rerun()


def _begin_import(files: Sequence[_Upload], name: str, box_text: str) -> str:
    """Begin an import; returns why not, "" if it began."""
    if not files:
        return "No file was chosen. Choose one above."
    if not name:
        return _NAMELESS
    try:
        packs.check_own_name(name)
        box = _read_box(box_text)
    except PlannerError as error:
        return str(error)
    folder = tempfile.TemporaryDirectory(prefix="planner-upload-")
    kept = []
    for number, file in enumerate(files):
        path = Path(folder.name) / str(number) / _plain(file.name)  # two may have one name, which is told
        path.parent.mkdir()
        path.write_bytes(file.getbuffer())
        kept.append(path)

    def work(report: Report, _stopped: Callable[[], bool]) -> list[str]:
        with folder:
            return _arrive(name, lambda: _take_in(kept, name, box, report))

    _begin(f"Import of {name}", work)
    return ""


def _take_in(files: Sequence[Path], name: str, box: BBox | None, report: Report) -> Area:
    if len(files) == 1 and files[0].name.endswith(intake.PACK_SUFFIX):
        intake.check_asked_whole(files[0], box)
        return intake.read_pack_file(files[0], name)
    return packs.import_area(files, name, bbox_deg=box, progress=report)


def _arrive(name: str, come: Callable[[], Area]) -> list[str]:
    before = intake.installed_area(name)
    return intake.arrival_lines(come(), before)


def _ask_fetch() -> None:
    if settings.read_settings().offline:
        st.text("Fetching is switched off on this installation (PLANNER_OFFLINE).")
        return
    st.text("One polite request after another; a broken fetch goes on where it stopped. Needs the Internet.")
    place = st.text_input(
        "Place, or latitude,longitude of its middle", key="fetch place", placeholder="Three Rivers, Michigan"
    )
    radius_m = st.number_input(
        "Metres around it (for latitude,longitude)",
        min_value=200,
        max_value=60_000,
        value=_DEFAULT_RADIUS_M,
        step=500,
        key="fetch radius",
    )
    name = st.text_input("Name of the area", key="fetch name", placeholder="three_rivers_now")
    if st.button("Fetch", type="primary", key="fetch area", disabled=desk().busy):
        trouble = _begin_fetch(place.strip(), float(radius_m), name.strip())
        if trouble:
            show_html(problem(trouble))
        else:
            st.rerun()


def _begin_fetch(place: str, radius_m: float, name: str) -> str:
    if not place:
        return "Say which place: a town with its state or country, or latitude,longitude."
    if not name:
        return _NAMELESS
    try:
        packs.check_own_name(name)
        at = _read_lonlat(place)
    except PlannerError as error:
        return str(error)

    def work(report: Report, stopped: Callable[[], bool]) -> list[str]:
        box, told = _where(place, at, radius_m)
        return [
            f"Found: {told}",
            *_arrive(
                name, lambda: intake.fetch_area(box, name, place=told, progress=report, cancelled=stopped)
            ),
        ]

    _begin(f"Fetch of {name}", work)
    return ""


def _read_lonlat(text: str) -> LonLat | None:
    """Read latitude,longitude; None where the text is a name."""
    found = _NUMBERS.fullmatch(text)
    return LonLat(float(found[2]), float(found[1])).checked() if found else None


def _where(place: str, at: LonLat | None, radius_m: float) -> tuple[BBox, str]:
    if at is None:
        return find_place(place, intake.servers_here())
    return box_around(at, radius_m), f"{radius_m:.0f} m around {at.lat_deg:.5f},{at.lon_deg:.5f}"


def _read_box(text: str) -> BBox | None:
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise SourceError("the box is not four numbers", "Write west,south,east,north") from None
    return west, south, east, north


# --- going out ------------------------------------------------------------------------------------


def ask_about(listing: Listing) -> None:
    """Offer what can be done with an installed area."""
    plan, take, drop = st.columns(3)
    name = listing.name
    broken = bool(listing.problem) and not listing.shipped  # a shipped one is made again when it is opened
    if plan.button("Plan here", key=f"plan on {name}", width="stretch", disabled=broken):
        state.start_incident(name)
        st.switch_page(_INCIDENT_PAGE)
    if listing.manifest is not None:
        take.download_button(
            "Export for another laptop",
            lambda: _pack_bytes(name),
            f"{name}{intake.PACK_SUFFIX}",
            "application/zip",
            key=f"export {name}",
            width="stretch",
        )
    if not listing.shipped:
        _ask_delete(drop, name)


def _ask_delete(place: st.delta_generator.DeltaGenerator, name: str) -> None:
    """Two taps, the second of which names what goes: never a dialog."""
    key = f"really delete {name}"
    if not st.session_state.get(key):
        place.button("Delete", key=f"delete {name}", width="stretch", on_click=_set, args=(key, True))
        return
    place.button(
        f"Yes, delete {name}",
        key=f"yes {name}",
        width="stretch",
        type="primary",
        on_click=_delete,
        args=(name,),
    )
    place.button("Keep it", key=f"keep {name}", width="stretch", on_click=_set, args=(key, False))


def _set(key: str, value: bool) -> None:
    st.session_state[key] = value


def _delete(name: str) -> None:
    _set(f"really delete {name}", False)
    try:
        packs.delete_area(name)
        st.session_state[_JUST_DELETED] = f"Deleted {name}."
    except PlannerError as error:
        st.session_state[_JUST_DELETED] = str(error)


def say_deleted() -> None:
    """Say once what was deleted."""
    told = st.session_state.pop(_JUST_DELETED, "")
    if told:
        st.text(told)


def _pack_bytes(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pack"
        intake.write_pack_file(name, file)
        return file.read_bytes()


def _plain(name: str) -> str:
    """Return a name that is a file's, in whatever folder it is put."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-80:].lstrip(".") or "file"


def _code(text: str) -> str:
    # Code style: what is being read may be named by a stranger, and a bar's label is Markdown.
    return f"`{text.replace('`', ' ')}`"
