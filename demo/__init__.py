"""The whole path once, as `make demo` runs it."""
