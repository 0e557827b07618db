"""The look of figures that matplotlib draws.

Those of a paper have the style of mplhep, those of the documentation and of histograms
one that is small and plain.

Colours are those of Okabe and Ito, which the colour-blind can tell apart; lines differ in dashes
too. The reference is a grey area.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["REFERENCE", "figure_style", "line_styles", "paper_style", "to_svg"]

REFERENCE = "#8c8c8c"
_INK = "#010203"
"""Stands for the colour of the page's text until an SVG of a page is written."""

_LINES = (
    ("#0f7fd0", "-"),
    ("#e0690f", (0, (5, 1.5))),
    ("#0a9f73", (0, (1.2, 1.2))),
    ("#c76ba6", (0, (5, 1.2, 1.2, 1.2))),
)
_SETTINGS = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.limits": (-3, 4),
    "lines.linewidth": 1.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 2.2,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK
    ),
}
_PAPER = {"legend.title_fontsize": "small", "savefig.dpi": 72}
_Dash = str | tuple[int, tuple[float, ...]]


@contextmanager
def figure_style() -> Iterator[None]:
    """Figures made inside have the small and plain look; settings outside are left alone.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context  # noqa: PLC0415
    except ImportError as error:
        msg = "figures need matplotlib: pip install 'heitler[validate]'"
        raise ImportError(msg) from error
    settings: Any = _SETTINGS
    with rc_context(settings):
        yield


@contextmanager
def paper_style() -> Iterator[None]:
    """Figures made inside look as papers of the field do; settings outside are left alone.

    Raises:
        ImportError: matplotlib or mplhep is not installed.
    """
    try:
        from matplotlib import rc_context  # noqa: PLC0415
        from mplhep import style  # noqa: PLC0415
    except ImportError as error:
        msg = "figures for a paper need matplotlib and mplhep: pip install 'heitler[validate]'"
        raise ImportError(msg) from error
    settings: Any = style.ROOT | _PAPER
    with rc_context(settings):
        yield


def line_styles(count: int) -> list[tuple[str, _Dash]]:
    """Colour and dashes of each candidate."""
    return list(islice(cycle(_LINES), count))


def to_svg(figure: Figure, name: str) -> str:
    """The figure as an SVG element without a fixed size.

    Arguments:
        figure: The figure.
        name: Prefix of the identifiers in it, different for each figure of a page.
    """
    buffer = StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    width, height = (float(n) for n in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0])
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width:g} {height:g}" style="max-width:{width * 4 / 3:.0f}px" '
        'aria-hidden="true" focusable="false">'
    )
    svg = re.sub(r"<svg[^>]*>", opening, svg, count=1)
    # Only in tags: numbers between them are what the reader sees.
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), svg)
    return svg.replace(_INK, "currentColor").strip()
