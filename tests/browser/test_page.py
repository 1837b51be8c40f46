"""Pages in a real browser: Chromium without a window, driven by Playwright.

They need the test extra `browser`, and Chromium: `chromium` on the path, or BACKPROP_CHROMIUM with where it is.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.conftest import ROOT, Run

Page: TypeAlias = Any  # Playwright's, which need not be installed for the types to be checked
Browser: TypeAlias = Any

SAMPLES = sorted((ROOT / "samples").glob("*.json"))
CHROMIUM = os.environ.get("BACKPROP_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
playwright: Any = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed (pip install 'backprop-cli[browser]')"
)
if CHROMIUM is None:
    pytest.skip("Chromium is not installed (apt-get install chromium)", allow_module_level=True)

# Every text that is shown, with its colour and the colour behind it, and how large it is.
TEXTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const channels = (css) => css.match(/[\\d.]+/g).map(Number);
  while (walker.nextNode()) {
    const text = walker.currentNode, element = text.parentElement, range = document.createRange();
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect(), style = getComputedStyle(element);
    if (!text.data.trim() || !box.width || element.closest(".sr, title, desc")) continue;
    let opacity = 1, behind = null;
    for (let each = element; each; each = each.parentElement) {
      opacity *= Number(getComputedStyle(each).opacity);
      const colour = channels(getComputedStyle(each).backgroundColor);
      if (!behind && (colour.length < 4 || colour[3] > 0)) behind = colour;
    }
    const colour = element.closest("svg") ? style.fill : style.color;
    found.push({text: text.data.trim(), colour: channels(colour), behind, opacity});
  }
  return found;
}"""
# Elements that reach beyond the right edge, and are in nothing that scrolls.
BEYOND = """() => [...document.querySelectorAll("body *")].filter((each) => {
  for (let around = each.parentElement; around; around = around.parentElement)
    if (getComputedStyle(around).overflowX != "visible" && around != document.documentElement) return false;
  return each.getBoundingClientRect().right > innerWidth + 1;
}).map((each) => each.outerHTML.slice(0, 100))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


class Opened:
    """A page on the disk that a browser shows, with what it requested and wrote to its console."""

    def __init__(self, browser: Browser, path: Path, width: int = 1200, **options: Any) -> None:
        size: Any = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.console: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.goto(path.as_uri())


@pytest.fixture
def show(browser: Browser, backprop: Run, tmp_path: Path) -> Iterator[Any]:
    shown: list[Opened] = []

    def run(problem: Path, *options: str, width: int = 1200, **more: Any) -> Opened:
        ran = backprop("explain", problem, "--format", "html", *options)
        assert ran.status == 0, ran.err
        path = tmp_path / f"{len(shown)}.html"
        path.write_text(ran.out, encoding="ascii")
        shown.append(Opened(browser, path, width, **more))
        return shown[-1]

    yield run
    for each in shown:
        each.context.close()


def sample(name: str) -> Path:
    return ROOT / "samples" / f"{name}.json"


def number(page: Page, entry: str) -> Any:
    return page.locator(f'[id="@{entry}"]')


def terms(page: Page, entry: str) -> Any:
    return page.locator(f'[id="{entry}"]')


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_page_requests_nothing_and_has_no_error(show: Any, path: Path) -> None:
    opened = show(path)
    opened.page.emulate_media(media="print")
    opened.page.emulate_media(media="screen", color_scheme="dark")
    links = opened.page.locator("td a[id]")
    links.first.click()
    links.last.click()
    assert opened.requests == [opened.page.url.partition("#")[0]]
    assert opened.console == []


def test_a_script_in_a_title_does_not_run(show: Any, tmp_path: Path) -> None:
    """The policy forbids scripts, too: one that is planted reports an error, and changes nothing."""
    problem = tmp_path / "problem.json"
    problem.write_text(
        '{"title": "<script>document.title=1</script><img src=x onerror=alert(1)>", "z": [[1]], "upstream": [[1]]}'
    )
    opened = show(problem)
    assert opened.page.title().startswith("<script>")
    assert opened.console == []
    page = next(tmp_path.glob("*.html"))
    planted = page.with_name("planted.html")
    planted.write_text(
        page.read_text().replace("<main>", "<main><script>document.title='ran'</script><img src='x.png'>")
    )
    opened.page.goto(planted.as_uri())
    assert opened.page.title().startswith("<script>")
    assert len(opened.console) >= 2


@pytest.mark.parametrize("how", ["click", "keyboard"])
@pytest.mark.parametrize("width", [400, 1200])
def test_a_number_opens_its_terms(show: Any, how: str, width: int) -> None:
    page = show(sample("dense_relu"), width=width).page
    entry, other = "dweights[2,1]", "dweights[0,0]"
    assert terms(page, other).is_visible()  # the example
    assert not terms(page, entry).is_visible()
    if how == "click":
        number(page, entry).click()
    else:
        number(page, entry).focus()
        page.keyboard.press("Enter")
    assert terms(page, entry).is_visible()
    assert not terms(page, other).is_visible()
    assert page.evaluate("document.activeElement.id") == entry
    inside = "(box => box.top >= 0 && box.top < innerHeight)(document.activeElement.getBoundingClientRect())"
    assert page.evaluate(inside)
    text = terms(page, entry).inner_text()
    for part in ("inputs[0,2] * dz[0,1]", "3 \N{MULTIPLICATION SIGN} 1.21", "3.63", "7.0983"):
        assert part in text

    back = terms(page, entry).locator("a.back")
    if how == "click":
        back.click()
    else:
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.className") == "back":
                break
        page.keyboard.press("Enter")
    assert not terms(page, entry).is_visible()
    assert terms(page, other).is_visible()
    assert page.evaluate("document.activeElement.id") == f"@{entry}"


def test_numbers_are_reached_in_order_by_tab_and_the_focus_is_seen(show: Any) -> None:
    page = show(sample("dense_relu")).page
    page.locator('[id="@dz[0,0]"]').focus()
    reached = []
    for _ in range(4):
        reached.append(page.evaluate("document.activeElement.id"))
        assert (
            page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2 or not reached[1:]
        )
        page.keyboard.press("Tab")
    assert reached == [f"@dz[{i},{j}]" for i, j in ((0, 0), (0, 1), (0, 2), (1, 0))]


def test_a_factor_leads_to_its_own_terms(show: Any) -> None:
    page = show(sample("two_layers")).page
    number(page, "layers[1].dweights[0,1]").click()
    terms(page, "layers[1].dweights[0,1]").get_by_role("link", name="layers[1].dz[0,1]").click()
    assert terms(page, "layers[1].dz[0,1]").is_visible()
    page.go_back()
    assert terms(page, "layers[1].dweights[0,1]").is_visible()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("options", [(), ("--every-entry",)], ids=["", "every entry"])
def test_nothing_overflows_a_narrow_page(show: Any, path: Path, options: tuple[str, ...]) -> None:
    page = show(path, *options, width=400).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.evaluate(BEYOND) == []


def luminance(colour: list[float]) -> float:
    """Return the relative luminance of a colour, as WCAG 2.2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour[:3])]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(text: dict[str, Any]) -> float:
    low, high = sorted(luminance(text[name]) for name in ("colour", "behind"))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["dense_relu", "relu_mask", "softmax_classifier", "two_layers"])
