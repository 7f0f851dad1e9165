"""Names from maps are hostile text: through every format, read by a reader of that format."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import fastkml
import pypdf
import pytest
from lxml import etree

from planner.exports import EXPORTERS, Audience, export_plan, file_name
from planner.exports.exporter import Exporter
from planner.model import Plan
from tests.plans import MADE, made_town, renamed, town_plan

NAMES = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "end of CDATA": "]]><x/> &amp; &bad; <!-- --> <?php",
    "quotes": '"Bar" \'n\' `Grill` \\" ${x} $[name] {{x}} %s %(x)s',
    "lines": "one\ntwo\r\nthree\ttabs\u2028four\u2029five\x0bsix\x85seven",
    "controls": "bell\x07null\x00escape\x1b[31mred\x7fdel\ufeffbom\ufffe\uffff",
    "right to left": "\u202egnp.exe\u202c \u2066isolate\u2069 \u200fمدرسة الأمل",
    "10 kB": "Very long school " * 600,
    "typst": '#import "x" #eval("1") $x$ *b* _i_ @ref <label> // /* [content]',
    "half a pair": "bad \ud800 surrogate",
    "all planes": "校 🏫 \U0010fffd école ñandú",
    "formula": "=HYPERLINK(0)",
    "nothing": "",
    "spaces": "   ",
}
NAMES["all at once"] = " ".join(name for name in NAMES.values() if len(name) < 200)


@pytest.fixture(scope="module", params=NAMES)
def hostile(request) -> Plan:
    plan: Plan = renamed(town_plan(), NAMES[request.param])
    return plan


def _xml(content: bytes) -> None:
    root = etree.fromstring(content)
    names = {str(element.tag).rpartition("}")[2] for element in root.iter()}
    assert not names & {"script", "img", "x"}


def _zip(content: bytes) -> None:
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    for name in archive.namelist():
        assert not name.startswith(("/", ".."))
        assert "\\" not in name
        if not name.endswith(".png"):
            _xml(archive.read(name))


def _json(content: bytes) -> None:
    assert json.loads(content)["type"] == "FeatureCollection"


def _gpkg(content: bytes) -> None:
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    tables = database.execute("SELECT table_name FROM gpkg_contents").fetchall()
    assert all(name.isascii() for (name,) in tables)
    for (style,) in database.execute("SELECT styleQML FROM layer_styles"):
        _xml(style.partition("\n")[2].encode())
    database.close()


def _pdf(content: bytes) -> None:
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    assert len(pages) >= 1
    assert all("\x1b" not in page.extract_text() for page in pages)


class _Page(HTMLParser):
    """What a browser would run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag in {"img", "x", "iframe", "object"} else []
        self.found += [name for name, _ in attrs if name.startswith("on")]


def _html(content: bytes) -> None:
    page = _Page()
    page.feed(content.decode())
    assert page.found == []
    assert "<script>alert(1)" not in content.decode()


def _text(content: bytes) -> None:
    assert all(c == "\n" or c.isprintable() or c in "\u200c\u200d" for c in content.decode())


def _png(content: bytes) -> None:
    assert content.startswith(b"\x89PNG")


READERS: dict[str, Callable[[bytes], None]] = {
    ".xml": _xml,
    ".kml": _xml,
    ".gpx": _xml,
    ".svg": _xml,
    ".kmz": _zip,
    ".zip": _zip,
    ".geojson": _json,
    ".gpkg": _gpkg,
    ".pdf": _pdf,
    ".html": _html,
    ".txt": _text,
    ".png": _png,
}


def reader_of(exporter: Exporter) -> Callable[[bytes], None]:
    return READERS[Path(f"x{exporter.suffix}").suffix]


WORST = ("all at once",)
"""Enough for what takes long to print."""
PAIRS = [
    (to, name)
    for to, one in EXPORTERS.items()
    for name in (WORST if one.suffix in (".pdf", ".png", ".html") else NAMES)
]


@pytest.mark.parametrize(("to", "name"), PAIRS)
def test_every_format_is_whole_and_harmless_whatever_things_are_called(to, name):
    reader_of(EXPORTERS[to])(export_plan(renamed(town_plan(), NAMES[name]), to, MADE, made_town()))


def test_kml_of_hostile_names_stays_valid(hostile):
    schema = etree.XMLSchema(etree.parse(Path(fastkml.__file__).parent / "schema" / "ogckml22.xsd"))
    content = export_plan(hostile, "kml", MADE)
    schema.assertValid(etree.fromstring(content))
    for balloon in etree.fromstring(content).iter("{*}description"):
        _html((balloon.text or "").encode())


def test_no_file_is_called_what_a_system_could_stumble_over(hostile):
    for to in EXPORTERS:
        name = file_name(hostile, to, MADE)
        assert name.isascii()
        assert len(name) < 140
        assert not set(name) & set('/\\:*?"<>|\n\t ')
        assert not name.startswith((".", "-"))


def test_every_format_says_what_it_is_and_has_a_reader_here():
    for to, one in EXPORTERS.items():
        assert to.isidentifier()
        assert one.title
        assert "/" in one.media_type
        assert one.audience in Audience
        assert callable(reader_of(one))
