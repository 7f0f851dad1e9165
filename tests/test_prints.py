"""Prints: forms, brief, poster, picture and page, read back by other programs."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pypdf
import pypdfium2
import pytest
import typst

from planner import words
from planner.briefing.phrases import suggested
from planner.errors import ExportError
from planner.exports import EXPORTERS, Audience, Options, Paper, export_plan, typeset
from planner.exports.ics201 import ics201
from planner.exports.ics206 import hospital_row, ics206, procedures
from planner.exports.legend import legend
from planner.exports.lists import Table, fit, hospital_table, way_table, wrapped
from planner.exports.page_facts import sources
from planner.exports.public import public_plan
from planner.model import AmbulanceNeed, Casualties, Notice, Plan, WalkIns
from planner.perimeters.exposure import IN_VIEW
from planner.terms import NoticeLevel, Purpose, ThreatName, TraumaLevel
from tests.test_dispatch import HOSTILE, made, with_names
from tests.test_transport_text import planned

MADE = Options(datetime.fromisoformat("2026-05-14T10:02:00-05:00"), valid_min=240, sender="Town Police")
PRINTS = [name for name, one in EXPORTERS.items() if one.suffix == ".pdf"]
PAGES = {"letter": (612, 792), "a4": (595.3, 841.9)}


def pages(content: bytes) -> list[str]:
    """The text of each page, as an independent reader finds it, spaces and breaks as one space."""
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(content)).pages]


@lru_cache(maxsize=32)
def printed(to: str, paper: str = "letter") -> bytes:
    plan, area = made()
    return export_plan(full(plan), to, replace(MADE, paper=Paper(paper)), area)


def full(plan: Plan) -> Plan:
    """The town's plan with everything known of its hospitals, and with what its own table does not state."""
    known = replace(
        plan.hospitals[0],
        name="Town General",
        adult_level=TraumaLevel.II,
        pediatric_level=TraumaLevel.III,
        helipad=True,
        burn=False,
        time_range_min=(3, 7),
        air_range_min=(1, 4),
        assigned=Casualties(3, 2, 1),
        walk_ins=WalkIns(others=2),
    )
    blank = replace(
        known, name="Quiet Clinic", adult_level=None, pediatric_level=None, helipad=None, burn=None
    )
    blank = replace(blank, time_range_min=None, air_range_min=None, assigned=Casualties(), walk_ins=WalkIns())
    units = (("ambulances", 6), ("officers", 14))
    need = AmbulanceNeed(5, 6, 1, (8, 12), (9, 14), "5 ambulances take all in one wave")
    told = replace(plan.incident, units=units, began_at="2026-05-14T09:32:00-05:00")
    return replace(plan, incident=told, hospitals=(known, blank), ambulances=need)


def test_every_form_of_the_contract_is_there():
    assert {
        "ics201",
        "ics206",
        "brief",
        "png",
        "text",
        "ics204",
        "ics205",
        "ics214",
        "poster",
        "html",
    } <= set(EXPORTERS)


# --- ICS 206 --------------------------------------------------------------------------------------


def test_ics_206_has_every_block_and_every_fact_of_the_plan():
    plan = full(made()[0])
    text = " ".join(pages(printed("ics206")))
    blocks = (
        "1. Incident Name", "2. Operational Period", "3. Medical Aid Stations",
        "4. Transportation (air and ground)", "5. Hospitals", "6. Special Medical Emergency Procedures",
        "Aviation assets used for rescue", "7. Prepared by (Medical Unit Leader)",
        "8. Approved by (Safety Officer)",
    )  # fmt: skip
    assert all(block in text for block in blocks)
    columns = (
        "Travel time, air",
        "Travel time, ground",
        "Trauma center, level",
        "Burn center",
        "Helipad",
        "Contact",
    )
    assert all(text.count(column) for column in columns)
    assert "Town School" in text
    assert "6 ambulances, as told" in text
    for site in suggested(plan):
        if site.purpose in (Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE):
            assert f"{words.PURPOSES[site.purpose][1]}: {site.name}" in text
            assert site.usng.split()[2] in text


