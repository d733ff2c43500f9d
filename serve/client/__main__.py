"""The former name of the command `curvegan`: python -m serve.client."""

import sys

from curvegan.__main__ import main

if __name__ == "__main__":
    print(
        "warning: python -m serve.client goes with the next release: write curvegan",
        file=sys.stderr,
    )
    main()
