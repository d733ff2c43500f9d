"""The stubs beside this file are generated from `proto/inference/` by `make stubs`."""
