"""gRPC: messages to sources and curves to messages, and the server that calls come in by.

Read in this order: `handlers` (what every call has), `curve_service` (our contract),
`inference_service` (the Open Inference Protocol), `health`, `reflection` and `standard_services`
(gRPC's own services, in a thread apart), and `server`.
"""
