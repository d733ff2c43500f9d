"""Seeds: any 64-bit integer is one."""

MIN_SEED = -(2**63)
MAX_SEED = 2**63 - 1
