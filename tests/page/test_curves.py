"""What the page shows: curves, seeds, noise, and what comes of a link or a download."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from curvegan.engine import Engine
from serve.running import RunningServer
from tests.page.opened import (
    DRAWN,
    MINUS,
    ask_for,
    drawn,
    opened,
    picture,
    shown_values,
)


def of_engine(engine: Engine, seed: int) -> list[float]:
    return engine.curves_from_seeds(np.array([seed]))[0].tolist()


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
    """The values are those of docs/seed-rule.md."""
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
        expect(page.locator("#pick")).to_have_text(re.compile("^Seed ([4-9]|[0-9]{2,})$"))
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
