"""What all calls have in common, over gRPC and HTTP.

Read in this order: `status` (errors as status codes), `tokens` (authentication), `calls` (calls in
flight, their limits and draining), `metrics` and `logs`.
"""
