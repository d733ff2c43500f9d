"""The HTTP server: the Open Inference Protocol in JSON, the page, probes and metrics.

Read in this order: `content_coding`, `inference_routes` and `page_routes` (the page built from
`page/`), `connection` (timeouts and admission, before a body is read) and `server`.
"""
