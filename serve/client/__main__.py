"""The former name of the command `curvegan`: python -m serve.client."""

from curvegan.__main__ import main

if __name__ == "__main__":
    main()
