"""The brief: one page for the hood of a car. The poster: the same on a wall."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from planner.area import Area
from planner.briefing.phrases import title
from planner.exports import lists
from planner.exports.exporter import Options
from planner.exports.legend import legend
from planner.exports.lists import Table
from planner.exports.map_svg import MapPicture, draw_map
from planner.exports.page_facts import SIZES_MM, page_facts, paper
from planner.exports.typeset import set_pages
from planner.model import Plan
from planner.terms import PerimeterName

Json = dict[str, Any]
_ALT = "Map of the plan; the lists beside it say the same in words"
_SIDES_MM, _RIM_MM = 20.0, 27.0
_TITLE_MM, _FACT_MM, _DANGER_MM = 9.4, 3.5, 4.2
_TITLE_PT, _ASIDE_MM = 15, 72.0
_GUTTER_MM, _GAP_MM = 3.0, 1.2
_SLACK_MM = 3.5
_LEAST_MAP_SHARE = 0.52
"""Of the height of the page: the lists are cut before the map is smaller."""
_ROW_MM, _SIZE_PT = 2.95, 6.4
_POSTER_ROW_MM, _POSTER_SIZE_PT, _STRIP_MM = 3.3, 7.2, 84.0
_HOSPITALS, _POSTER_HOSPITALS = 6, 10
_POST_LIST = "see ICS 204"


def export_brief(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write one page as PDF: map, legend, posts by rank, sites, ways, hospitals."""
    assert area is not None
    wide, high = SIZES_MM[paper(options)]
    across = wide - _SIDES_MM
    room = high - _RIM_MM - _head_mm(plan, across)
    marks, marks_mm = legend(plan, across, 5 if plan.posts else 3)
    column = (across - 2 * _GUTTER_MM) / 3
    left = _left(plan, column)
    lines = int((room * (1 - _LEAST_MAP_SHARE) - marks_mm) / _ROW_MM)
    beside = sum(table.lines for table in left) + len(left)
    columns = [left, *_post_columns(plan, column, lines, beside)]
    taken = max(_height(tables) for tables in columns)
    emptiest = min(columns[1:], key=_height)
    emptiest += _cautions(plan, column, taken - _height(emptiest) - _GAP_MM)
    map_mm = (across, room - marks_mm - taken - _SLACK_MM)
    picture = draw_map(plan, area, *map_mm, options.units)
    shown = _shown(plan, picture, across, _ROW_MM, _SIZE_PT) | {
        "page": page_facts(plan, options),
        "columns": [{"width": column, "tables": [one.shown() for one in tables]} for tables in columns],
    }
    return set_pages("brief.typ", shown, options.created_at, {"map": picture.svg, "legend": marks})


def _left(plan: Plan, width: float) -> list[Table]:
    tables = [
        lists.site_table(plan, width, _SIZE_PT),
        lists.watch_table(plan, width, _SIZE_PT),
        lists.way_table(plan, width, _SIZE_PT),
        lists.hospital_table(plan.hospitals, width, _SIZE_PT, _HOSPITALS),
    ]
    return [table for table in tables if table.rows]


def _cautions(plan: Plan, width: float, room_mm: float) -> list[Table]:
    """Return the cautions that fit below the posts: paper that would stay empty, and they are to be read."""
    if not plan.posts:  # what the public is given tells of no post
        return []
    table = lists.caution_table(plan, width, _SIZE_PT, int(room_mm / _ROW_MM))
    return [table] if table.rows else []


