"""The map of the areas: one page, whole in itself, and nothing in it that a name could bring."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from planner.ui.outlines import outlines_page

NASTY = "</script><img src=x onerror=alert(1)>${alert(1)}{{ 7 * 191 }}`"
LOADS = r"""(?:src|href)\s*=\s*["']|url\((?!#)|@import|\$\.ajax|fetch\("""


def manifest(name: str = "made", west: float = 10.0, **others: Any) -> dict[str, Any]:
    counts = {"edges": 1234, "buildings": 56}
    bbox_deg = [west, 20.0, west + 0.1, 20.1]
    return {
        "name": name,
        "bbox_deg": bbox_deg,
        "data_date": "2024-05-06T07:08:09Z",
        "counts": counts,
        **others,
    }


def outlines(page: str) -> list[dict[str, Any]]:
    """The features in the page's own data."""
    (found,) = re.findall(r"_add\((\{.*\})\);", page)
    features: list[dict[str, Any]] = json.loads(found)["features"]
    return features


def after_leaflet(page: str) -> str:
    return page.partition("</script>")[2]


def test_each_area_has_its_outline_its_mark_and_its_facts() -> None:
    features = outlines(outlines_page([manifest("one"), manifest("two", west=-70.0)], "light"))
    kinds = [(feature["properties"]["name"], feature["geometry"]["type"]) for feature in features]
    assert kinds == [("one", "Polygon"), ("two", "Polygon"), ("one", "Point"), ("two", "Point")]
    told = features[0]["properties"]
    assert (told["dated"], told["streets"], told["buildings"]) == ("2024-05-06", "1,234", "56")
    corners = features[1]["geometry"]["coordinates"][0]
    assert {min(corners)[0], max(corners)[0]} == {-70.0, -69.9}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_loads_nothing(theme: str) -> None:
    page = outlines_page([manifest()], theme)
    assert "L.map(" in page
    assert "Leaflet 1." in page, "the map's own script must be in the page"
    assert not re.search(LOADS, after_leaflet(page))
    assert not re.search(r"""<(?:script|link|img|iframe)[^>]*\s(?:src|href)=""", page)
    assert not re.search(r"jquery|bootstrap|awesome", page, re.IGNORECASE)
    assert not re.search(r"https?:", after_leaflet(page))
    assert "url(" not in page.partition("<style>")[2].partition("</style>")[0]
    assert "default-src 'none'" in page


def test_what_a_manifest_says_stays_text() -> None:
    page = outlines_page([manifest(NASTY, data_date=NASTY)], "light")
    ours = after_leaflet(page)
    assert NASTY not in page
    assert "<img" not in ours
    assert "${alert" not in ours, "would run in a template literal"
    assert "1337" not in ours, "read as a template"
    assert outlines(page)[0]["properties"]["name"].startswith("&lt;/script&gt;&lt;img")


def test_an_unknown_date_is_said_to_be_unknown() -> None:
    assert (
        outlines(outlines_page([manifest(data_date="")], "light"))[0]["properties"]["dated"] == "unknown date"
    )


def test_names_are_written_as_letters_that_no_script_can_mistake() -> None:
    page = outlines_page([manifest('a"b_c\U0001f692')], "light")
    assert '"a\\u0022b\\u005fc\\ud83d\\ude92"' in page
