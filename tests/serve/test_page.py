"""The page in a real browser."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from serve.engine import Engine
from serve.manifest import Family
from serve.page_routes import FOLDER
from serve.process import RunningServer, running_server
from serve.publish import publish
from serve.repository import Repository
from tests.browser import chromium
from tests.commands import run_command
from tests.serve.models import publish_raised, raised

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the page is not built: make page")

ROOT = Path(__file__).parents[2]
AXE = ROOT / "page/node_modules/axe-core/axe.min.js"
MINUS = "\N{MINUS SIGN}"
DRAWN = "() => document.querySelector('#difference').dataset.state === 'agrees'"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@contextmanager
def opened(
    browser: Browser, server: RunningServer, fragment: str = "", **context: object
) -> Iterator[Page]:
    """Opens the page. Fails the test if it asks another server for anything, or has an error.

    Excused is that a server does not answer or refuses: that, Chromium itself reports.
    """
    inside = browser.new_context(**context)
    inside.set_default_timeout(20_000)
    page = inside.new_page()
    origin = f"http://{server.http}/"
    elsewhere: list[str] = []
    page.errors = []

    def note_request(url: str) -> None:
        if not url.removeprefix("blob:").startswith(origin):
            elsewhere.append(url)

    page.on("request", lambda request: note_request(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda line: page.errors.append(line.text) if line.type == "error" else None)
    try:
        page.goto(origin + fragment)
        yield page
        assert elsewhere == []
        assert [error for error in page.errors if "Failed to load resource" not in error] == []
    finally:
        inside.close()


@contextmanager
def drawn(
    browser: Browser, server: RunningServer, fragment: str = "", **context: object
) -> Iterator[Page]:
    """Opens the page, and waits until its curves are drawn and compared. No error is excused."""
    with opened(browser, server, fragment, **context) as page:
        page.wait_for_function(DRAWN)
        yield page
        assert page.errors == []


def picture(page: Page) -> bytes:
    """Returns what is drawn of the curves."""
    return page.locator("#chart canvas").screenshot()


def shown_values(page: Page) -> list[float]:
    """Returns the y of the curve that is picked, with five decimals."""
    texts = page.locator("#values td:nth-child(2)").all_text_contents()
    return [float(text.replace(MINUS, "-")) for text in texts]


def of_engine(engine: Engine, seed: int) -> list[float]:
    return engine.curves_from_seeds(np.array([seed]))[0].tolist()


def ask_for(page: Page, seeds: str) -> None:
    page.get_by_label("Seeds", exact=True).fill(seeds)
    page.get_by_role("button", name="Draw").click()


def test_64_curves_are_drawn_and_are_the_servers(
    browser: Browser, server: RunningServer, engine: Engine
):
    with drawn(browser, server) as page:
        expect(page.get_by_role("heading", name="64 curves, seeds 0 to 63")).to_be_visible()
        difference = page.locator("#difference")
        assert float(difference.get_attribute("data-value")) <= 1e-5
        expect(difference).to_contain_text("Largest difference to the server")
        expect(page.locator("#server")).to_have_text("The server answers with version 1")
        assert shown_values(page) == pytest.approx(of_engine(engine, 0), abs=2e-5)
        colours = page.evaluate(
            """() => {
                const canvas = document.querySelector('#chart canvas');
                const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                return new Set(new Uint32Array(all.data.buffer)).size;
            }"""
        )
        assert colours > 64


def test_every_64_bit_seed_is_exact(browser: Browser, server: RunningServer, engine: Engine):
    seeds = [0, -1, 172304, 2**53 + 1, 2**63 - 1, -(2**63)]
    with drawn(browser, server, f"#seeds={','.join(map(str, seeds))}") as page:
        for seed in seeds:
            expect(page.locator("#pick")).to_have_text(f"Seed {seed}".replace("-", MINUS))
            assert shown_values(page) == pytest.approx(of_engine(engine, seed), abs=2e-5)
            page.get_by_role("button", name="Seed after").click()


def test_the_sliders_begin_at_the_seeds_noise(browser: Browser, server: RunningServer):
    """The values are those of the README's table."""
    with drawn(browser, server, "#seeds=-1") as page:
        values = page.locator("#sliders output").all_text_contents()
        assert values == [f"{MINUS}1.08", f"{MINUS}1.12", "1.54", "1.02", "1.26"]


