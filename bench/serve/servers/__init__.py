"""The servers that are compared: ours, the plain one, canned answers, Triton and MLServer."""
