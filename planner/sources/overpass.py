"""Areas from the Overpass API: one polite stream of requests, tile by tile, broken off and resumed at will.

osmnx finds the place (:func:`find_place`); its graph is not taken, for it loses turn restrictions, layers and
access, and needs minutes for a city (``engine.md``). What Overpass answers is OpenStreetMap XML with whole
ways, read by the same reader as a file, so that the area is the same as from an extract of that date.
"""

from __future__ import annotations

import hashlib
import html
import json
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from planner.errors import SourceError
from planner.geo import Frame, LonLat
from planner.sources.extracts import GEOFABRIK, extracts_of
from planner.sources.locks import HEED_S, take_lock
from planner.sources.meridian import BBox, checked_box, parts_of, told_box
from planner.sources.pbf import KEYS, Progress, check_readable

OVERPASS_URL = "https://overpass-api.de/api/interpreter"
NOMINATIM_URL = "https://nominatim.openstreetmap.org/"
USER_AGENT = (
    f"perimeter-and-staging-planner/{version('planner')} (emergency pre-planning; one request at a time)"
)

TILE_M = 10_000.0
"""Widest side of what is asked in one request: a dense city of this size is some 50 MB of XML."""
MAX_SIDE_M = 120_000.0
"""Beyond this an extract is the better way, for the server too."""
_POLE_DEG = 90.0
ROOM_M = 1_000.0
"""Streets around a place that are fetched with it: perimeters reach past a town's border."""
_KEPT_S = 24 * 3600.0  # tiles of a broken fetch older than this are asked anew
_ANSWER_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 16
_BUSY = frozenset({429, 502, 503, 504})
_RETRY_LIMIT_S = 300.0
_on_its_way = threading.Lock()  # held by a request until its answer is here, or given up
_ASKING = ".asking"  # beside the folders of tiles: what is locked meanwhile, for other processes
_TRIES_UNHEARD = 2  # where nobody answers: there is no network, or no such server
_TRIES_OTHER = 3  # where somebody else answers, such as the page of a hotel's network that asks to be paid
_BY_MIDDLE = (
    "give its middle as latitude,longitude with metres around it (on the command line: --at, --radius)"
)


@dataclass(frozen=True)
class Servers:
    """Who is asked, and how patiently.

    Parameters
    ----------
    overpass_url, nominatim_url : str
        "" means the public one.
    offline : bool
        Ask nobody.
    tries : int
        Requests for one tile before giving up.
    pause_s : float
        Wait before the second try; doubled for each further one.
    answer_s : float
        The longest that one answer may take, from request to last byte.
    sleep : callable
        Waits for so many seconds.
    """

    overpass_url: str = ""
    nominatim_url: str = ""
    offline: bool = False
    tries: int = 6
    pause_s: float = 10.0
    answer_s: float = 300.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    @property
    def overpass(self) -> str:
        """URL of the interpreter."""
        return self.overpass_url or OVERPASS_URL

    @property
    def nominatim(self) -> str:
        """URL that searches are made below."""
        return self.nominatim_url or NOMINATIM_URL


class CancelledError(SourceError):
    """The user broke a fetch off; what had come is kept for a day."""

    def __init__(self) -> None:
        super().__init__("the fetch was broken off", "Fetch it again within a day to go on where it stopped")


def box_around(place: LonLat, radius_m: float) -> BBox:
    """Return the box around a place: west, south, east, north in degrees.

    Raises
    ------
    SourceError
        If the radius is not between 100 m and half of ``MAX_SIDE_M``.
    """
    if not 100.0 <= radius_m <= MAX_SIDE_M / 2:
        raise SourceError(
            f"a radius of {radius_m:g} m cannot be fetched",
            f"Give 100 to {MAX_SIDE_M / 2:.0f} metres; for more, import an extract",
        )
    west, south, east, north = Frame(place).to_deg([(-radius_m, -radius_m), (radius_m, radius_m)]).ravel()
    return _rounded((float(west), float(south), float(east), float(north)))


