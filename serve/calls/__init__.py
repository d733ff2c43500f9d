"""What every call has, by whatever it comes in.

Read in this order: `status` (errors as status codes), `tokens` (who gets in), `calls` (begin,
refuse and end of a call), `metrics` and `logs`.
"""
