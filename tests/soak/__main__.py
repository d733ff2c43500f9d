"""python -m tests.soak: attacks a server for minutes and reports the results."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.serve.load import need_h2load
from bench.timing import print_table
from curvegan.command.command_line import Count, make_app, run
from curvegan.engine import Engine
from curvegan.errors import CurveganError
from curvegan.repository.repository import Repository
from serve.running import running_server
from tests.soak.attacks import ATTACKS, Claim, changes, log_is_clean, unharmed
from tests.soak.changes import OPTIONS
from tests.support.commands import run_command, workers_of
from tests.support.models import point
from tests.support.observe import standard_error_in

app = make_app("python -m tests.soak", "Attack a server and report the results.")


@app.default
def main(*, seconds: Count = 60) -> None:
    """Attack a server and report the results.

    Parameters
    ----------
    seconds
        Duration of each attack, and of the changes to versions and workers.
    """
    need_h2load()
    claims: list[Claim] = []
    with tempfile.TemporaryDirectory() as name:
        run_command("train", "--steps", "120", cwd=Path(name))
        models = Path(name) / "models"
        engine = Engine.of(Repository(models).load(1))
        for attack in ATTACKS:
            with ExitStack() as stack:
                log = Path(name) / f"{attack.__name__}.log"
                with standard_error_in(log):
                    server = stack.enter_context(running_server(models, "--log-format", "json"))
                workers = workers_of(server)
                claims += attack(server, seconds)
                claims.append(unharmed(server, workers, engine, attack.__name__))
                claims.append(log_is_clean(log, attack.__name__))
        link, log = Path(name) / "link", Path(name) / "changes.log"
        point(link, models)
        with (
            standard_error_in(log),
            running_server(link, *OPTIONS, "--log-format", "json") as server,
        ):
            claims += changes(server, link, seconds)
    print_table(
        f"Attacks of {seconds} s on a server of one worker, and changes to one of two",
        ("claim", "observed", ""),
        [(claim.text, claim.seen, "holds" if claim.holds else "FAILS") for claim in claims],
    )
    if not all(claim.holds for claim in claims):
        raise CurveganError("some claims do not hold")


if __name__ == "__main__":
    run(app)