def find_place(place: str, servers: Servers) -> tuple[BBox, str]:
    """Find a place by its name ("Columbus, Ohio"), with ``ROOM_M`` around it.

    Returns
    -------
    box : tuple of float
        West, south, east, north in degrees.
    name : str
        In the words of the server, so that a wrong Columbus is seen.

    Raises
    ------
    SourceError
        If offline, not found, too large, or the server does not answer.
    """
    _check_online(servers)
    _check_address("PLANNER_NOMINATIM_URL", servers.nominatim)
    import osmnx  # a second to import, and only needed here

    osmnx.settings.use_cache = False
    osmnx.settings.nominatim_url = servers.nominatim
    osmnx.settings.http_user_agent = USER_AGENT
    osmnx.settings.requests_timeout = min(servers.answer_s, 60.0)
    osmnx.settings.requests_kwargs = {"hooks": {"response": _refuse_busy}}
    try:
        found = osmnx.geocode_to_gdf(place)
    except (requests.RequestException, ValueError, TypeError, LookupError) as error:  # osmnx's own among them
        if isinstance(error, TypeError) or "0 results" in str(error):
            raise SourceError(
                f"no place with a border was found for {place!r}",
                f"Write it as town, state, country; or {_BY_MIDDLE}",
            ) from error
        why = "its answer is not understood" if isinstance(error, LookupError) else _said(error)
        raise SourceError(
            f"the search for {place!r} failed ({why})", f"Search again later, or {_BY_MIDDLE}"
        ) from error
    west, south, east, north = (float(v) for v in found.total_bounds)
    frame = Frame(LonLat((west + east) / 2, (south + north) / 2))
    low, high = frame.to_m([(west, south), (east, north)])
    (west, south), (east, north) = frame.to_deg([low - ROOM_M, high + ROOM_M])
    box = _rounded((float(west), float(south), float(east), float(north)))
    return box, str(found["display_name"].iloc[0])


