"""The brief as one HTML file that opens from anywhere: map and lists, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from planner import words
from planner.area import Area
from planner.briefing.phrases import (
    along,
    began,
    drive,
    ends_of,
    entry_side,
    one_way_each,
    patients,
    place,
    post_task,
    scene,
    site_name,
    span,
    suggested,
    threat,
    through,
    title,
    trauma,
)
from planner.exports.exporter import Options
from planner.exports.legend import legend
from planner.exports.map_plan import way_tag
from planner.exports.map_svg import draw_map
from planner.exports.page_facts import page_facts
from planner.geo import usng
from planner.model import HospitalOption, Plan, Post, Site
from planner.perimeters.staffing import staffing_order
from planner.terms import NoticeLevel, PerimeterName

_MAP_MM = (250.0, 190.0)
_NO_NETWORK = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.4 "DejaVu Sans", Verdana, Arial, sans-serif; color: #111; background: #fff;
  margin: 0 auto; max-width: 72rem; padding: 0 1rem 2rem; }
header { border-bottom: 3px solid #111; display: flex; flex-wrap: wrap; gap: .5rem 2rem;
  align-items: baseline; }
h1 { font-size: 1.7rem; margin: .6rem 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 1.4rem 0 .4rem; }
.label { font-weight: bold; }
.mark, .danger { background: #111; color: #fff; font-weight: bold; padding: .35rem .6rem; }
.mark { text-align: center; letter-spacing: .15em; }
.advice { font-weight: bold; }
figure { margin: .8rem 0; }
figure svg { width: 100%; height: auto; display: block; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { border: 1px solid #777; padding: .3rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: break-word; max-width: 30rem; }
main > p { margin: .25rem 0; }
thead th { background: #e6e6e6; }
.grid { white-space: nowrap; }
footer { border-top: 1px solid #111; margin-top: 1.5rem; font-size: .85rem; }
@media print { body { font-size: 9pt; max-width: none; padding: 0; } thead { display: table-header-group; }
  tr, figure { break-inside: avoid; } }
"""