def test_a_hospital_is_printed_as_the_plan_has_it_and_blank_where_it_has_nothing():
    rows = {
        row[0]: row
        for row in next(b for r in ics206(full(made()[0]))["rows"] for b in r if b["number"] == "5")["rows"]
    }
    assert rows["Town General"][2:] == [
        "",
        "1-4 min",
        "3-7 min",
        "Yes, Level II, pediatric III",
        "No",
        "Yes",
        "3 / 2 / 1",
        "2 yellow or green",
    ]
    assert rows["Quiet Clinic"][2:] == [""] * 8
    text = " ".join(pages(printed("ics206")))
    assert "Town General" in text
    assert "1-4 min 3-7 min Yes, Level II, pediatric III No Yes 3 / 2 / 1 2 yellow or green" in text
    after = text.split("Quiet Clinic")[1]
    assert re.match(r" [-\d.]+, [-\d.]+ 6\. Special", after), after[:80]


def test_a_drive_that_is_an_estimate_and_a_corridor_that_is_shared_are_said_on_the_form():
    plan = full(made()[0])
    guessed = replace(plan.hospitals[0], off_map=True)
    assert hospital_row(guessed)[4] == f"{words.minutes(guessed.time_range_min)}, estimate"
    shared = Notice(NoticeLevel.CAUTION, "In and out share Main Street", "corridor")
    told = list(procedures(replace(plan, notices=(shared, replace(shared, level=NoticeLevel.INFO)))))
    assert told.count("CAUTION: In and out share Main Street.") == 1
    assert "INFO: In and out share Main Street." not in told


def test_a_way_to_the_edge_of_the_map_is_never_told_as_the_way_or_the_drive_to_the_hospital():
    plan, area = planned()
    far = next(h for h in plan.hospitals if h.name == "Far Trauma")
    way = next(r for r in plan.routes if r.id == far.route)
    assert any(line.startswith(f"Way out to {way.towards}Far Trauma: ") for line in procedures(plan))
    rows = way_table(plan, 63.0, 6.4).rows
    at = next(k for k, row in enumerate(rows) if "edge of the map" in row[1])
    assert rows[at][2] == "", "its minutes are not the drive's"
    assert "Far Trauma" in " ".join(row[1] for row in rows[at : at + 3])
    page = export_plan(plan, "html", MADE, area).decode()
    assert f"<td>{way.towards}Far Trauma</td>" in page
    assert f"<td>{words.both(way.length_m)} to the edge of the map</td>" in page
    assert f"<td>{words.minutes(far.time_range_min)}, estimate</td>" in page


def test_the_brief_rounds_times_up_and_marks_drives_that_are_estimates():
    plan, _ = planned()
    near = next(r for r in plan.routes if r.end == "West Trauma")
    for time_s, told in ((133.0, "3 min"), (186.0, "4 min"), (180.0, "3 min"), (20.0, "1 min")):
        assert way_table(replace(plan, routes=(replace(near, time_s=time_s),)), 63.0, 6.4).rows[0][2] == told
    table = hospital_table(plan.hospitals, 63.0, 6.4, 6)
    drives = {row[0]: row[2] for row in table.rows}
    assert drives["Far Trauma"].startswith("~")
    assert not drives["West Trauma"].startswith("~")
    assert "(~ estimate)" in table.title
    known = tuple(h for h in plan.hospitals if not h.off_map)
    assert "estimate" not in hospital_table(known, 63.0, 6.4, 6).title
    slow = tuple(replace(h, time_range_min=(120, 204)) for h in plan.hospitals if h.off_map)
    for width, size_pt in ((63.0, 6.4), (84.0, 7.2)):
        (row,) = hospital_table(slow, width, size_pt, 6).rows
        assert row[2] == "~120-204", "it is not cut"


