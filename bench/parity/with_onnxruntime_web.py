"""onnxruntime-web's wasm in real Chromium.

Its first argument is the folder of its package.json, see `measure` for the others.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.browser import open_chromium

HERE = Path(__file__).parent
PAGE = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="run.mjs"></script>'


def main() -> None:
    """Does what `measure` does, in a page."""
    folder, model, curves_file, seconds, *described = sys.argv[1:]
    packages = Path(folder) / "node_modules"
    with TemporaryDirectory() as served:
        root = Path(served)
        (root / "index.html").write_text(PAGE)
        (root / "run.mjs").symlink_to(HERE / "onnxruntime_web.mjs")
        (root / "measure.mjs").symlink_to(HERE / "measure.mjs")
        (root / "node_modules").symlink_to(packages)
        (root / "model.onnx").symlink_to(Path(model).resolve())
        inputs = []
        for at in range(0, len(described), 4):
            name, datatype, shape, rows = described[at : at + 4]
            file = f"rows-{at}"
            (root / file).symlink_to(Path(rows).resolve())
            inputs.append({"name": name, "datatype": datatype, "shape": shape, "file": file})
        with _serving(root) as address, open_chromium() as browser:
            page = browser.new_page()
            page.goto(address)
            page.wait_for_function("() => globalThis.run")
            asked = {"inputs": inputs, "seconds": float(seconds)}
            found = page.evaluate("(asked) => run(asked)", asked)
    np.array(found["curves"], np.float32).tofile(curves_file)
    version = json.loads((packages / "onnxruntime-web" / "package.json").read_text())["version"]
    print(json.dumps({"version": version, "curves_per_second": found["curvesPerSecond"]}))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@contextmanager
def _serving(root: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=root)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    main()
