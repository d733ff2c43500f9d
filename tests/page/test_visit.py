"""The page and its server: one that goes, is busy, asks for a token, or has another model."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, expect

from curvegan.engine import Engine
from curvegan.repository.description import Family, ImportedFile, Measure, Parameter, Training
from curvegan.repository.publish import publish
from curvegan.repository.repository import Repository
from serve.running import RunningServer, running_server
from tests.page.opened import DRAWN, MINUS, ask_for, drawn, opened, shown_values
from tests.support.commands import run_command
from tests.support.models import describe_as_before, publish_raised, raised


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


def test_noise_beyond_a_dozen_numbers_is_folded(browser: Browser, tmp_path: Path):
    run_command("train", "--steps", "20", "--noise", "20", cwd=tmp_path)
    with running_server(tmp_path / "models") as server, drawn(browser, server) as page:
        assert page.get_by_role("slider").count() == 12
        page.get_by_text("The other 8").click()
        assert page.get_by_role("slider").count() == 20
        page.get_by_role("slider").last.fill("2.5")
        expect(page.locator("#pick")).to_have_text("Seed 0, moved")


def test_a_family_without_bounds_and_parameters_is_shown_without_them(
    browser: Browser, models: Path
):
    publish_described(models, family=Family("waves"), measures=[])
    with running_server(models) as server, drawn(browser, server) as page:
        expect(page.locator("#model")).to_contain_text("waves")
        expect(page.locator("#facts")).to_have_text("")
        expect(page.locator("#parameters")).to_be_hidden()
        expect(page.locator("#measures")).to_contain_text("off_family_rmse")
        assert page.locator("#chart canvas").count() == 1


def test_parameters_are_read_off_the_curves_as_the_description_says(
    browser: Browser, models: Path, engine: Engine
):
    """One of the family's own, and one of another name and another size."""
    family = Repository(models).load(1).description.family
    [a] = family.parameters
    weights = [100 * weight for weight in a.weights]
    width = Parameter("width", weights, 100 * a.offset, low=100, high=200)
    publish_described(models, family=replace(family, name="beams", parameters=[a, width]))
    curve = engine.curves_from_seeds(np.array([7]))[0]
    value = float(curve @ np.array(a.weights) + a.offset)
    with (
        running_server(models) as server,
        drawn(browser, server, "#seeds=0-20&pick=7") as page,
    ):
        facts = f"a = {value:.3f} · width = {100 * value:.1f}".replace("-", MINUS)
        expect(page.locator("#facts")).to_contain_text(facts)
        headings = page.locator("#parameters h2").all_text_contents()
        assert headings == ["Distribution of a", "Distribution of width"]
        expect(page.locator("#parameters canvas")).to_have_count(2)


def test_measures_go_by_their_labels_beside_what_real_curves_score(browser: Browser, models: Path):
    measures = [
        Measure("in_bounds", "between the bounds", "higher", floor=1.0, digits=2),
        Measure("w1_a", "distance", "lower", digits=1),
    ]
    quality = {"w1_a": 0.04, "in_bounds": 0.5, "energy": 2.5}
    publish_described(models, measures=measures, quality=quality)
    with running_server(models) as server, drawn(browser, server) as page:
        rows = page.locator("#measures tr").all_inner_texts()
        assert [row.split("\t") for row in rows] == [
            ["between the bounds ↑", "0.50", "1.00"],
            ["distance ↓", "0.0", ""],
            ["energy", "2.5"],
        ]
        expect(page.get_by_role("img", name="higher is better")).to_be_visible()


def test_an_imported_generator_is_shown_without_a_training_seed(browser: Browser, models: Path):
    elsewhere = Training.elsewhere(ImportedFile("g.onnx", "ONNX", "0" * 64))
    publish_described(models, training=elsewhere, quality={}, measures=[])
    with running_server(models) as server, drawn(browser, server) as page:
        recipe = page.locator("#model dt", has_text="Recipe").locator("+ dd")
        expect(recipe).to_have_text("imported")
        expect(page.locator("#quality")).to_be_hidden()


def test_a_version_of_before_is_shown_with_what_its_description_has(browser: Browser, models: Path):
    describe_as_before(models)
    with running_server(models) as server, drawn(browser, server) as page:
        expect(page.locator("#facts")).to_have_text(re.compile("^(within|outside) the bounds$"))
        expect(page.locator("#parameters")).to_be_hidden()
        expect(page.locator("#measures")).to_contain_text("w1_a")


def publish_described(models: Path, **changes: object) -> None:
    """Publishes version 1 anew, with a description that is changed."""
    files = raised(models, 0)
    description = replace(Repository(models).load(1).description, **changes)
    publish(models, description, files["generator"], files["sampler"])