def test_the_hospitals_of_the_form_are_those_of_the_plan_in_their_order():
    plan, _ = made()
    many = tuple(replace(plan.hospitals[0], name=f"Hospital {number:02}") for number in range(60))
    found = pages(export_plan(replace(plan, hospitals=many), "ics206", MADE))
    assert re.findall(r"Hospital \d\d", " ".join(found)) == [place.name for place in many]
    assert len(found) > 1
    for number, text in enumerate(found, 1):
        assert f"Page {number} of {len(found)}" in text


# --- what every print says ------------------------------------------------------------------------


@pytest.mark.parametrize("paper", ["letter", "a4"])
@pytest.mark.parametrize("to", PRINTS)
def test_every_print_says_who_decides_of_what_and_how_old_on_each_page(to, paper):
    content = printed(to, paper)
    found = pages(content)
    for number, text in enumerate(found, 1):
        assert words.ADVICE in text
        assert words.SENSITIVE in text
        assert f"Page {number} of {len(found)}" in text
        assert "Map: © OpenStreetMap contributors" in text
        assert "as of 2024-05-01, 743 days old: check what has changed" in text
        assert f"Plan {made()[0].id[:8]}" in text
        assert words.EXERCISE not in text
    wide, high = (float(side) for side in pypdf.PdfReader(io.BytesIO(content)).pages[0].mediabox[2:])
    expected = PAGES[paper]
    assert sorted((wide, high)) == pytest.approx(
        sorted((expected[1], expected[0] * 2) if to == "poster" else expected), abs=1
    )


@pytest.mark.parametrize("to", [*PRINTS, "html", "text", "towing", "airspace", "notice"])
def test_an_exercise_is_marked_on_every_page(to):
    plan, area = made()
    content = export_plan(plan, to, replace(MADE, exercise=True), area)
    for text in pages(content) if content.startswith(b"%PDF") else [content.decode()]:
        assert words.EXERCISE in text


@pytest.mark.parametrize("to", ["brief", "poster", "html", "png"])
def test_the_public_version_shows_no_post_command_post_or_collection_point(to):
    plan, area = made()
    content = export_plan(plan, to, replace(MADE, public=True), area)
    if to == "png":
        assert content != export_plan(plan, to, MADE, area)
        return
    text = " ".join(pages(content)) if to != "html" else content.decode()
    assert words.SENSITIVE not in text
    assert "DRAFT FOR THE PUBLIC" in text
    for post in plan.posts:
        assert not re.search(rf"\b{post.id}\b", text)
    for label in ("CP", "CCP", "AEP", "STAGING", "CCP-F"):
        assert not re.search(rf"(?<![\w-]){label}(?![\w-])", text), label
    assert "REUN" in text


@pytest.mark.parametrize(
    "to", [name for name, one in EXPORTERS.items() if one.audience is Audience.RESPONDERS]
)
def test_what_only_responders_may_have_is_refused_to_the_public(to):
    plan, area = made()
    with pytest.raises(ExportError, match="responders only"):
        export_plan(plan, to, replace(MADE, public=True), area)


@pytest.mark.parametrize("to", [*PRINTS, "html", "png"])
def test_the_same_plan_and_time_give_the_same_bytes(to):
    plan, area = made()
    assert export_plan(full(plan), to, MADE, area) == printed(to)


def hostile(plan: Plan) -> Plan:
    """The plan on a map of all hostile names: each record has the next one."""
    named = [with_names(plan, name) for name in HOSTILE]
    many = ("posts", "sites", "routes", "hospitals", "notices")
    turned: dict[str, Any] = {
        field: tuple(getattr(named[at % len(named)], field)[at] for at in range(len(getattr(plan, field))))
        for field in many
    }
    return replace(named[0], **turned)


