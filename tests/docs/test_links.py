"""Links between the pages of the documentation lead somewhere, and every page can be reached."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def targets(page: Path) -> list[Path]:
    """The files that a page links to."""
    links = [link.partition("#")[0] for link in LINK.findall(prose(page))]
    return [(page.parent / link).resolve() for link in links if link and ":" not in link]


def anchors(page: Path) -> set[str]:
    """Names of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page: Path) -> None:
    missing = [str(target) for target in targets(page) if not target.exists()]
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        target = page if not path else (page.parent / path).resolve()
        if anchor and ":" not in link and anchor not in anchors(target):
            missing.append(link)
    assert not missing


def test_every_page_of_docs_can_be_reached_from_its_index() -> None:
    """All but the results, which scripts write."""
    index = ROOT / "docs" / "index.md"
    seen: set[Path] = set()
    waiting = [index]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            waiting += [target for target in targets(page) if target.is_file()]
    written = set((ROOT / "docs").rglob("*.md")) - set((ROOT / "docs" / "results").glob("*.md"))
    assert sorted(str(page.relative_to(ROOT)) for page in written - seen) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_name_no_machine(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"(?<![\w.])/(?:home|work|tmp|root|Users)/", text)
