"""python -m bench.page [--models DIR]: how fast the page draws in Chromium."""

import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext

from bench.browser import need_chromium, open_chromium
from bench.timing import print_table
from curvegan.command.command_line import Count, make_app, run
from curvegan.repository.repository import DEFAULT_MODELS
from serve.running import running_server

_DRAWN = "() => performance.getEntriesByName('first drawing').length > 0"
_FIRST = "() => performance.getEntriesByName('first drawing')[0].startTime"
_REDRAWS = "() => performance.getEntriesByName('redraw').map(measure => measure.duration)"
_SCRIPT = """() => performance.getEntriesByType('resource')
    .find(resource => resource.name.includes('/assets/main-')).decodedBodySize"""

app = make_app("python -m bench.page", "Time the page, in Chromium.")


@app.default
def main(*, models: Path = DEFAULT_MODELS, rounds: Count = 15) -> None:
    """Time the page, in Chromium.

    Parameters
    ----------
    models
        Model repository. Its newest version is drawn.
    rounds
        Number of times to open the page. The table shows medians.
    """
    need_chromium()
    with running_server(models) as server, open_chromium() as browser:
        context = browser.new_context()
        opened = [_open(context, f"http://{server.http}/", redraws=30) for _ in range(rounds + 1)]
    cold, *warm = opened
    redraws = [milliseconds for each in warm for milliseconds in each["redraws"]]
    print_table(
        f"The page in Chromium {browser.version}; medians of {rounds} times",
        ("", "measured", "goal"),
        [
            ("first drawing, cold cache", f"{cold['first']:,.0f} ms", ""),
            ("first drawing, warm cache", f"{_median(warm, 'first'):,.0f} ms", "1,500 ms"),
            ("64 curves computed and drawn", f"{statistics.median(redraws):.1f} ms", "16 ms"),
            ("the page's own script", f"{cold['script']:,} bytes", "100,000 bytes"),
        ],
    )


def _open(context: BrowserContext, url: str, redraws: int) -> dict[str, Any]:
    """Opens the page and draws the next 64 curves `redraws` times. Returns the measurements."""
    page = context.new_page()
    page.goto(url)
    page.wait_for_function(_DRAWN)
    for count in range(redraws):
        page.get_by_role("button", name="Next 64").click()
        page.wait_for_function(f"{_REDRAWS}.length > {count + 1}")
    found = {
        "first": page.evaluate(_FIRST),
        # The first one includes compilation.
        "redraws": page.evaluate(_REDRAWS)[1:],
        "script": page.evaluate(_SCRIPT),
    }
    page.close()
    return found


def _median(opened: list[dict[str, Any]], name: str) -> float:
    return float(statistics.median(each[name] for each in opened))


if __name__ == "__main__":
    run(app)
