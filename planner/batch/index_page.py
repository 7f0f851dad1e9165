"""The index of a library as one page that opens offline: what needs a person first, and sorted as one likes.

Every text from the map goes through :func:`html.escape`. The page's one script sorts and searches; its policy
lets no other run, and nothing be fetched.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote

from planner import words
from planner.batch.entries import LABELS, SEALS, WAITING, Entry, Summary, attention, label_of
from planner.batch.index_tables import INDEX_SCHEMA, About, purposes
from planner.geo import usng
from planner.ground.gatherings import KINDS

MAKER = f"planner {INDEX_SCHEMA}"
"""By which a page is known to be of a library, and may be written over."""
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.4 "DejaVu Sans", Verdana, Arial, sans-serif; color: #111; background: #fff;
  margin: 0 auto; max-width: 96rem; padding: 0 1rem 2rem; }
header { border-bottom: 3px solid #111; }
h1 { font-size: 1.6rem; margin: .5rem 0 .2rem; overflow-wrap: anywhere; }
.mark { font-weight: bold; }
ul.counts { list-style: none; display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; margin: .8rem 0; }
.chip { display: inline-block; border: 2px solid #111; border-radius: .3rem; padding: .1rem .5rem;
  font-weight: bold; white-space: nowrap; }
.bad { background: #8b0000; border-color: #8b0000; color: #fff; }
.look { background: #ffd54a; }
.fine { font-weight: normal; border-width: 1px; border-color: #767676; }
label { display: block; margin: .6rem 0; }
input { font: inherit; padding: .5rem; min-width: min(24rem, 90vw); border: 1px solid #555; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; padding: .3rem 0; }
th, td { border: 1px solid #999; padding: .35rem .5rem; text-align: left; vertical-align: top; }
thead th { background: #e6e6e6; position: sticky; top: 0; }
thead button { font: inherit; font-weight: bold; background: none; border: 0; padding: .3rem 0;
  cursor: pointer; text-align: left; color: inherit; min-height: 2.2rem; }
thead button:focus-visible, a:focus-visible, summary:focus-visible, input:focus-visible {
  outline: 3px solid #0b57d0; outline-offset: 2px; }
th[aria-sort=ascending] button::after { content: " \\25B2"; }
th[aria-sort=descending] button::after { content: " \\25BC"; }
td.number { text-align: right; white-space: nowrap; }
td.number .small { white-space: normal; }
td.name { min-width: 12rem; overflow-wrap: anywhere; }
td.said { min-width: 20rem; max-width: 40rem; }
td.files a { display: inline-block; padding: .3rem .5rem .3rem 0; }
.small { font-size: .85rem; color: #333; }
details, .told { margin: .2rem 0; } summary { cursor: pointer; }
details ul { margin: .2rem 0; padding-left: 1.2rem; }
footer { border-top: 1px solid #111; margin-top: 1.5rem; font-size: .85rem; }
@media print { label, thead button::after { display: none; }
  body { font-size: 8pt; max-width: none; padding: 0; }
  thead { display: table-header-group; } tr { break-inside: avoid; } }
"""

_SCRIPT = """
(() => {
  const body = document.querySelector('tbody');
  const heads = [...document.querySelectorAll('thead th')];
  const key = (row, n) => row.cells[n].dataset.sort ?? row.cells[n].textContent.trim().toLowerCase();
  const compare = (a, b) => {
    if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1;
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };
  heads.forEach((head, n) => head.querySelector('button')?.addEventListener('click', () => {
    const up = head.getAttribute('aria-sort') !== 'ascending';
    heads.forEach((other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const rows = [...body.rows];
    rows.sort((a, b) => {
      const x = key(a, n), y = key(b, n);
      return x === '' || y === '' || up ? compare(x, y) : compare(y, x);
    });
    body.append(...rows);
  }));
  const plain = (text) => text.normalize('NFKD').replace(/\\p{M}/gu, '').toLowerCase();
  const told = document.querySelector('#shown');
  document.querySelector('#find').addEventListener('input', (event) => {
    const wanted = plain(event.target.value).split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const text = plain(row.textContent);
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    told.textContent = `${shown} of ${body.rows.length} shown`;
  });
})();
"""
_NO_DATE = "How old the map is, is not known"
_GLANCE = 90
"""Characters of a notice that are in view."""
_COLUMNS = (
    "Attention",
    "Place",
    "What the plan says",
    "Inner posts",
    "Outer posts",
    "Officers",
    "To trauma level I, II (min)",
    "To nearest hospital (min)",
    "Cautions",
    "Files",
)


def index_page(entries: Sequence[Entry], about: About) -> bytes:
    """Write the index as a page; the rows that need a person most come first.

    Parameters
    ----------
    entries : sequence of Entry
    about : About
        The latest run.
    """
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_digest(_SCRIPT)}'"
    title = escape(f"Pre-plans of {words.plain(about.area.name)}")
    heads = "".join(
        f'<th scope="col"><button type="button">{escape(column)}</button></th>' for column in _COLUMNS
    )
    rows = "".join(_row(entry) for entry in sorted(entries, key=attention))
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="generator" content="{MAKER}">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f'<header><p class="mark">{escape(words.SENSITIVE)}</p><h1>{title}</h1>'
        f"<p>{escape(_of(entries, about))}</p></header><main>"
        f'<ul class="counts" aria-label="How many need what">{_counts(entries)}</ul>'
        '<label>Find in this list: <input id="find" type="search" autocomplete="off"> '
        '<span id="shown" role="status"></span></label>'
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table></div>'
        f"</main><footer>{_sources(about)}</footer><script>{_SCRIPT}</script></body></html>\n"
    )
    return page.encode("utf-8", "backslashreplace")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _of(entries: Sequence[Entry], about: About) -> str:
    kinds = Counter(entry.kind for entry in entries)
    told = ", ".join(f"{KINDS[kind].title}: {count}" for kind, count in sorted(kinds.items()))
    dated = f"Map of {words.plain(about.area.data_date, 20)}" if about.area.data_date else _NO_DATE
    return f"{told}. {dated}. Threat: {words.THREATS[about.threat]}. {words.ADVICE}."