@pytest.mark.parametrize("to", [*PRINTS, "html", "png", "text", "towing", "airspace", "notice"])
def test_hostile_names_are_text_on_every_print(to):
    plan, area = made()
    content = export_plan(hostile(full(plan)), to, MADE, area)
    if content.startswith(b"%PDF"):
        found = pages(content)
        assert to not in ("brief", "poster") or len(found) == 1
        assert '#import "x"' in " ".join(found)
    elif to == "html":
        check_html(content.decode())
        assert "&lt;script&gt;alert(1)" in content.decode()
    elif to != "png":
        assert max(map(len, content.decode().splitlines())) < 3000


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def check_html(page: str) -> None:
    """Nothing in it runs, and nothing is fetched."""
    found = Tags()
    found.feed(page)
    assert not found.tags & {
        "script",
        "iframe",
        "object",
        "embed",
        "link",
        "img",
        "image",
        "use",
        "foreignobject",
        "a",
    }
    assert not any(
        name.startswith("on") or name in ("src", "href", "xlink:href") for name, _ in found.attributes
    )
    assert "default-src 'none'" in page
    assert not re.search(r"url\((?!#rim)", page)


def test_the_page_is_whole_and_holds_every_post():
    plan, _ = made()
    page = printed("html").decode()
    check_html(page)
    assert page.rstrip().endswith("</html>")
    for post in plan.posts:
        assert f'<th scope="row">{post.id}</th>' in page


# --- the brief ------------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", ["letter", "a4"])
def test_the_brief_is_one_page_with_posts_sites_ways_and_hospitals(paper):
    plan = full(made()[0])
    found = pages(printed("brief", paper))
    assert len(found) == 1
    text = found[0]
    assert re.search(r"1:[\d,]+ grid \d+[A-Z] [A-Z]{2}, lines", text)
    for post in plan.posts:
        assert len(re.findall(rf"{post.id}(?!\d)", text)) >= 2, post.id  # on the map and in the list
    for site in suggested(plan):
        assert words.PURPOSES[site.purpose][0] in text
    assert "Town General" in text
    assert "OUT 1" in text
    assert all(said in text for said in ("HOT zone", "Inner perimeter", "Scene"))


def test_posts_in_view_of_the_hot_zone_are_marked_on_the_brief_and_told_in_full_on_ics_204():
    plan, area = made()
    why = f"Closes Main Street. {IN_VIEW} (map estimate): hold it from cover."
    seen = replace(plan.posts[0], reason=why)
    shown = replace(plan, posts=(seen, *(replace(post, reason="Closes it.") for post in plan.posts[1:])))
    text = pages(export_plan(shown, "brief", MADE, area))[0]
    lists = text.split("SITES: ")[1]
    assert lists.count("!") == 1
    assert re.search(rf"{seen.id} .*? \d{{4}} \d{{4}} {seen.officers} G?f?!", lists)
    assert "hold it from cover" in " ".join(pages(export_plan(shown, "ics204", MADE)))


def test_the_brief_tells_cautions_whole_where_paper_is_left_and_counts_the_rest():
    plan, area = made()
    texts = [
        f"Caution {number}, which is long enough to go over one line of the list" for number in range(40)
    ]
    notices = tuple(Notice(NoticeLevel.CAUTION, text, "map") for text in texts)
    found = pages(export_plan(replace(plan, notices=notices), "brief", MADE, area))
    assert len(found) == 1
    told = " ".join(found[0].split("CAUTIONS ")[1].split())
    shown = [text for text in texts if text in told]
    assert 0 < len(shown) < len(texts)
    assert shown == texts[: len(shown)]
    assert told.count("Caution ") == len(shown)
    inner, outer = (sum(post.perimeter == line for post in plan.posts) for line in ("inner", "outer"))
    assert inner != outer
    first = found[0].index("CAUTIONS ") < found[0].index("OUTER PERIMETER:")
    assert first == (inner < outer), "they stand in the emptier column"
    assert f"+ {len(texts) - len(shown)} cautions more in the plan" in told
    public = export_plan(replace(plan, notices=notices), "brief", replace(MADE, public=True), area)
    assert "CAUTIONS" not in pages(public)[0]


