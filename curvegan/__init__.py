"""The gRPC contract of curvegan; the modules of `curvegan.v1` are generated from `proto/`."""
