"""The command line: python -m serve."""

from curvegan.command import early_interrupt  # noqa: F401, I001  (first: the other imports are slow)
from serve import requirements  # noqa: F401  (next: the others may not be there)

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from curvegan.command.command_line import make_app, run
from serve.settings_origins import Origins
from serve.settings import Settings

origins = Origins("CURVEGAN_")
app = make_app("curvegan-serve", "Serve trained generators: seeds in, curves out.", origins)


@app.default
def serve(
    *,
    settings: Annotated[Settings, Parameter(name="*")] = Settings(),  # noqa: B008
    config: Path | None = None,  # noqa: ARG001  (read by `origins`)
    print_config: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Serve trained generators over gRPC and HTTP: seeds in, curves out.

    Serves the newest version of the model repository and switches to newer versions as they are
    published. Stops on SIGTERM or Ctrl-C, after calls in flight have finished. Every option can
    also be set in an environment variable or in a TOML file. The command line takes precedence over
    the environment, and the environment over the file.

    Parameters
    ----------
    config
        TOML file of settings, such as: workers = 2
    print_config
        Print every setting and its source, and exit.
    """
    if print_config:
        print(origins.table(settings))
        return
    # Imported here so that --help and usage errors do not wait for it.
    from serve.process.supervisor import Started, supervise

    def say(started: Started) -> None:
        http = f", HTTP on {started.http}" if started.http else ""
        print(
            f"serving version {started.version} of {settings.models}: gRPC on {started.grpc}{http}",
            flush=True,
        )

    supervise(settings, say)


def main() -> None:
    """Runs the command line with the arguments of this process."""
    run(app)


if __name__ == "__main__":
    main()
