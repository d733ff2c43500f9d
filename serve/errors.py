"""The errors that this project raises on purpose."""


class CurveganError(Exception):
    """Something that the user can mend. Its text is one line: what was given or met, what was
    expected, and what to do. Commands print it and exit with 1."""


class RepositoryError(CurveganError):
    """The model repository on disk is missing, damaged, foreign, or can't be written."""


class ServerError(CurveganError):
    """The server can't start."""
