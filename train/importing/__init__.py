"""Generators that were trained elsewhere: read from a file, exported, compared and published.

Read in this order: `imported` (the whole way), `about_curves` (what a user says of them), `files`
(what kind of file it is), `state_dict`, `onnx_file` with `onnx_graph`, and `torchscript` (a
generator of each kind), `given` (what is asked of any generator), `exported`. Nothing here ever
unpickles Python objects.
"""
