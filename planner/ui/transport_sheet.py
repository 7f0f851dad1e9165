"""The transport plan on paper: one page of HTML that any browser prints, with nothing to load."""

from __future__ import annotations

from html import escape

from planner import words
from planner.briefing.phrases import UNDATED, Edition, identity, title
from planner.briefing.transport_text import transport_text
from planner.doctrine import Transport as Rules
from planner.model import Plan
from planner.ui.transport import by_air, cautions, distribution, lanes, matrix, summary

_STYLE = """
body { font: 14px/1.35 sans-serif; color: #000; background: #fff; margin: 12mm; max-width: 190mm; }
h1 { font-size: 20px; margin: 0; } .unseen { display: none; } h2 { font-size: 16px; margin: 14px 0 4px; }
p { margin: 4px 0; } ul { margin: 4px 0; padding-left: 18px; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top;
  padding: 3px 6px 3px 0; border-top: 1px solid #666; } thead th { border-top: 0; }
thead { display: table-header-group; } tr { break-inside: avoid; }
.why, .mark { display: block; font-size: 12px; font-weight: normal; } .mark { font-weight: bold; }
.verdict { border: 2px solid #000; padding: 6px 8px; font-weight: bold; }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 6px; margin-top: 6px; }
.figures div { border: 1px solid #666; padding: 4px; text-align: center; }
.figures b { display: block; font-size: 18px; } .figures span { font-size: 12px; }
td[data-label="Drive, min"] { min-width: 34mm; }
.band { border: 1px solid #000; padding: 0 4px; font-size: 12px; } .band, .to { white-space: nowrap; }
.level { font-weight: bold; margin-right: 6px; } .to i { font-style: normal; }
.who li > span + span { font-weight: bold; }
.who li > span + span::before { content: ": "; font-weight: normal; }
pre { white-space: pre-wrap; border: 1px solid #666; padding: 8px; font: 13px/1.4 monospace; }
.head { font-weight: bold; letter-spacing: 1px; }
"""


def transport_sheet(plan: Plan, rules: Rules, edition: Edition = UNDATED, unlisted: int = 0) -> str:
    """Return the page: what is held, who goes where, times, radio text.

    Parameters
    ----------
    plan : Plan
    rules : Transport
    edition : Edition
        Version, time and exercise mark of what goes out.
    unlisted : int
        How many hospitals are known that the plan does not list.
    """
    mark = f'<p class="head">{words.EXERCISE}</p>' if edition.exercise else ""
    parts = (
        f'{mark}<p class="head">{words.SENSITIVE}</p>',
        f"<h1>Transport: {escape(title(plan.incident))}</h1>",
        f"<p>{escape(identity(plan, edition))}. {escape(words.ADVICE)}.</p>",
        summary(plan, rules).replace("<details>", "<details open>"),
        distribution(plan, rules, unlisted).replace("<details>", "<details open>"),
        cautions(plan),
        matrix(plan),
        by_air(plan),
        lanes(plan),
        f"<h2>Radio</h2><pre>{escape(transport_text(plan, rules.first_wave_red, edition))}</pre>{mark}",
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>Transport: {escape(title(plan.incident))}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    )