def test_a_slider_moves_the_curve_and_there_is_a_way_back(browser: Browser, server: RunningServer):
    with drawn(browser, server) as page:
        before, curve = picture(page), shown_values(page)
        slider = page.get_by_role("slider").first
        slider.fill("2.5")
        expect(page.locator("#pick")).to_have_text("Seed 0, moved")
        assert shown_values(page) != curve
        assert picture(page) != before
        page.get_by_role("button", name="Back to the seed").click()
        assert shown_values(page) == curve


def test_the_keyboard_alone_does_everything(browser: Browser, server: RunningServer):
    with drawn(browser, server) as page:
        keyboard = page.keyboard
        keyboard.press("Tab")
        expect(page.get_by_label("Seeds", exact=True)).to_be_focused()
        keyboard.press("Control+A")
        keyboard.type("7, 9")
        keyboard.press("Enter")
        expect(page.get_by_role("heading", name="2 curves, seeds 7, 9")).to_be_visible()
        reached = []
        for _ in range(20):
            keyboard.press("Tab")
            reached.append(page.evaluate("() => document.activeElement.id"))
            if reached[-1] == "noise-1":
                keyboard.press("ArrowRight")
        assert [name for name in reached if name][:8] == [
            "previous",
            "next",
            "csv",
            "copy",
            "back",
            "forth",
            "walk",
            "noise-1",
        ]
        assert "reset" in reached
        expect(page.locator("#pick")).to_have_text("Seed 7, moved")


def test_next_previous_and_a_walk_go_through_the_seeds(browser: Browser, server: RunningServer):
    with drawn(browser, server) as page:
        page.get_by_role("button", name="Seed before").click()
        expect(
            page.get_by_role("heading", name=f"64 curves, seeds {MINUS}64 to {MINUS}1")
        ).to_be_visible()
        expect(page.locator("#pick")).to_have_text(f"Seed {MINUS}1")
        page.get_by_role("button", name="Next 64").click()
        page.get_by_role("button", name="Next 64").click()
        expect(page.get_by_role("heading", name="64 curves, seeds 64 to 127")).to_be_visible()
        page.get_by_role("button", name="Previous 64").click()
        page.get_by_role("button", name="Seed after").click()
        expect(page.locator("#pick")).to_have_text("Seed 1")
        page.get_by_role("button", name="Walk").click()
        expect(page.locator("#pick")).to_have_text("Seed 4")
        page.get_by_role("button", name="Walk").click()
        expect(page.get_by_role("button", name="Walk")).to_have_attribute("aria-pressed", "false")


def test_beyond_the_last_seed_there_is_no_next(browser: Browser, server: RunningServer):
    with drawn(browser, server, f"#seeds={2**63 - 3}-{2**63 - 1}") as page:
        expect(page.get_by_role("button", name="Next 64")).to_be_disabled()
        expect(page.get_by_role("button", name="Previous 64")).to_be_enabled()


def test_wrong_seeds_are_named_beside_the_field(browser: Browser, server: RunningServer):
    problems = {
        "": "Write a seed",
        "seven": "“seven” is neither a seed nor a range",
        "1,,2": "a comma without a seed",
        "9-3": "Write 3-9 rather than 9-3",
        str(2**63): "is not a 64-bit integer",
        "0-100000": "at most 1000 curves",
        f"{-(2**63)}-{2**63 - 1}": "at most 1000 curves",
    }
    with drawn(browser, server) as page:
        field = page.get_by_label("Seeds", exact=True)
        assert "seeds-error" in field.get_attribute("aria-describedby").split()
        for text, problem in problems.items():
            ask_for(page, text)
            expect(page.locator("#seeds-error")).to_contain_text(problem)
            expect(field).to_have_attribute("aria-invalid", "true")
            expect(field).to_be_focused()
            expect(page.get_by_role("heading", name="64 curves, seeds 0 to 63")).to_be_visible()
        ask_for(page, "5")
        expect(field).to_have_attribute("aria-invalid", "false")
        expect(page.locator("#seeds-error")).to_be_hidden()


