"""The page with a labelled model of 24 points: the choice of a label, and names and units."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from curvegan.engine import Engine
from serve.running import RunningServer
from tests.page.opened import DRAWN, drawn, opened, picture, shown_values
from tests.page.test_accessibility import AXE
from tests.support.commands import run_command
from tests.support.labelled.days import LABELS, POINT_NAMES


def of_engine(engine: Engine, seed: int, label: int) -> list[float]:
    return engine.curves_from_seeds(np.array([seed]), np.array([label]))[0].tolist()


def choose(page: Page, label: str) -> None:
    page.get_by_label("Label").select_option(label)
    page.wait_for_function(f"() => location.hash.includes({label_in_link(label)!r})")
    page.wait_for_function(DRAWN)


def label_in_link(label: str) -> str:
    return {LABELS[2]: "label=%E5%A4%8F", LABELS[1]: "label=S%C3%BCnd-%20%26%20"}[label]


def test_a_label_is_chosen_and_its_curves_are_the_servers(
    browser: Browser, labelled_server: RunningServer, labelled_engine: Engine
):
    with drawn(browser, labelled_server, "#seeds=3-9&pick=7") as page:
        field = page.get_by_label("Label")
        assert field.locator("option").all_text_contents() == LABELS
        expect(field).to_have_value("0")
        assert shown_values(page) == pytest.approx(of_engine(labelled_engine, 7, 0), abs=2e-4)
        before = picture(page)
        choose(page, LABELS[2])
        expect(page.locator("#pick")).to_have_text("Seed 7")
        assert shown_values(page) == pytest.approx(of_engine(labelled_engine, 7, 2), abs=2e-4)
        assert picture(page) != before
        page.get_by_role("slider").first.fill("2.5")
        expect(page.locator("#pick")).to_have_text("Seed 7, moved")
        moved = np.abs(np.array(shown_values(page)) - of_engine(labelled_engine, 7, 2))
        others = np.abs(np.array(shown_values(page)) - of_engine(labelled_engine, 7, 0))
        assert moved.mean() < others.mean(), "it is still a curve of the chosen label"


def test_a_link_keeps_the_label(browser: Browser, labelled_server: RunningServer):
    with drawn(browser, labelled_server) as page:
        choose(page, LABELS[1])
        link, values = page.url, shown_values(page)
    with drawn(browser, labelled_server, link[link.index("#") :]) as again:
        expect(again.get_by_label("Label")).to_have_value("1")
        assert shown_values(again) == values


def test_a_link_with_an_unknown_label_says_so(
    browser: Browser, labelled_server: RunningServer, server: RunningServer
):
    with drawn(browser, labelled_server, "#label=Monday") as page:
        expect(page.locator("#notice")).to_contain_text(
            "“Monday”, which this version does not know; these are curves of “working day”"
        )
    with drawn(browser, server, "#label=Monday") as page:
        expect(page.locator("#notice")).to_contain_text("its curves have no labels")
        expect(page.get_by_label("Label")).to_be_hidden()


def test_the_csv_is_the_one_that_the_command_writes(
    browser: Browser, labelled_server: RunningServer, tmp_path: Path
):
    with opened(browser, labelled_server, "#seeds=0-9,-5") as page:
        page.wait_for_function(DRAWN)
        choose(page, LABELS[1])
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        downloaded = Path(download.value.path()).read_text(encoding="utf-8")
    arguments = ("--seeds", "0-9,-5", "--label", LABELS[1], "--out", "c.csv")
    run_command(
        "curvegan", "generate", *arguments, "--server", labelled_server.address, cwd=tmp_path
    )
    written = (tmp_path / "c.csv").read_text(encoding="utf-8")
    (head, *rows), (other_head, *others) = downloaded.splitlines(), written.splitlines()
    assert head == other_head
    for row, other in zip(rows, others, strict=True):
        [labelled, *values], [as_written, *expected] = row.rsplit(",", 24), other.rsplit(",", 24)
        assert labelled == as_written
        assert list(map(float, values)) == pytest.approx(list(map(float, expected)), abs=1e-3)


def test_names_and_units_stand_where_values_do(browser: Browser, labelled_server: RunningServer):
    with drawn(browser, labelled_server) as page:
        heads = page.locator("#values-x, #values-y").all_text_contents()
        assert heads == ["hour", "kW"]
        assert page.locator("#values td:first-child").all_text_contents() == POINT_NAMES
        over = page.locator("#chart .u-over").bounding_box()
        for step in range(100):
            page.mouse.move(over["x"] + over["width"] / 2, over["y"] + over["height"] * step / 100)
            if page.locator(".tip").is_visible():
                break
        assert page.locator(".tip").inner_text().endswith(" kW")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_choice_is_accessible_and_fits(
    browser: Browser, labelled_server: RunningServer, scheme: str, width: int
):
    size = {"width": width, "height": 844}
    with drawn(browser, labelled_server, color_scheme=scheme, viewport=size) as page:
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
        page.evaluate(AXE.read_text())
        found = page.evaluate("() => axe.run()")
        serious = [fault for fault in found["violations"] if fault["impact"] != "moderate"]
        assert serious == []
