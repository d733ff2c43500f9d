"""The models on disk.

Read in this order: `description` (what is known of a generator), `manifest` (what a version is),
`repository` (which versions there are, and their files, verified), `publish` (the next version,
whole or not at all) and `model` (what a client may know of a version).
"""