def test_texts_stand_out(show: Any, name: str, scheme: str) -> None:
    page = show(sample(name), "--every-entry", color_scheme=scheme).page
    texts = page.evaluate(TEXTS)
    assert len(texts) > 200
    low = [(text["text"], round(contrast(text), 2)) for text in texts if contrast(text) < 4.5 or text["opacity"] < 1]
    assert low == []
    is_light = luminance(texts[0]["behind"]) > 0.5
    assert is_light == (scheme == "light")


def test_contrasts_are_measured(show: Any) -> None:
    page = show(sample("dense_relu")).page
    page.evaluate("document.querySelector('h1').style.cssText = 'color:#777;background:#888'")
    assert min(map(contrast, page.evaluate(TEXTS))) < 1.3


def test_a_printed_page_is_light_and_shows_the_open_terms(show: Any) -> None:
    page = show(sample("dense_relu"), color_scheme="dark").page
    number(page, "dweights[2,1]").click()
    page.emulate_media(media="print", color_scheme="dark")
    texts = page.evaluate(TEXTS)
    assert luminance(texts[0]["behind"]) == 1
    assert min(map(contrast, texts)) >= 4.5
    assert terms(page, "dweights[2,1]").is_visible()
    assert not terms(page, "dweights[1,1]").is_visible()
    assert not page.locator("a.back:visible").count()
    assert set(page.evaluate("[...document.querySelectorAll('.step')].map(e => getComputedStyle(e).breakInside)")) == {
        "avoid"
    }


LAYER = """{"title": "A layer", "inputs": [[1, 2], [0.5, -1], [-1.5, 0.25]], "weights": [[0.2, -0.4], [0.5, 0.25]],
 "biases": [0.1, -0.5], "upstream": [[1, -1], [0.5, 2], [-0.25, 1]], "learning_rate": 0.5}"""
NETWORK = """{"title": "Two layers", "inputs": [[1, 2], [0.5, -1], [-1.5, 0.25]], "learning_rate": 0.5, "layers":
 [{"weights": [[0.2, -0.4], [0.5, 0.25]], "biases": [0.1, -0.5]}, {"weights": [[0.5], [1]], "biases": [0.25]}],
 "targets": [[1], [0], [1]], "loss": "half_squared_error"}"""


@pytest.mark.parametrize(("problem", "most"), [(LAYER, 1), (NETWORK, 2)], ids=["layer", "network"])
def test_pages_of_paper(show: Any, tmp_path: Path, problem: str, most: int) -> None:
    """A layer of 2 inputs, 2 neurons and 3 samples takes one sheet of A4, a network of two layers two."""
    path = tmp_path / "problem.json"
    path.write_text(problem)
    printed = show(path).page.pdf(format="A4", prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") <= most


def test_a_reader_of_the_screen_finds_headings_tables_and_names(show: Any) -> None:
    page = show(sample("dense_relu")).page
    assert page.get_by_role("heading", level=1).count() == 1
    names = ["z", "outputs", "dz", "dweights", "dbiases", "dinputs", "new_weights", "new_biases"]
    assert page.get_by_role("heading", level=3).all_inner_texts() == names
    for name in names:
        assert page.get_by_role("region", name=name, exact=True).count() == 1
    table = page.get_by_role("region", name="dweights", exact=True).get_by_role("table", name="dweights", exact=True)
    assert table.get_by_role("rowheader").all_inner_texts() == ["0", "1", "2", "3"]
    assert table.get_by_role("columnheader").all_inner_texts() == ["0", "1", "2"]
    assert page.locator("html").get_attribute("lang") == "en"
