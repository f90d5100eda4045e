"""From a template and what it shows to one self-contained page that asks nothing of anybody."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from keras_transfer.system.terminal.short_names import shorten
from keras_transfer.system.terminal.visible_text import show_name

TEMPLATES = Path(__file__).parent / "templates"
STYLE, SCRIPT = "page.css", "page.js"
LABEL = 40  # letters of a class in what a screen reader says of a cell


def render_page(template: str, **content: Any) -> str:
    """Return a page as HTML.

    Whatever is filled in is escaped, and what the page may do is said in its head: show pictures
    that are in it and run its own script, whose hash is named. So a class called
    `<img src=x onerror=…>` is text, and would not act if it were not.

    Args:
        template: Name of a file in `templates`.
        **content: What it shows; a name it uses and that is not given is an error.
    """
    style, script = _read(STYLE), _read(SCRIPT)
    found = _load_templates().get_template(template)
    return found.render(style=style, script=script, script_hash=_hash(script), **content)


def say_share(share: float) -> str:
    """Return a share in [0, 1] in percent: "92.2 %"; only all is 100 %, and only nothing 0 %."""
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    text = f"{100 * share:.1f} %"
    return {"100.0 %": "more than 99.9 %", "0.0 %": "less than 0.1 %"}.get(text, text)


def _shorten(name: str) -> str:
    return shorten(show_name(name), LABEL)


@cache
def _load_templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"name": show_name, "short": _shorten, "share": say_share}
    return environment


@cache
def _read(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


def _hash(script: str) -> str:
    """Return the hash of a script as a Content-Security-Policy names it."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
