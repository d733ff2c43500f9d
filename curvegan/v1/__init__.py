"""The stubs beside this file are generated from `proto/curvegan/v1/` by `make stubs`."""