def test_hovering_tells_a_curves_seed_and_values(browser: Browser, server: RunningServer):
    with drawn(browser, server, "#seeds=3,50&pick=3") as page:
        values = shown_values(page)
        page.get_by_role("button", name="Seed after").click()
        expect(page.locator("#pick")).to_have_text("Seed 50")
        where = page.evaluate(
            """() => {
                const over = document.querySelector('#chart .u-over').getBoundingClientRect();
                return [over.left, over.top, over.width, over.height];
            }"""
        )
        left, top, width, height = where
        tip = page.locator(".tip")
        for step in range(100):
            page.mouse.move(left + width / 2, top + height * step / 100)
            if tip.is_visible() and "seed 3" in tip.inner_text():
                break
        expect(tip).to_contain_text("seed 3")
        assert f"y {values[len(values) // 2]:.3f}".replace("-", MINUS) in tip.inner_text()
        page.mouse.down()
        page.mouse.up()
        expect(page.locator("#pick")).to_have_text("Seed 3")


def test_a_link_reproduces_what_is_shown(browser: Browser, server: RunningServer):
    with drawn(browser, server) as page:
        ask_for(page, f"5-20, {2**60 + 1}")
        expect(page.get_by_role("heading", name="17 curves")).to_be_visible()
        for _ in range(3):
            page.get_by_role("button", name="Seed after").click()
        page.get_by_role("slider").nth(1).fill("-1.5")
        expect(page.locator("#pick")).to_have_text("Seed 8, moved")
        page.wait_for_function(DRAWN)
        page.mouse.move(0, 0)
        page.wait_for_function("() => location.hash.includes('noise')")
        link, before, values = page.url, picture(page), shown_values(page)
    with drawn(browser, server, link[link.index("#") :]) as again:
        expect(again.locator("#pick")).to_have_text("Seed 8, moved")
        assert again.get_by_label("Seeds", exact=True).input_value() == f"5-20, {2**60 + 1}"
        assert shown_values(again) == values
        assert picture(again) == before


def test_a_wrong_link_says_so_and_shows_what_it_can(browser: Browser, server: RunningServer):
    with opened(browser, server, "#seeds=abc&pick=x&version=9&noise=1,2") as page:
        expect(page.locator("#seeds-error")).to_contain_text("“abc” is neither a seed")
        expect(page.locator("#notice")).to_contain_text("version 9, which is not served now")
        expect(page.get_by_role("heading", name="64 curves")).to_be_visible()
        page.wait_for_function(DRAWN)


def test_the_csv_holds_the_curves(browser: Browser, server: RunningServer, engine: Engine):
    seeds = [*range(64), 2**63 - 1]
    with drawn(browser, server, f"#seeds=0-63,{2**63 - 1}") as page:
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        assert download.value.suggested_filename == "curves-version-1.csv"
        text = Path(download.value.path()).read_text()
    head, *rows = csv.reader(io.StringIO(text))
    x_grid = np.linspace(-1, 1, engine.n_points)
    assert head == ["seed", *(f"x={x:.9g}" for x in x_grid)]
    assert [int(row[0]) for row in rows] == seeds
    curves = np.array([row[1:] for row in rows], np.float32)
    np.testing.assert_allclose(curves, engine.curves_from_seeds(np.array(seeds)), atol=1e-5)


def test_a_server_that_goes_away_is_noticed_and_so_is_its_return(browser: Browser, published: Path):
    with running_server(published) as server, opened(browser, server) as page:
        page.wait_for_function(DRAWN)
        server.process.terminate()
        server.process.wait()
        state = page.locator("#server")
        expect(state).to_contain_text("does not answer", timeout=15_000)
        ask_for(page, "100-163")
        expect(page.get_by_role("heading", name="seeds 100 to 163")).to_be_visible()
        expect(page.locator("#difference")).to_have_text("Not compared with the server")
        page.get_by_role("slider").first.fill("1")
        expect(page.locator("#pick")).to_have_text("Seed 100, moved")
        with running_server(published, "--http", server.http):
            expect(state).to_contain_text("answers with version 1", timeout=15_000)
            page.wait_for_function(DRAWN)