@pytest.mark.parametrize("count", [0, 1, 30, 300])
def test_however_many_posts_the_brief_is_one_page_and_counts_what_it_leaves_out(count):
    plan, area = made()
    outer = next(post for post in plan.posts if post.perimeter == "outer")
    posts = tuple(replace(outer, id=f"O{number}", rank=number) for number in range(1, count + 1))
    found = pages(export_plan(replace(plan, posts=posts), "brief", MADE, area))
    assert len(found) == 1
    left_out = re.search(r"\+ (\d+) more: see ICS 204", found[0])
    listed = len(re.findall(r"O\d+ [A-Z]\S* \S.*?\d{4} \d{4}", found[0].split("SITES")[-1]))
    if count == 300:
        assert left_out is not None
        assert int(left_out[1]) < 300
    else:
        assert left_out is None
        assert listed >= count or count == 0


def test_the_brief_of_a_bare_plan_is_one_page():
    plan, area = made()
    bare = replace(
        plan, posts=(), sites=(), routes=(), hospitals=(), notices=(), perimeters=(), observations=()
    )
    found = pages(export_plan(bare, "brief", MADE, area))
    assert len(found) == 1


def test_a_grey_print_tells_hot_warm_and_both_lines_apart():
    """By pattern, not by colour: swatches of the legend differ as rows of dark and light."""
    plan, area = made()
    shown = pypdfium2.PdfDocument(export_plan(plan, "brief", MADE, area))
    page = shown[0]
    grey = np.asarray(page.render(scale=3).to_pil().convert("L"))
    assert grey.std() > 20
    page.close()
    shown.close()
    picture, high = legend(plan, 200, 1)
    dashes = set(re.findall(r'stroke-dasharray="([^"]+)"', picture))
    assert len(dashes) >= 4
    assert high > 20


def test_lists_cut_to_a_width_and_count_what_is_left_out():
    table = Table("T", (10.0,), [[str(number)] for number in range(9)])
    assert table.first(20, "there") is table
    cut = table.first(5, "there")
    assert cut.lines == 5
    assert cut.more == "+ 6 more: there"
    assert fit("Avenida 18 de Julio", 100, 6) == "Avenida 18 de Julio"
    assert fit("Avenida 18 de Julio", 10, 6).endswith("…")
    lines = wrapped("one two three four five six seven", 12, 6, 9)
    assert " ".join(lines) == "one two three four five six seven"
    assert len(lines) > 2
    assert wrapped("x" * 400, 12, 6, 3)[-1].endswith("…")


# --- ICS 201 and the lists ------------------------------------------------------------------------


@pytest.mark.parametrize("paper", ["letter", "a4"])
def test_ics_201_has_its_ten_blocks_on_four_pages(paper):
    found = pages(printed("ics201", paper))
    assert len(found) == 4
    text = " ".join(found)
    for block in (
        "1. Incident Name", "2. Incident Number", "3. Date/Time Initiated", "4. Map / Sketch",
        "5. Situation Summary and Health and Safety Briefing", "6. Prepared by",
        "7. Current and Planned Objectives", "8. Current and Planned Actions, Strategies, and Tactics",
        "9. Current Organization", "10. Resource Summary",
    ):  # fmt: skip
        assert block in text
    assert "2026-05-14 09:32 -05:00 (14:32 UTC)" in found[0]
    assert all(post.id in found[0] for post in made()[0].posts)


def test_nobody_is_named_and_nothing_ordered_that_the_plan_does_not_know():
    parts = ics201(full(made()[0]), 100, "")
    tables = {
        block["number"]: block
        for part in parts
        for row in part["rows"]
        for block in row
        if block["kind"] == "table"
    }
    assert all(row[1] == "" and row[3] == "" for row in tables["9"]["rows"])
    assert all(row[2] == "" and row[4] == "" for row in tables["10"]["rows"])
    assert ["Officers", "14", "", "", "", "as told"] in tables["10"]["rows"]
    assert tables["8"]["rows"] == [["", ""]] * 14


