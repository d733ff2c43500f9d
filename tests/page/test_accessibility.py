"""The page for everybody: from the keyboard, read out, and on a narrow screen."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from serve.running import RunningServer
from tests.page.opened import ask_for, drawn

AXE = Path(__file__).parents[2] / "page/node_modules/axe-core/axe.min.js"


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
