"""The gRPC server and its services.

Read in this order: `handlers` (what all methods have in common), `curve_service` (our own service),
`inference_service` (the Open Inference Protocol), `health`, `reflection` and `standard_services`
(gRPC's standard services and their limits), and `server`.
"""