def _counts(entries: Sequence[Entry]) -> str:
    counts = Counter(label_of(entry) for entry in entries)
    return "".join(f"<li>{_chip(label)} {counts[label]}</li>" for label in LABELS if counts[label])


def _chip(label: str) -> str:
    look = {SEALS: "fine", WAITING: "fine"}.get(label, "look" if LABELS.index(label) > 4 else "bad")
    return f'<span class="chip {look}">{escape(label)}</span>'


def _row(entry: Entry) -> str:
    facts = entry.summary
    rank = LABELS.index(label_of(entry))
    cells = [
        f'<td data-sort="{rank}">{_chip(label_of(entry))}</td>',
        f'<td class="name" data-sort="{escape(entry.title.lower())}">{_place(entry)}</td>',
        f'<td class="said">{_said(entry)}</td>',
        *(
            _number(value)
            for value in ((facts.posts_inner, facts.posts_outer, facts.officers) if facts else (None,) * 3)
        ),
        _minutes(facts.to_trauma_min if facts else None, known=facts is not None, beside=_ungraded(facts)),
        _minutes(facts.to_hospital_min if facts else None, known=facts is not None),
        _number(facts.cautions if facts else None),
        f'<td class="files">{_files(entry)}</td>',
    ]
    return f"<tr>{''.join(cells)}</tr>\n"


def _place(entry: Entry) -> str:
    grid = usng(entry.location) or words.degrees(entry.location)
    about = f"{KINDS[entry.kind].title}, {entry.osm}, {grid}"
    notes = (*([f"Also: {'; '.join(map(words.plain, entry.also))}"] if entry.also else []), *entry.notes)
    if entry.by_hand:
        notes = (*notes, "Changed by hand: what was put in is kept")
    below = "".join(f'<div class="small">{escape(note)}</div>' for note in notes)
    return f'<b>{escape(entry.title)}</b><div class="small">{escape(about)}</div>{below}'


def _said(entry: Entry) -> str:
    if entry.error:
        left = " The plan made before is left as it was." if entry.plan_file else ""
        told = f"{words.plain(entry.remedy, 400)}.{left}"
        return f"<b>{escape(words.plain(entry.error, 400))}.</b> {escape(told)}"
    facts = entry.summary
    if facts is None:
        return "Run again to have it planned."
    parts = [escape(facts.verdict)]
    if facts.missing:
        parts.append(f'<div class="small">No site for: {escape(", ".join(purposes(facts.missing)))}</div>')
    parts.append(_listed("Danger", facts.dangers))
    parts.append(_listed("Fails its check", facts.faults or ()))
    parts.append(_listed("Changed since the plan before", entry.changes))
    return "".join(parts)


def _listed(title: str, texts: Sequence[str]) -> str:
    """Return texts under their title: the beginning of the first in view, the rest one press away."""
    if not texts:
        return ""
    first = words.plain(texts[0], _GLANCE)
    if len(texts) == 1 and first == texts[0]:
        return f'<div class="told"><b>{escape(title)}:</b> {escape(first)}</div>'
    more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
    rows = "".join(f"<li>{escape(words.plain(text, 400))}</li>" for text in texts)
    return (
        f"<details><summary><b>{escape(title)}:</b> {escape(first)}{more}</summary><ul>{rows}</ul></details>"
    )


def _number(value: int | None) -> str:
    return f'<td class="number">{"" if value is None else value}</td>'


def _minutes(span_min: tuple[int, int] | None, *, known: bool, beside: str = "") -> str:
    below = f'<div class="small">{escape(beside)}</div>' if beside else ""
    if span_min is None:
        return f'<td class="number" data-sort="">{"not known" if known else ""}{below}</td>'
    told = words.minutes(span_min).removesuffix(" min")
    return f'<td class="number" data-sort="{span_min[1]}">{escape(told)}{below}</td>'


def _ungraded(facts: Summary | None) -> str:
    """Say that a nearer hospital may be a trauma centre, too, so that hours are not taken for the truth."""
    if facts is None or not facts.ungraded_nearer:
        return ""
    nearer = "nearer " if facts.to_trauma_min else ""
    return f"level not known: {words.count(facts.ungraded_nearer, f'{nearer}hospital')}"


def _files(entry: Entry) -> str:
    shown = ((entry.print_file, "Print"), (entry.plan_file, "Plan"))
    return "".join(
        f'<a href="{escape(quote(file))}">{text}<span class="small"> ({file.rpartition(".")[2]})</span></a>'
        for file, text in shown
        if file
    )


def _sources(about: About) -> str:
    area = about.area
    dated = f"as of {words.plain(area.data_date, 20)}" if area.data_date else "age not known"
    lines: Iterable[str] = (
        f"Map: {words.plain(area.attribution)}, {words.plain(area.source)}, {dated}.",
        f"Doctrine: {words.plain(about.doctrine.name)} {words.plain(about.doctrine.digest[:8])}. "
        f"{words.plain(about.software)}. Times know no traffic.",
        "Plans open on the incident page (Open a plan), and in any program that reads GeoJSON. "
        "Points for a map: index.geojson; for a spreadsheet: index.csv.",
        "Made ahead: when it happens, plan again with what is known then.",
    )
    return "".join(f"<p>{escape(line)}</p>" for line in lines)
