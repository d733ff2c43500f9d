"""The servers of the benchmarks: ours, a plain one, canned responses, Triton and MLServer."""