def test_ics_204_assigns_every_post_and_ics_205_knows_no_frequency():
    plan = full(made()[0])
    text = " ".join(pages(printed("ics204")))
    for post in plan.posts:
        assert re.search(rf"\b{post.id} {post.officers} ", text), post.id
    assert "RX freq" in " ".join(pages(printed("ics205")))
    assert not re.search(r"\d{3}\.\d{3,4}", " ".join(pages(printed("ics205"))))
    log = " ".join(pages(printed("ics214")))
    assert "2026-05-14 09:32 -05:00 (14:32 UTC) Incident began, as told" in log


# --- sources --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dated", "told"),
    [
        ("2026-05-01", "as of 2026-05-01, 13 days old."),
        ("2025-05-01T00:00:00Z", "as of 2025-05-01, 378 days old: check what has changed."),
        ("2027-01-01", "as of 2027-01-01."),
        ("2026-04", "as of 2026-04, about 16 days old."),
        ("2019", "as of 2019, about 2,329 days old: check what has changed."),
        ("", "age not known."),
        ("spring", "as of spring, age not known."),
    ],
)
def test_the_age_of_the_map_is_told_or_said_to_be_unknown(dated, told):
    plan, _ = made()
    dated_plan = replace(plan, area=replace(plan.area, data_date=dated))
    assert next(iter(sources(dated_plan, MADE))).endswith(told)


def test_hospital_tables_are_named_with_their_oldest_date():
    plan = full(made()[0])
    first = replace(plan.hospitals[0], source="HIFLD", as_of="2019-08-09")
    second = replace(plan.hospitals[0], source="HIFLD", as_of="2019-08-16")
    told = " ".join(sources(replace(plan, hospitals=(second, first)), MADE))
    assert "Hospitals: HIFLD, as of 2019-08-09, 2,470 days old: check what has changed." in told


def test_the_picture_is_a_png_of_some_size_and_not_blank():
    from matplotlib import image

    content = printed("png")
    assert content.startswith(b"\x89PNG")
    pixels = image.imread(io.BytesIO(content))
    assert pixels.shape[1] > 1800
    assert pixels.shape[0] > 1400
    assert pixels[..., :3].std() > 0.05


def test_the_picture_says_the_threat_and_the_gravest_dangers_above_the_map():
    from matplotlib import image

    plan, _ = made()
    grave = replace(
        plan, notices=(Notice(NoticeLevel.DANGER, "No way out for ambulances", ""), *plan.notices)
    )
    other = replace(plan, incident=replace(plan.incident, threat=ThreatName.RIFLE))
    area = made()[1]
    told, warned, renamed = (
        image.imread(io.BytesIO(export_plan(one, "png", MADE, area))) for one in (plan, grave, other)
    )
    assert warned.shape[0] > told.shape[0]
    above = slice(0, told.shape[0] // 10)
    assert (told[above] != renamed[above]).any(), "the threat is written there"


def test_public_plans_have_a_legend_without_posts():
    plan, _ = made()
    picture, _ = legend(public_plan(plan), 100, 2)
    assert "Post" not in picture
    assert "Scene" in picture


def test_without_the_fonts_of_the_set_up_prints_are_set_all_the_same_and_say_so(monkeypatch):
    bare = typst.Fonts(include_system_fonts=False, font_paths=[])
    monkeypatch.setattr(typeset, "_fonts", lambda: bare)
    found = pages(export_plan(full(made()[0]), "ics206", MADE))
    assert "Town General" in found[0]
    assert all(typeset.NO_FONTS in text for text in found)


@pytest.mark.skipif(not typeset.FONTS.is_dir(), reason="the fonts are put there by make setup")
def test_the_fonts_of_the_set_up_are_those_of_the_prints():
    folder = [str(typeset.FONTS)]
    ours = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folder)
    assert ours.families() == ["DejaVu Sans"]
    shown = pypdf.PdfReader(io.BytesIO(printed("ics206"))).pages
    embedded = {font["/BaseFont"] for page in shown for font in fonts_of(page)}
    assert embedded
    assert all("DejaVuSansCondensed" in name for name in embedded)


def fonts_of(page: Any) -> list[Any]:
    return [font.get_object() for font in page["/Resources"]["/Font"].values()]
