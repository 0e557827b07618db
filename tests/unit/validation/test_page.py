"""The page in a real browser: it draws every figure, folds, turns showers, asks for nothing."""

import shutil
from pathlib import Path

import pytest

from heitler.validation.figures.catalogue import figure_groups
from heitler.validation.page import render

CLOSED = ".plot:not([data-drawn])"
VIEW = "document.querySelector('canvas.shower').toDataURL()"


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium: that of the system or of playwright."""
    sync = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync.sync_playwright() as tool:
        path = shutil.which("chromium") or tool.chromium.executable_path
        if not Path(path).is_file():
            pytest.skip("there is no Chromium: install it, or run playwright install chromium")
        started = tool.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(toy_comparison, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(toy_comparison), encoding="utf-8")
    return path


@pytest.fixture
def page(browser, file):
    """The opened report; what it said to the console and asked of the network must be nothing."""
    opened = browser.new_page(viewport={"width": 1200, "height": 900})
    said, asked = [], []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(file.as_uri())
    yield opened
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    opened.close()


def test_figures_are_drawn_when_their_group_is_opened(page, toy_comparison):
    count = sum(1 for group in figure_groups(toy_comparison) for _ in group.every())
    assert page.locator(".plot").count() == count
    shown = page.locator("#performance .plot svg").count()
    assert shown == 2
    assert page.locator(".plot svg").count() == shown
    page.click("#hits > summary")
    page.wait_for_selector("#hits .plot svg")
    # The toy's bins of energy, all energies, and mean and width against energy.
    assert page.locator("#hits .plot svg").count() == 5
    page.click("#unfold")
    page.wait_for_function(f"!document.querySelector('{CLOSED}')")
    assert page.locator(".plot svg").count() == count
    empty = (
        "[...document.querySelectorAll('.plot svg')].filter(s => !s.querySelector('path,image'))"
    )
    assert page.evaluate(f"{empty}.length") == 0
    assert "NaN" not in page.evaluate("document.getElementById('figures').innerHTML")


def test_folding_and_reading_work_from_the_keyboard(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#layer_energy > summary")
    page.keyboard.press("Enter")
    figure = page.locator("#layer_energy-0 svg")
    figure.wait_for()
    figure.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    tip = page.locator("#tip")
    assert tip.is_visible()
    # The layer that lost half of its energy.
    words = tip.inner_text().split()
    assert words[:2] == ["layer:", "2"]
    assert float(words[-1]) == pytest.approx(0.5, abs=0.1)
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_the_legend_takes_a_candidate_out(page):
    line = page.locator("#performance .plot .of-1").first
    assert line.is_visible()
    page.click("button.key >> nth=1")
    assert not line.is_visible()
    assert page.locator("button.key >> nth=1").get_attribute("aria-pressed") == "false"
    assert page.locator("#performance .plot .of-0").first.is_visible()


def test_groups_are_found_by_their_words(page):
    page.fill("#search", "response")
    assert not page.locator("#hits").is_visible()
    page.fill("#search", "number of hits")
    assert page.locator("#hits").is_visible()


def test_showers_turn_zoom_and_lose_faint_cells(page):
    assert page.locator("canvas.shower").count() == 3
    views = []

    def changed():
        page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        views.append(page.evaluate(VIEW))
        return views[-1] not in views[:-1]

    canvas = page.locator("canvas.shower").first
    assert changed()
    canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "+"):
        page.keyboard.press(key)
        assert changed(), key
    page.keyboard.press("0")
    assert not changed()
    canvas.click()
    page.mouse.wheel(0, -100)
    assert changed()
    page.mouse.down()
    page.mouse.move(300, 300, steps=3)
    page.mouse.up()
    assert changed()
    page.select_option("#shower-energy", "2")
    assert changed()
    before = page.locator("figcaption.sample").first.inner_text()
    page.focus("#shower-threshold")
    page.keyboard.press("End")
    assert changed()
    assert page.locator("figcaption.sample").first.inner_text() != before


def test_printing_shows_everything_and_leaves_no_trace(page):
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(CLOSED).count() == 0
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.group[open]").count() == 1


def test_every_control_has_a_name_and_colours_suit_the_dark(browser, file):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(file.as_uri())
    nameless = """[...document.querySelectorAll('button, input, select, canvas, [role=img]')]
        .filter(e => !(e.ariaLabel || e.textContent.trim() || e.labels?.length))
        .map(e => e.outerHTML)"""
    assert page.evaluate(nameless) == []
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(21, 24, 27)"
    context.close()
