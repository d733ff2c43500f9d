"""The page and its server: one that goes, is busy, asks for a token, or has another model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, expect

from curvegan.repository.manifest import Family
from curvegan.repository.publish import publish
from curvegan.repository.repository import Repository
from serve.running import RunningServer, running_server
from tests.page.opened import DRAWN, ask_for, drawn, opened, shown_values
from tests.support.commands import run_command
from tests.support.models import publish_raised, raised


def test_a_server_that_goes_away_is_noticed_and_so_is_its_return(browser: Browser, published: Path):
    with running_server(published) as server, opened(browser, server) as page:
        page.wait_for_function(DRAWN)
        server.process.terminate()
        server.process.wait()
        state = page.locator("#server")
        expect(state).to_contain_text("does not answer")
        ask_for(page, "100-163")
        expect(page.get_by_role("heading", name="seeds 100 to 163")).to_be_visible()
        expect(page.locator("#difference")).to_have_text("Not compared with the server")
        page.get_by_role("slider").first.fill("1")
        expect(page.locator("#pick")).to_have_text("Seed 100, moved")
        with running_server(published, "--http", server.http):
            expect(state).to_contain_text("answers with version 1")
            page.wait_for_function(DRAWN)


def test_a_comparison_that_the_server_was_too_busy_for_is_made_again(
    browser: Browser, server: RunningServer
):
    with opened(browser, server) as page:
        page.wait_for_function(DRAWN)
        page.route("**/infer", lambda route: route.fulfill(status=503), times=1)
        with page.expect_response(lambda response: response.status == 503):
            ask_for(page, "100-163")
        expect(page.get_by_role("heading", name="seeds 100 to 163")).to_be_visible()
        expect(page.locator("#difference")).to_contain_text("Largest difference")


def test_a_new_version_is_offered_and_shown_on_demand(browser: Browser, models: Path):
    with running_server(models) as server, opened(browser, server) as page:
        page.wait_for_function(DRAWN)
        curve = np.array(shown_values(page))
        publish_raised(models, 0.25)
        offer = page.get_by_role("button", name="Show version 2")
        expect(offer).to_be_visible()
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
