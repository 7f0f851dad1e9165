"""What goes out of the room: texts to copy for communications, and the public notice with its seven items."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from planner.briefing.dispatch import dispatch_text, keep_clear_text, radio_text
from planner.briefing.phrases import Edition
from planner.briefing.public_notice import BLANK, NoticeItem, PublicNotice, notice_text, public_notice
from planner.model import Plan


def texts(plan: Plan, edition: Edition, written: Mapping[str, str]) -> str:
    """Return the texts, each with a button that copies it.

    Parameters
    ----------
    plan : Plan
    edition : Edition
        Version and exercise mark; its time is left out here, since it would be another with each look.
    written : mapping of str to str
        What the information officer wrote for the notice, by item.
    """
    return (
        "<h2>Send</h2>"
        + _copied("radio", "Radio: short transmissions", radio_text(plan, edition))
        + _copied("desk", "Dispatch desk: every site, post, way and hospital", dispatch_text(plan, edition))
        + _copied("clear", "No parking, tow: the ambulance corridor", keep_clear_text(plan, edition))
        + _notice(public_notice(plan, edition, written), written)
    )


def _copied(name: str, title: str, text: str) -> str:
    return (
        f'<details id="send-{name}"><summary>{escape(title)}</summary>'
        f'<button type="button" id="copy-{name}" class="act yes" data-copy="text-{name}" '
        f'aria-label="Copy: {escape(title)}">COPY</button>'
        f'<pre id="text-{name}" tabindex="0" aria-label="{escape(title)}">{escape(text)}</pre></details>'
    )


def _notice(notice: PublicNotice, written: Mapping[str, str]) -> str:
    """Return the form of the public notice; it can be copied as finished only when nothing is open."""
    items = "".join(_item(item, written.get(item.key, "")) for item in notice.items)
    left = ", ".join(item.asks for item in notice.open)
    if notice.open:
        state = f'<p class="caution" role="status">DRAFT, not for release. Open: {escape(left)}.</p>'
        button = ""
    else:
        state = f'<p role="status">{escape(notice.status)}.</p>'
        button = (
            '<button type="button" id="copy-notice" class="act yes" data-copy="text-notice" '
            'aria-label="Copy: public notice">COPY</button>'
        )
    title = "Public notice: road closures and the seven items"
    return (
        f'<details id="send-notice"><summary>{title}</summary>{state}'
        f'{items}{button}<pre id="text-notice" tabindex="0" aria-label="Public notice">'
        f"{escape(notice_text(notice))}</pre></details>"
    )


def _item(item: NoticeItem, written: str) -> str:
    """Return one of the seven: what the plan offers is shown, what is written replaces it."""
    name = f"fact-notice.{item.key}"
    offered = (
        "" if written or not item.text else f'<span class="why">The plan offers: {escape(item.text)}</span>'
    )
    left = f' <span class="state missing">{escape(item.open)}</span>' if item.open else ""
    return (
        f'<label class="field tall" for="{name}"><span>{escape(item.asks)}{left}</span>{offered}'
        f'<textarea id="{name}" rows="2" data-act="fact" data-on="notice.{item.key}" maxlength="1000" '
        f'placeholder="{BLANK}">{escape(written)}</textarea></label>'
    )