def test_a_comparison_that_the_server_was_too_busy_for_is_made_again(
    browser: Browser, server: RunningServer
):
    with opened(browser, server) as page:
        page.wait_for_function(DRAWN)
        page.route("**/infer", lambda route: route.fulfill(status=503), times=1)
        ask_for(page, "100-163")
        difference = page.locator("#difference")
        expect(difference).to_have_text("Not compared with the server")
        expect(difference).to_contain_text("Largest difference", timeout=15_000)


def test_a_new_version_is_offered_and_shown_on_demand(browser: Browser, models: Path):
    with running_server(models) as server, opened(browser, server) as page:
        page.wait_for_function(DRAWN)
        curve = np.array(shown_values(page))
        publish_raised(models, 0.25)
        offer = page.get_by_role("button", name="Show version 2")
        expect(offer).to_be_visible(timeout=15_000)
        expect(page.locator("#notice")).to_contain_text("these are curves of version 1")
        assert shown_values(page) == curve.tolist()
        offer.click()
        expect(page.locator("#notice")).to_be_hidden()
        page.wait_for_function(DRAWN)
        np.testing.assert_allclose(shown_values(page), curve + 0.25, atol=3e-5)
        page.wait_for_function("() => location.hash.endsWith('version=2')")


def test_a_server_with_tokens_is_asked_with_the_one_that_is_entered(
    browser: Browser, published: Path, tmp_path: Path
):
    (tmp_path / "tokens").write_text("secret\n")
    with (
        running_server(published, "--token-file", str(tmp_path / "tokens")) as server,
        opened(browser, server) as page,
    ):
        field = page.get_by_label("Token")
        field.fill("\N{EURO SIGN} token")  # No header can carry that.
        field.press("Enter")
        expect(page.locator("#token-error")).to_contain_text("ASCII characters without blanks")
        field.fill("wrong")
        field.press("Enter")
        expect(page.locator("#token-error")).to_contain_text("does not take this token")
        expect(field).to_have_attribute("aria-invalid", "true")
        field.fill("secret")
        field.press("Enter")
        page.wait_for_function(DRAWN)
        expect(field).to_be_hidden()
        assert "secret" not in page.url
        assert page.evaluate("() => localStorage.length + document.cookie.length") == 0
        page.reload()
        page.wait_for_function(DRAWN)


def test_a_model_of_another_shape_is_shown_as_it_is(browser: Browser, tmp_path: Path):
    """Seven noises, nine points, and as many sliders and values."""
    run_command("train", "--steps", "20", "--noise", "7", "--points", "9", cwd=tmp_path)
    with running_server(tmp_path / "models") as server, drawn(browser, server) as page:
        assert page.get_by_role("slider").count() == 7
        assert len(shown_values(page)) == 9


def test_of_an_unknown_family_no_a_is_told(browser: Browser, models: Path):
    version = Repository(models).load(1)
    description = replace(version.sampler_manifest.description, family=Family("waves"))
    files = raised(models, 0)
    publish(models, description, files["generator"], files["sampler"])
    with running_server(models) as server, drawn(browser, server) as page:
        expect(page.locator("#model")).to_contain_text("waves")
        expect(page.locator("#facts")).to_have_text("")
        expect(page.locator("#parameters")).to_be_hidden()
        assert page.locator("#chart canvas").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_serious_fault(
    browser: Browser, server: RunningServer, scheme: str, width: int
):
    size = {"width": width, "height": 844}
    with drawn(browser, server, color_scheme=scheme, viewport=size) as page:
        ask_for(page, "wrong")
        page.locator("summary").click()
        page.locator("#parameters canvas").wait_for()
        page.evaluate(AXE.read_text())
        found = page.evaluate("() => axe.run()")
        assert len(found["passes"]) > 20
        serious = [
            f"{fault['id']}: {[node['html'] for node in fault['nodes']]}"
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
        ]
        assert serious == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_width_needs_scrolling_sideways(browser: Browser, server: RunningServer, width: int):
    fragment = f"#seeds={-(2**63)}&noise=1,1,1,1,1"
    with drawn(browser, server, fragment, viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