def _post_columns(plan: Plan, width: float, most: int, beside: int) -> list[list[Table]]:
    """Split the posts over two columns, the inner line's first, cut to ``most`` lines.

    The columns are as long as what stands ``beside`` them, or longer where that is too short for all.
    """
    tables = [lists.post_table(plan, line, width, _SIZE_PT) for line in PerimeterName]
    tables = [table for table in tables if table.rows]
    longest = max((table.lines for table in tables), default=0)
    if len(tables) == len(PerimeterName) and longest <= most:
        return [[table] for table in tables]
    columns: list[list[Table]] = [[], []]
    even = -(-(sum(table.lines for table in tables) + 4) // 2)
    room = min(most, max(beside, even))
    for table in tables:
        _lay(table, columns, room)
    return columns


def _lay(table: Table, columns: list[list[Table]], room: int) -> None:
    """Lay a table into the first column with room, and what is left of it into the next."""
    for number, column in enumerate(columns):
        free = room - sum(one.lines for one in column) - len(column)
        last = number == len(columns) - 1
        if table.lines <= free or last:
            column.append(table.first(max(3, free), _POST_LIST))
            return
        if free >= 4:
            column.append(replace(table, rows=table.rows[: free - 1]))
            again = f"{table.title.split(':')[0]}, continued"
            table = replace(table, title=again, rows=table.rows[free - 1 :])


def _height(tables: list[Table]) -> float:
    return sum(table.lines * _ROW_MM + _GAP_MM for table in tables)


def _head_mm(plan: Plan, width: float) -> float:
    told = len(lists.facts(plan, width)) * _FACT_MM + len(lists.dangers(plan, width)) * _DANGER_MM
    return _TITLE_MM + told


def _shown(plan: Plan, picture: MapPicture, width_mm: float, row_mm: float, size_pt: float) -> Json:
    sheet = picture.sheet
    grid = f"grid {picture.grid_square}" if picture.grid_square else "no grid here"
    return {
        "headline": lists.fit(title(plan.incident), width_mm - _ASIDE_MM, _TITLE_PT, bold=True),
        "aside": f"1:{sheet.scale:,}  {grid}, lines {picture.grid_step_m:,} m",
        "facts": lists.facts(plan, width_mm),
        "dangers": lists.dangers(plan, width_mm),
        "map_mm": [sheet.width_mm, sheet.height_mm],
        "alt": _ALT,
        "row_mm": row_mm,
        "size_pt": size_pt,
        "title_pt": _TITLE_PT,
        "gap_mm": _GAP_MM,
        "gutter_mm": _GUTTER_MM,
    }


# --- the poster ---------------------------------------------------------------------------------------


def export_poster(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write a wall map on tabloid or A3, landscape, as PDF."""
    assert area is not None
    high, wide = SIZES_MM[paper(options, double=True)]
    across = wide - _SIDES_MM
    room = high - _RIM_MM - _head_mm(plan, across) - _SLACK_MM
    picture = draw_map(plan, area, across - _STRIP_MM - _GUTTER_MM, room, options.units)
    marks, marks_mm = legend(plan, _STRIP_MM, 2)
    tables = _strip(plan, int((room - marks_mm - 6 * _GAP_MM - 2) / _POSTER_ROW_MM))
    shown = _shown(plan, picture, across, _POSTER_ROW_MM, _POSTER_SIZE_PT) | {
        "page": page_facts(plan, options, flipped=True, double=True),
        "columns": [{"width": _STRIP_MM, "tables": [one.shown() for one in tables]}],
    }
    return set_pages("poster.typ", shown, options.created_at, {"map": picture.svg, "legend": marks})


def _strip(plan: Plan, lines: int) -> list[Table]:
    """Choose what fits beside the map: sites, ways and hospitals whole, posts as far as there is room."""
    tables = [
        lists.site_table(plan, _STRIP_MM, _POSTER_SIZE_PT),
        lists.watch_table(plan, _STRIP_MM, _POSTER_SIZE_PT),
        lists.way_table(plan, _STRIP_MM, _POSTER_SIZE_PT),
        lists.hospital_table(plan.hospitals, _STRIP_MM, _POSTER_SIZE_PT, _POSTER_HOSPITALS),
    ]
    tables = [table for table in tables if table.rows]
    posts = [lists.post_table(plan, line, _STRIP_MM, _POSTER_SIZE_PT) for line in PerimeterName]
    posts = [table for table in posts if table.rows]
    free = lines - sum(table.lines for table in tables)
    for number, table in enumerate(posts):
        later = len(posts) - number - 1
        shown = table.first(max(3, free - 6 * later), _POST_LIST)
        free -= shown.lines
        tables.append(shown)
    return tables


# --- the picture --------------------------------------------------------------------------------------

_PICTURE_MM = (250.0, 190.0)
_PICTURE_FACTS = 2  # what and where, and what it takes: the third line reads lists that a picture has not


def export_png(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the map as a picture, with its legend and where it came from."""
    assert area is not None
    picture = draw_map(plan, area, *_PICTURE_MM, options.units)
    marks, _ = legend(plan, _PICTURE_MM[0], 5)
    shown = {
        "page": page_facts(plan, options),
        "headline": lists.fit(title(plan.incident), _PICTURE_MM[0] - _ASIDE_MM, 12, bold=True),
        "facts": lists.facts(plan, _PICTURE_MM[0])[:_PICTURE_FACTS],
        "dangers": lists.dangers(plan, _PICTURE_MM[0]),
        "width_mm": _PICTURE_MM[0] + 8,
        "alt": _ALT,
    }
    return set_pages("picture.typ", shown, options.created_at, {"map": picture.svg, "legend": marks}, "png")
