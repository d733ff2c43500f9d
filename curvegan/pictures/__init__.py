"""Curves as pictures, and the style of all of the project's pictures. Needs matplotlib."""