def fetch_osm(
    box: BBox,
    folder: Path,
    servers: Servers,
    progress: Progress,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[list[Path], str]:
    """Fetch all that the planner reads within a box, as OpenStreetMap XML, a file for each tile.

    Parameters
    ----------
    box : tuple of float
        West, south, east, north in degrees.
    folder : Path
        Where tiles are kept until the caller deletes them; those of an earlier, broken fetch of the same box
        are not asked again within a day. Whoever calls sees to it that nobody else fetches into it meanwhile.
    servers : Servers
    progress : callable
        Told the share of tiles that are here.
    cancelled : callable, optional
        Asked before each request and while an answer comes.

    Returns
    -------
    files : list of Path
    data_date : str
        ISO date that the server's data are of, the oldest of the tiles; "" if it does not say.

    Raises
    ------
    SourceError
        If offline, too large, no server is named, or it refuses or fails for good; says what to do instead.
    CancelledError
    """
    _check_online(servers)
    _check_address("PLANNER_OVERPASS_URL", servers.overpass)
    tiles = _tiles(box)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, tile in enumerate(tiles):
        file = folder / f"{hashlib.sha256(f'{servers.overpass} {tile}'.encode()).hexdigest()[:16]}.osm"
        progress(number / len(tiles), f"tile {number + 1} of {len(tiles)}")
        if not _is_fresh(file):
            _fetch_tile(tile, file, box, servers, _Listener(progress, number, len(tiles), cancelled))
        files.append(file)
    dates = sorted(filter(None, map(_base_date, files)))
    return files, dates[0] if dates else ""


@dataclass(frozen=True)
class _Listener:
    """Who wants to hear how a tile comes, and may stop it."""

    progress: Progress
    number: int
    count: int
    cancelled: Callable[[], bool]

    def check(self) -> None:
        if self.cancelled():
            raise CancelledError

    def say(self, text: str) -> None:
        self.progress(self.number / self.count, f"tile {self.number + 1} of {self.count}: {text}")


# --- boxes ----------------------------------------------------------------------------------------


def _rounded(box: BBox) -> BBox:
    west, south, east, north = (round(v, 7) for v in box)
    return west, south, (east + 360.0 if east < west else east), north


def _tiles(box: BBox) -> list[BBox]:
    """Part a box into tiles of at most ``TILE_M``, west to east, south to north; none reaches across 180."""
    west, south, east, north = box = checked_box(box)
    if abs(south) == _POLE_DEG or abs(north) == _POLE_DEG:
        raise SourceError("the box reaches to a pole", "Check latitude and longitude")
    frame = Frame(LonLat((west + east) / 2, (south + north) / 2))
    wide_m, high_m = frame.to_m([(east, (south + north) / 2), ((west + east) / 2, north)])[[0, 1], [0, 1]] * 2
    if max(wide_m, high_m) > MAX_SIDE_M:
        raise SourceError(
            f"{wide_m / 1000:.0f} by {high_m / 1000:.0f} km is too much to fetch",
            _instead(box, "Fetch a smaller place"),
        )
    return [tile for part in parts_of(box) for tile in _tiles_of(part, wide_m / (east - west), high_m)]


def _tiles_of(box: BBox, m_per_deg: float, high_m: float) -> list[BBox]:
    west, south, east, north = box
    columns, rows = math.ceil((east - west) * m_per_deg / TILE_M), math.ceil(high_m / TILE_M)
    xs = [west + (east - west) * k / columns for k in range(columns + 1)]
    ys = [south + (north - south) * k / rows for k in range(rows + 1)]
    return [_rounded((xs[i], ys[j], xs[i + 1], ys[j + 1])) for j in range(rows) for i in range(columns)]


def _instead(box: BBox, first: str) -> str:
    """Say which extract to download, and the command that takes it in."""
    west, south, east, north = (f"{v:.4f}" for v in told_box(box))
    known = extracts_of(box)
    what = " and ".join(known) or (
        f"the .osm.pbf extract of the state or county around {south},{west} "
        f"({GEOFABRIK}, https://extract.bbbike.org)"
    )
    files = " ".join(url.rsplit("/", 1)[1] for url in known) or "FILE.osm.pbf"
    command = f"planner area import {files} --name NAME --bbox={west},{south},{east},{north}"
    return f"{first}, or download {what} and run: {command}"


# --- asking ---------------------------------------------------------------------------------------


def query_of(tile: BBox, answer_s: float) -> str:
    """Return the Overpass QL for a tile: what has one of our keys there, or around it, with all its nodes."""
    west, south, east, north = tile
    keys = "|".join(KEYS)
    return (
        f"[out:xml][timeout:{answer_s:.0f}][bbox:{south:.7f},{west:.7f},{north:.7f},{east:.7f}];"
        f'nwr[~"^({keys})$"~"."]->.here;'
        # grounds that hold the whole tile have no line in it: asked by its middle
        f"is_in({(south + north) / 2:.7f},{(west + east) / 2:.7f})->.around;"
        f'wr(pivot.around)[~"^({keys})$"~"."]->.holding;'
        "(.here;.holding;);out meta;>;out meta;"
    )


def _fetch_tile(tile: BBox, file: Path, box: BBox, servers: Servers, listener: _Listener) -> None:
    query = query_of(tile, servers.answer_s)
    pause_s = servers.pause_s
    last = ""
    for attempt in range(servers.tries):
        listener.check()
        try:
            _ask(query, file, servers, listener)
        except _Busy as busy:
            last = busy.why
            if attempt + 1 >= min(servers.tries, busy.tries):
                break
            wait_s = min(max(pause_s, busy.retry_after_s), _RETRY_LIMIT_S)
            listener.say(f"{busy.why}; again in {wait_s:.0f} s")
            _wait(wait_s, servers, listener)
            pause_s *= 2
        except _Refused as refused:
            raise SourceError(
                f"Overpass refused the request ({refused.why})", _instead(box, refused.remedy)
            ) from refused
        else:
            return
    raise SourceError(
        f"Overpass did not deliver after {attempt + 1} tries ({last})",
        _instead(box, "Try again later, which goes on where it stopped"),
    )


class _Busy(Exception):  # noqa: N818 - a state of the server, not an error of ours
    """Worth another try: overloaded, cut off, garbled."""

    def __init__(self, why: str, retry_after_s: float = 0.0, *, tries: float = math.inf) -> None:
        super().__init__(why)
        self.why = why
        self.retry_after_s = retry_after_s
        self.tries = tries  # that this is worth at most


class _Refused(Exception):  # noqa: N818
    """Not worth another try."""

    def __init__(self, why: str, remedy: str = "Wait") -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy


def _ask(query: str, file: Path, servers: Servers, listener: _Listener) -> None:
    """Ask once; the file is there, whole, when this returns.

    Overpass may think for minutes before it says a word: who breaks the fetch off is not kept waiting for
    it. The next request is, for there is never more than one on its way from this installation.
    """
    with _turn(file.parent.with_name(_ASKING), listener) as turn:
        if _is_fresh(file):  # by the request that was broken off
            return
        held = turn.pop_all()
    answer: Future[None] = Future()

    def ask() -> None:
        try:
            with held:
                _ask_and_wait(query, file, servers, listener)
        except Exception as error:  # noqa: BLE001 - raised below, where somebody hears it
            answer.set_exception(error)
        else:
            answer.set_result(None)

    threading.Thread(target=ask, name="overpass", daemon=True).start()
    while not wait([answer], timeout=HEED_S).done:
        if listener.cancelled():
            wait([answer], timeout=HEED_S)  # an answer that was coming is cleared away by then
            raise CancelledError
    answer.result()


def _turn(lock: Path, listener: _Listener) -> ExitStack:
    """Wait until no request is on its way, of this process or another; none is until what is given closes."""

    def waiting() -> None:
        listener.check()
        listener.say("waiting for the end of the request that is on its way")

    with ExitStack() as turn:
        while not _on_its_way.acquire(timeout=HEED_S):
            waiting()
        turn.callback(_on_its_way.release)
        turn.enter_context(take_lock(lock, waiting))
        return turn.pop_all()


def _ask_and_wait(query: str, file: Path, servers: Servers, listener: _Listener) -> None:
    part = file.with_suffix(".part")
    began = time.monotonic()
    try:
        with requests.post(
            servers.overpass,
            data={"data": query},
            headers={"User-Agent": USER_AGENT},
            stream=True,
            allow_redirects=False,  # the query would be lost on the way, or go to whom nobody chose
            timeout=(min(30.0, servers.answer_s), servers.answer_s),
        ) as answer:
            _check_status(answer)
            with part.open("wb") as out:
                # read1 gives what is there: a full chunk of a slow drip would be waited for, for hours
                while chunk := answer.raw.read1(_CHUNK_BYTES, decode_content=True):
                    listener.check()
                    out.write(chunk)
                    if time.monotonic() - began > servers.answer_s:
                        raise _Busy(f"the answer took longer than {servers.answer_s:.0f} s")
                    if out.tell() > _ANSWER_BYTES:
                        raise _Refused("the answer is larger than 1 GB")
        _check_whole(part)
        part.replace(file)
    except _NO_ADDRESS as error:
        raise _no_proxy(error) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _Busy(_said(error), tries=_TRIES_UNHEARD if _is_unheard(error) else math.inf) from error
    finally:
        if part.exists() and _is_whole(part):  # broken off when all had come
            part.replace(file)
        else:
            part.unlink(missing_ok=True)


def _check_status(answer: requests.Response) -> None:
    if answer.status_code in _BUSY:
        raise _Busy(f"{answer.status_code} {answer.reason}", _retry_after_s(answer))
    if answer.is_redirect:
        there = answer.headers["Location"][:200]
        raise _Refused(
            f"{answer.status_code} {answer.reason}: it has moved to {there}",
            f"Set PLANNER_OVERPASS_URL to {there}",
        )
    if answer.status_code != requests.codes.ok:
        raise _Refused(f"{answer.status_code} {answer.reason}")


def _retry_after_s(answer: requests.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    if not text:
        return 0.0
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):  # neither seconds nor a date: as if it had not said
        return 0.0


def _check_whole(file: Path) -> None:
    """See that an answer is OpenStreetMap XML from end to end, and carries no word of a failure.

    One that is broken within is asked for again here: it would be found when all others have come.
    """
    _check_ends(file)
    try:
        check_readable(file, "osm")
    except SourceError as error:
        raise _Busy(f"the answer is broken: {error.message}") from error


def _check_ends(file: Path) -> None:
    head, tail = _ends(file)
    remark = _remark(head + tail)
    if remark:
        raise _Busy(f"the server says: {remark}")
    if b"<osm" not in head:
        raise _Busy("the answer is no OpenStreetMap XML", tries=_TRIES_OTHER)
    if not tail.rstrip().endswith(b"</osm>"):
        raise _Busy("the answer was cut off")


_REMARK_LETTERS = 300
_REMARKS = (
    re.compile(rb"<remark>(.{1,2000}?)</remark>", re.DOTALL),
    # what stands between asks us for XML and the server for JSON, or answers itself
    re.compile(rb'"remark"\s*:\s*"((?:[^"\\]|\\.){1,2000})"'),
    # a page of the server, whatever its status
    re.compile(rb"<strong[^>]*>Error</strong>:(.{1,2000}?)</p>", re.DOTALL),
)


def _remark(told: bytes) -> str:
    """Return what the server itself says of an answer, in one line; "" where it says nothing."""
    forms = _REMARKS[:1] if b"<osm" in told else _REMARKS  # the words of a map are no server's
    found = next(filter(None, (form.search(told) for form in forms)), None)
    if found is None:
        return ""
    text = found[1].decode("utf-8", "replace")
    if found.re is _REMARKS[1]:
        with suppress(ValueError):  # no JSON after all: as it stands there
            text = str(json.loads(f'"{text}"', strict=False))
    return " ".join(html.unescape(text).split())[:_REMARK_LETTERS]


def _is_whole(file: Path, check: Callable[[Path], None] = _check_whole) -> bool:
    try:
        check(file)
    except _Busy:
        return False
    return True


def _ends(file: Path, size: int = 4096) -> tuple[bytes, bytes]:
    with file.open("rb") as opened:
        head = opened.read(size)
        opened.seek(max(0, file.stat().st_size - size))
        return head, opened.read()


def _base_date(file: Path) -> str:
    found = re.search(rb'osm_base="(\d{4}-\d{2}-\d{2})', _ends(file)[0])
    return found[1].decode() if found else ""


def _is_fresh(file: Path) -> bool:
    """Whether a tile is kept and young enough, and has its ends: a computer that lost power may cut it."""
    young = file.is_file() and time.time() - file.stat().st_mtime < _KEPT_S
    return young and _is_whole(file, _check_ends)


def _wait(seconds: float, servers: Servers, listener: _Listener) -> None:
    """Wait in short steps, so that a cancel is heard."""
    for step_s in _steps(seconds):
        listener.check()
        servers.sleep(step_s)


def _steps(seconds: float) -> Iterator[float]:
    while seconds > 0:
        yield min(1.0, seconds)
        seconds -= 1.0


def _check_online(servers: Servers) -> None:
    if servers.offline:
        raise SourceError(
            "fetching is switched off here (PLANNER_OFFLINE)",
            "Unset it, or import an extract: planner area import FILE.osm.pbf --name NAME",
        )


def _check_address(setting: str, url: str) -> None:
    """Refuse an address at which nobody can ever be asked, before anybody is."""
    try:
        address = urlsplit(str(requests.Request("POST", url).prepare().url))
        whole = address.scheme in {"http", "https"} and bool((address.hostname or "").encode("idna"))
    except ValueError:  # of requests and of codecs alike
        whole = False
    if not whole:
        raise SourceError(
            f"{setting} is no address of a server",
            "Set it to one that begins with https:// or http://, or unset it to ask the public server",
        )


_NO_ADDRESS = (
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    urllib3.exceptions.LocationValueError,
)


def _no_proxy(error: Exception) -> SourceError:
    """Say that a proxy cannot be asked: the server's own address was looked at before."""
    return SourceError(
        f"the proxy that the environment names cannot be used ({_said(error)})",
        "Correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, or unset it",
    )


def _refuse_busy(answer: requests.Response, *_args: Any, **_kwargs: Any) -> None:
    """Stop osmnx from waiting for ever where the server of names is busy."""
    if answer.status_code in _BUSY:
        answer.close()
        raise requests.HTTPError(f"{answer.status_code} {answer.reason}")


def _is_unheard(error: BaseException) -> bool:
    """Whether there was no connection at all: no network, no such server."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _said(error: BaseException) -> str:
    """Return an error's own words, short: those of requests carry addresses and objects."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.HTTPError):
        return str(error)
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "the answer was cut off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
