"""How areas come and go on the page: a file, a place from Overpass, another laptop's pack; export, delete."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import streamlit as st
from shapely.geometry.base import BaseGeometry

from planner import intake, packs, settings
from planner.area import Area
from planner.errors import PlannerError, SourceError
from planner.geo import LonLat
from planner.packs import BBox, Listing
from planner.sources.overpass import box_around, find_place
from planner.sources.pbf import FORMATS
from planner.sources.polygon import read_polygon
from planner.ui import state
from planner.ui.jobs import Job, Report, Work, desk
from planner.ui.panels import problem, told
from planner.ui.show import show_html

_DEFAULT_RADIUS_M = 5000
_INCIDENT_PAGE = "pages/incident.py"
_NUMBERS = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)\s*")
_JUST_DELETED = "just deleted"
_LONGEST_NAME = 64
_SEEN_AT_ONCE = 8
_PACKED = ".zip"
_FORM, _FILES, _BEGUN = "area form", "files of the area form", "job begun here"
_NAMELESS = "The area has no name yet. Say what it is to be called, such as st_joseph_county."


class _Upload(Protocol):
    """What Streamlit hands over of a file."""

    @property
    def name(self) -> str: ...

    def getbuffer(self) -> memoryview: ...


@dataclass(frozen=True)
class _Part:
    """What of a map is taken in: what meets a box and a polygon, in degrees; all of it without them."""

    box_deg: BBox | None = None
    polygon_deg: BaseGeometry | None = None


def show_job() -> None:
    """Show how far the job at the desk is, or what came of the last one, and what was just deleted."""
    with st.container(key="job"):  # stays in view: it is begun and waited for further down the page
        _say_deleted()
        if desk().job is not None:
            _watch_job()


@st.fragment(run_every=1.0)
def _watch_job() -> None:
    job = desk().job
    if job is None:
        return
    if not job.done:
        st.progress(min(max(job.share, 0.0), 1.0), text=_code(f"{job.title}: {job.doing or 'beginning'}"))
        stopping = job.stopped.is_set()
        label = "Stopping at the next step ..." if stopping else "Stop"
        st.button(label, key="stop job", disabled=stopping, on_click=job.stopped.set)
        return
    if job.trouble:
        show_html(problem(f"{job.title}: {job.trouble}"))
    if job.lines:
        lists = [line for line in job.lines if line.startswith(intake.ALL_STREETS)]
        show_html(told([line for line in job.lines if line not in lists], lists))
    with st.container(horizontal=True):
        st.button("OK", key="job seen", on_click=desk().clear)
        if job.trouble and job.resumed_by is not None:
            st.button("Try again", key="job resumed", on_click=_resume, args=(job,))
        if job.area and not job.trouble and st.button(f"Plan on {job.area}", key="job planned on"):
            desk().clear()
            _plan_on(job.area)
    if not st.session_state.get(_seen_key(job.title)):  # the list above is drawn anew, once
        st.session_state[_seen_key(job.title)] = True
        if st.session_state.pop(_BEGUN, "") == job.title:
            _empty_form(job)
        st.rerun()


def _empty_form(job: Job) -> None:
    """Empty the form after what was begun by it: what is added next is not joined to it.

    What failed takes its files along, and nothing else that was said; what was stopped may be wanted yet.
    """
    if not job.trouble:
        st.session_state[_FORM] = _form() + 1
    elif job.resumed_by is None and not job.stopped.is_set():
        st.session_state[_FILES] = _files() + 1


def _seen_key(title: str) -> str:
    return f"job done: {title}"


def _resume(job: Job) -> None:
    if job.resumed_by is not None:
        _begin(job.title, job.area, job.resumed_by, resumable=True)


def _begin(title: str, area: str, work: Work, *, resumable: bool = False) -> None:
    st.session_state.pop(_seen_key(title), None)
    if not desk().begin(title, work, area=area, resumable=resumable):
        st.session_state["job refused"] = "Another area is being worked on. Wait for it, or stop it."
    else:
        st.session_state[_BEGUN] = title
        st.session_state.pop("job refused", None)


# --- coming in ------------------------------------------------------------------------------------


def ask_new_area() -> None:
    """Ask for a new area, in any of three ways."""
    with st.container():  # a place of its own: the tabs begin anew where they move
        refused = st.session_state.get("job refused")
        if refused:
            show_html(problem(refused))
    by_file, by_place = st.tabs(["From a file", "From the Internet (Overpass)"])
    with by_file:
        _ask_file()
    with by_place:
        _ask_fetch()


def _form() -> int:
    """Return the number of this form, which grows with each area that came in by it."""
    return int(st.session_state.get(_FORM, 0))


def _files() -> int:
    """Return the number of the place for files, which grows with each import that failed."""
    return int(st.session_state.get(_FILES, 0))


def _ask_file() -> None:
    endings = sorted({ending.lstrip(".").split(".")[-1] for ending in FORMATS} | {"zip"})
    st.text(
        "An OpenStreetMap extract (.osm.pbf, .osm, .osm.gz, .osm.bz2; several are joined), or an area that "
        f"another laptop exported ({intake.PACK_SUFFIX}). Too large to upload: planner area import FILE"
    )
    files = st.file_uploader(
        "Files", type=endings, accept_multiple_files=True, key=f"area files {_form()} {_files()}"
    )
    called = _name_from(files)
    name = st.text_input(
        "Name of the area (empty: as the file is called)",
        key=f"area name {_form()}",
        placeholder=called or "st_joseph_county",
    )
    chosen = name.strip() or called
    box = st.text_input(
        "Only this box (optional): west,south,east,north in degrees",
        key=f"area box {_form()}",
        placeholder="-85.70,41.90,-85.58,41.99",
    )
    ground = st.file_uploader(
        "Only within this polygon (optional): GeoJSON, or the .poly of an extract",
        type=["geojson", "json", "poly"],
        key=f"area polygon {_form()}",
    )
    replaced = _ask_replace(chosen, "import")
    if st.button(
        "Import", type="primary", key="import area", disabled=desk().busy, on_click=desk().forget_trouble
    ):
        trouble = _begin_import(files, chosen, box.strip(), ground) if replaced else _taken(chosen)
        if trouble:
            show_html(problem(trouble))
        else:
            st.rerun()


def _name_from(files: Sequence[_Upload]) -> str:
    """Return the name that a file suggests, as columbus_oh of columbus_oh.area.zip; "" if none."""
    first = files[0].name if files else ""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"\.(area|osm|pbf|zip)\b.*", "", first)).strip("_")
    return stem[:_LONGEST_NAME].rstrip("_")


def _ask_replace(name: str, where: str) -> bool:
    """Ask whether the area of that name is to go; True where there is none."""
    with st.container():  # a place of its own: what follows keeps the focus
        own = {listing.name for listing in packs.list_areas() if not listing.shipped}
        if name not in own:
            return True
        return st.checkbox(f"Replace {name}, which is here already", key=f"replace {name} by {where}")


def _taken(name: str) -> str:
    return f"{name} is here already. Tick that it is to be replaced, or give another name."


def _begin_import(files: Sequence[_Upload], name: str, box_text: str, polygon: _Upload | None = None) -> str:
    """Begin an import; returns why not, "" if it began."""
    if not files:
        return "No file was chosen. Choose one above."
    if len(files) > 1 and any(file.name.endswith(_PACKED) for file in files):
        return "An area that was exported is imported alone. Choose only that file."
    if not name:
        return _NAMELESS
    told: list[str] = []
    try:
        packs.check_own_name(name)
        part = _Part(_read_box(box_text), None if polygon is None else _read_polygon(polygon, told.append))
    except PlannerError as error:
        return str(error)
    folder = tempfile.TemporaryDirectory(prefix="planner-upload-")
    kept = []
    for number, file in enumerate(files):
        path = Path(folder.name) / str(number) / _plain(file.name)  # two may have one name, which is told
        path.parent.mkdir()
        path.write_bytes(file.getbuffer())
        kept.append(path)

    def work(report: Report, stopped: Callable[[], bool]) -> list[str]:
        def watch(share: float, doing: str) -> None:
            if stopped() and share < 1.0:  # then all is written
                raise SourceError("it was stopped", "Nothing was changed: import it again")
            report(share, doing)

        with folder:
            return told + _arrive(name, lambda: _take_in(kept, name, part, watch))

    _begin(f"Import of {name}", name, work)
    return ""


def _read_polygon(file: _Upload, tell: Callable[[str], None]) -> BaseGeometry:
    with tempfile.TemporaryDirectory(prefix="planner-upload-") as folder:
        path = Path(folder) / _plain(file.name)
        path.write_bytes(file.getbuffer())
        return read_polygon(path, tell)


def _take_in(files: Sequence[Path], name: str, part: _Part, report: Report) -> Area:
    if len(files) == 1 and files[0].name.endswith(
        _PACKED
    ):  # a browser calls the second one NAME.area (1).zip
        intake.check_asked_whole(files[0], part.box_deg or part.polygon_deg)
        return intake.read_pack_file(files[0], name, progress=report)
    return packs.import_area(files, name, bbox_deg=part.box_deg, within_deg=part.polygon_deg, progress=report)


def _arrive(name: str, come: Callable[[], Area]) -> list[str]:
    before = intake.installed_area(name)
    area = come()
    state.begin_base_map(area)
    return intake.arrival_lines(area, before, all_names=True)


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
    replaced = _ask_replace(name.strip(), "fetch")
    if st.button(
        "Fetch", type="primary", key="fetch area", disabled=desk().busy, on_click=desk().forget_trouble
    ):
        trouble = (
            _begin_fetch(place.strip(), float(radius_m), name.strip()) if replaced else _taken(name.strip())
        )
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
        box, found = _where(place, at, radius_m)
        return [
            f"Found: {found}",
            *_arrive(
                name, lambda: intake.fetch_area(box, name, place=found, progress=report, cancelled=stopped)
            ),
        ]

    _begin(f"Fetch of {name}", name, work, resumable=True)
    return ""


def _read_lonlat(text: str) -> LonLat | None:
    """Read latitude,longitude; None where the text is a name."""
    found = _NUMBERS.fullmatch(text)
    if not found:
        return None
    lat_deg, lon_deg = float(found[1]), float(found[2])
    if abs(lat_deg) > 90 or abs(lon_deg) > 180:
        raise SourceError(
            f"latitude {lat_deg:g}, longitude {lon_deg:g} is not on the globe",
            "Write latitude first, then longitude, in degrees: 41.944, -85.632",
        )
    return LonLat(lon_deg, lat_deg)


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


def ask_which(listings: Sequence[Listing]) -> Sequence[Listing]:
    """Ask which area of a long list is looked for; all of a short one, and until one is chosen."""
    with st.container():  # a place of its own: what follows keeps the focus
        if len(listings) <= _SEEN_AT_ONCE:
            return listings
        names = [listing.name for listing in listings]
        chosen = st.selectbox(
            f"Show one of the {len(names)} areas",
            names,
            index=None,
            placeholder="all are listed: type a part of a name",
            key="area looked for",
        )
    return listings if chosen is None else [one for one in listings if one.name == chosen]


def ask_about(listing: Listing) -> None:
    """Offer what can be done with an installed area."""
    plan, take, drop = st.columns(3)
    name = listing.name
    broken = bool(listing.problem) and not listing.shipped  # a shipped one is made again when it is opened
    if plan.button("Plan here", key=f"plan on {name}", width="stretch", disabled=broken):
        _plan_on(name)
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


def _plan_on(area: str) -> None:
    state.start_incident(area)
    st.switch_page(_INCIDENT_PAGE)


def _ask_delete(place: st.delta_generator.DeltaGenerator, name: str) -> None:
    """Two taps, the second of which names what goes: never a dialog. The first one twice changes nothing."""
    key = f"really delete {name}"
    asked = bool(st.session_state.get(key))
    label = f"Keep {name}" if asked else "Delete"
    place.button(label, key=f"delete {name}", width="stretch", on_click=_set, args=(key, not asked))
    if asked:
        place.button(
            f"Yes, delete {name}",
            key=f"yes {name}",
            width="stretch",
            type="primary",
            on_click=_delete,
            args=(name,),
        )


def _set(key: str, value: bool) -> None:
    st.session_state[key] = value


def _delete(name: str) -> None:
    _set(f"really delete {name}", False)
    try:
        packs.delete_area(name)
        st.session_state[_JUST_DELETED] = f"Deleted {name}."
    except PlannerError as error:
        st.session_state[_JUST_DELETED] = str(error)


def _say_deleted() -> None:
    with st.container():  # a place of its own: what follows keeps the focus
        line = st.session_state.pop(_JUST_DELETED, "")
        if line:
            show_html(told([line]))


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
