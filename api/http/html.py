# SPDX-License-Identifier: Apache-2.0
"""A plain page in the reader's language, without a script and without another file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from twin.text import Language

_STYLE = """
    :root { color-scheme: light dark }
    body { font: 16px/1.6 system-ui, "Noto Sans SC", sans-serif; max-width: 46rem; margin: 4rem auto;
           padding: 0 1.5rem }
    h1 { font-size: 1.8rem; letter-spacing: -.01em; margin: 0 0 .25rem }
    .lead { opacity: .75; margin: 0 0 2rem }
    ul { list-style: none; padding: 0; display: grid; gap: .5rem }
    li { border: 1px solid color-mix(in srgb, currentColor 18%, transparent); border-radius: .6rem }
    li a { display: block; padding: .7rem 1rem; text-decoration: none; color: inherit }
    li a:hover, li a:focus-visible { background: color-mix(in srgb, currentColor 8%, transparent) }
    code { font-size: .85em; opacity: .7 }
    .wide { overflow-x: auto; margin: 1.5rem 0 }
    table { border-collapse: collapse; width: 100% } th { text-align: left; white-space: nowrap }
    td, th { padding: .3rem .6rem .3rem 0; vertical-align: top; overflow-wrap: anywhere; min-width: 4.5rem }
    tr + tr td { border-top: 1px solid color-mix(in srgb, currentColor 12%, transparent) }
    nav { font-size: .9rem; margin: 0 0 1rem }
    @media (max-width: 40rem) { body { margin: 1.5rem auto; padding: 0 1rem } }
"""


def render_page(title: str, body: str, language: Language) -> str:
    """A whole document; `title` is text, `body` is HTML."""
    lang = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )


def render_trail(steps: Sequence[tuple[str, str]]) -> str:
    """Where this page lies: address and name of those above it."""
    return "<nav>" + " › ".join(f'<a href="{escape(href)}">{escape(name)}</a>' for href, name in steps) + "</nav>"


def render_table(rows: Sequence[Sequence[str]], headings: Sequence[str] = (), *, is_html: bool = False) -> str:
    """A table that scrolls by itself where the page is narrow; `is_html`: the cells are HTML already."""
    head = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in headings)}</tr>" if headings else ""
    lines = "".join(
        f"<tr>{''.join(f'<td>{cell if is_html else escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )  # fmt: skip
    return f'<div class="wide"><table>{head}{lines}</table></div>'


def render_links(links: Sequence[tuple[str, str, str]]) -> str:
    """A list of links: address, name, and what is there."""
    return "<ul>" + "".join(
        f'<li><a href="{escape(href)}"><strong>{escape(name)}</strong><br>{escape(what)} '
        f"<code>{escape(href)}</code></a></li>"
        for href, name, what in links
    ) + "</ul>"  # fmt: skip
