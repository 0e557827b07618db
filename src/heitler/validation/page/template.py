"""How every page of a report is made: a template, with style and scripts inside."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from heitler import __version__

__all__ = ["fill_in", "style_and_scripts"]

_ROOM = files("heitler.validation.page")
_SCRIPTS = ("scales", "curves", "matrices", "plots", "folding")


def fill_in(template: str, **values: object) -> str:
    """A page from the text of its template; text is escaped, and a name without a value refused.

    Arguments:
        template: The template, for jinja2.
        values: What its names stand for; `version` is that of heitler.

    Raises:
        ImportError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415
    except ImportError as error:
        msg = "the report needs jinja2: pip install 'heitler[validate]'"
        raise ImportError(msg) from error
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(**values, version=__version__)


def style_and_scripts(further: Sequence[str] = ()) -> dict[str, str]:
    """The style of a page and the scripts that draw its figures.

    Arguments:
        further: Names of scripts of its own, which run before the figures are drawn.
    """
    names = (*_SCRIPTS[:-1], *further, _SCRIPTS[-1])
    return {
        "style": (_ROOM / "report.css").read_text(encoding="utf-8"),
        "script": "\n".join((_ROOM / f"{name}.js").read_text(encoding="utf-8") for name in names),
    }
