"""A user's table, as it was read, on the terminal."""

from rich import box
from rich.console import Console
from rich.table import Table

from train.data.table.contents import Contents


def print_contents(contents: Contents) -> None:
    """Prints what was read, what was left out and why, and how it was split."""
    table = Table(box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _facts(contents):
        table.add_row(name, value)
    Console(markup=False, highlight=False).print(table)


def _facts(contents: Contents) -> list[tuple[str, str]]:
    x = contents.x_grid
    names = contents.point_names
    ends = f"{names[0]} to {names[-1]}" if names else f"{x[0]:.6g} to {x[-1]:.6g}"
    said = ", from the first line" if contents.x_in_first_line else ""
    units = f" {contents.units}" if contents.units else ""
    dropped = [f"{n:,} {reason}" for reason, n in contents.dropped.items()]
    facts = [
        ("file", contents.path),
        ("rows", f"{contents.n_rows:,}"),
        ("curves", f"{contents.n_read:,} of {contents.n_points} points"),
        (contents.x_name, f"{ends}{said}"),
        ("dropped", ", ".join(dropped) or "none"),
        ("duplicates", f"{contents.n_duplicates:,}, which are kept"),
        ("constant points", _points(contents)),
        ("range", f"{contents.low:.6g} to {contents.high:.6g}{units}"),
        ("split", f"{contents.n_training:,} to train on, {contents.n_held_out:,} held out"),
    ]
    if contents.labels:
        shown = ", ".join(contents.labels[:10]) + (", ..." if len(contents.labels) > 10 else "")
        facts.append(("labels", f"{len(contents.labels)}: {shown}"))
    return facts


def _points(contents: Contents) -> str:
    constant = contents.constant_points
    if not constant:
        return "none"
    names = contents.point_names or [f"{x:.6g}" for x in contents.x_grid]
    shown = ", ".join(names[point] for point in constant[:5])
    return f"{len(constant)}: {shown}" + (", ..." if len(constant) > 5 else "")