def export_html(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the brief as HTML in UTF-8."""
    assert area is not None
    picture = draw_map(plan, area, *_MAP_MM, options.units)
    marks, _ = legend(plan, _MAP_MM[0], 5)
    page = page_facts(plan, options)
    name = escape(title(plan.incident))
    square, step_m = picture.grid_square, picture.grid_step_m
    grid = f", grid {square}, lines every {step_m:,} m" if square else ""
    caption = f"1:{picture.sheet.scale:,} at {_MAP_MM[0]:g} mm width{grid}, WGS 84, north is up"
    shown = f'<div class="scroll">{picture.svg}</div>'
    mark = f'<p class="mark">{escape(page["exercise"])}</p>' if page["exercise"] else ""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_NO_NETWORK}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{name}: brief</title><style>{_STYLE}</style></head><body>",
        mark,
        f'<header><h1>{name}</h1><span class="label">{escape(page["label"])}</span>'
        f"<span>{escape(page['identity'])}</span></header><main>",
        *_situation(plan),
        f"<figure>{shown}<figcaption>{escape(caption)}</figcaption>{marks}</figure>",
        *_sites(plan),
        *_ways(plan),
        *_hospitals(plan.hospitals),
        *_posts(plan),
        *_watch(plan),
        *_notices(plan),
        f'</main><footer><p class="advice">{escape(words.ADVICE)}</p>',
        f"<p>{escape(page['sources'])}</p></footer>",
        mark,
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part).encode()


def _situation(plan: Plan) -> Iterator[str]:
    incident, at, counted = plan.incident, scene(plan), plan.incident.casualties
    facts = [("Threat", threat(incident)), ("Scene", place(at) if at else words.UNKNOWN)]
    if incident.began_at:
        facts.append(("Began", began(incident)))
    if counted is not None:
        facts.append(("Casualties", f"{counted.red} red, {counted.yellow} yellow, {counted.green} green"))
    if plan.posts:
        leaks = [words.PERIMETERS[line.perimeter] for line in plan.perimeters if not line.sealed]
        seal = f"NOT SEALED: {', '.join(leaks)}" if leaks else "streets sealed on the map; open ground is not"
        officers = words.count(plan.officers["total"], "officer")
        need = f"{words.count(len(plan.posts), 'post')}, {officers} with sites"
        facts.append(("Perimeters", f"{need}; {seal}"))
    for name, said in facts:
        yield f"<p><b>{escape(name)}:</b> {escape(said)}</p>"
    for line in plan.perimeters:
        if line.leaks:
            where = f"{words.PERIMETERS[line.perimeter]} is open at {', '.join(line.leaks[:12])}"
            yield f'<p class="danger">NOT SEALED: {escape(words.plain(where, 600))}</p>'
    yield f'<p class="advice">{escape(words.ADVICE)}</p>'
    for notice in plan.notices:
        if notice.level is NoticeLevel.DANGER:
            yield f'<p class="danger" role="alert">DANGER: {escape(words.plain(notice.text, 400))}</p>'


def _table(heading: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a heading and a table; columns that are blank throughout are left out, every cell is escaped."""
    plain = [[words.plain(cell, 600) for cell in row] for row in rows]
    kept = [at for at in range(len(columns)) if any(row[at] for row in plain)]
    if not kept:
        return
    head = "".join(f'<th scope="col">{escape(columns[at])}</th>' for at in kept)
    yield f'<h2>{escape(heading)}</h2><div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>'
    for row in plain:
        cells = "".join(f"<td>{escape(row[at])}</td>" for at in kept[1:])
        yield f'<tr><th scope="row">{escape(row[kept[0]])}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _sites(plan: Plan) -> Iterator[str]:
    columns = ("Site", "Name", "Entrance", "Side", "Why", "Check")
    return _table("Sites", columns, (_site_row(site) for site in suggested(plan)))


def _site_row(site: Site) -> list[str]:
    name = words.PURPOSES[site.purpose][1]
    return [
        name,
        site_name(site),
        place(site.entrance),
        entry_side(site),
        site.reason,
        "; ".join(site.cautions),
    ]


def _ways(plan: Plan) -> Iterator[str]:
    rows = []
    for same in one_way_each(plan.routes):
        way = same[0]
        told = span(way, words.both(way.length_m))
        rows.append(
            [way_tag(same), words.ROUTES[way.route], ends_of(plan, same), along(way), through(way), told]
        )
    heading = "Ways: keep clear, tow" if plan.posts else "Ways"
    return _table(heading, ("Way", "Kind", "To", "Streets", "Posts", "Length, time"), rows)


def _hospitals(hospitals: Sequence[HospitalOption]) -> Iterator[str]:
    columns = ("Hospital", "Trauma", "Drive", "Air", "Helipad", "Burn", "First hour", "Place", "Source")
    return _table("Hospitals, by drive; times know no traffic", columns, map(_hospital_row, hospitals))


def _hospital_row(hospital: HospitalOption) -> list[str]:
    known = {True: "yes", False: "no", None: words.UNKNOWN}
    closed = "CLOSED: " if hospital.closed else ("ON DIVERSION: " if hospital.diversion else "")
    return [
        closed + hospital.name,
        trauma(hospital),
        drive(hospital),
        words.minutes(hospital.air_range_min),
        known[hospital.helipad],
        known[hospital.burn],
        patients(hospital) or "-",
        words.degrees(hospital.location),
        f"{hospital.source or words.UNKNOWN}, {hospital.as_of or 'age not known'}",
    ]


def _posts(plan: Plan) -> Iterator[str]:
    columns = ("Post", "Street", "Grid", "Does", "Officers", "Why")
    for line in PerimeterName:
        posts = [post for post in staffing_order(plan.posts) if post.perimeter is line]
        yield from _table(f"{words.PERIMETERS[line]}: staff in this order", columns, map(_post_row, posts))


def _post_row(post: Post) -> list[str]:
    grid = usng(post.location) or words.degrees(post.location)
    return [post.id, post.street, grid, post_task(post), f"{post.officers}", post.reason]


def _watch(plan: Plan) -> Iterator[str]:
    rows = [
        [post.id, ", ".join(post.sees), usng(post.location), f"{post.officers}", post.reason]
        for post in sorted(plan.observations, key=lambda post: (post.rank, post.id))
    ]
    return _table("Containment: observation posts", ("Post", "Sees", "Grid", "Officers", "Why"), rows)


def _notices(plan: Plan) -> Iterator[str]:
    rows = ([notice.level.value.upper(), notice.text] for notice in plan.notices)
    return _table("Not known, assumed or wrong", ("Level", "Notice"), rows)
