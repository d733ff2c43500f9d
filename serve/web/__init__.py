"""HTTP: the Open Inference Protocol in JSON, the page, probes and metrics.

Read in this order: `content_coding`, `inference_routes` and `page_routes` (built from `page/`),
`connection` (who gets in, before a body is read) and `server`.
"""
