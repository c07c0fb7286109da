"""Charts over time as SVG that is drawn here, without script, each with its table.

Geometry is computed here; the macros of `_chart.html` write it: `figure(chart)` on a page, with a
legend and the table, `drawing(chart)` alone. Colours are presentation attributes, which pass a
strict Content Security Policy and make an image by themselves; on a page the style sheet's win.
Time runs as the interface is read: from right to left in Arabic.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from archive.site.language import interface

WIDTH, HEIGHT = 720, 260
TOP, BASE = 28, 226  # where the highest value and zero are drawn
_START, _END = 64, 16  # beside the periods: for the numbers of the axis, and for its last label
_INTERVALS = 4  # of the axis of values, at most
_LABELS = 5  # of the axis of time
_LABEL_WIDTH = 90


class Point(NamedTuple):
    """The value of a period; None is a gap, where there was nothing to count. A link narrows."""

    label: str
    value: float | None
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The values of one thing, one for each period; `lang` is that of its name."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars (one series) or lines over the same periods, earliest first.

    `share` says that values are percent, `period` what the table calls a period. `grid` are the
    values at which the axis has lines, from zero to the highest.
    """

    title: str
    series: tuple[Series, ...]
    grid: tuple[float, ...]
    period: str = ""
    share: bool = False
    from_right: bool = True

    @property
    def points(self) -> tuple[Point, ...]:
        """The points of the first series, by whose labels all periods go."""
        return self.series[0].points

    @property
    def legend(self) -> bool:
        """Whether the names of the series say more than the title."""
        return any(each.name != self.title for each in self.series)

    @property
    def column(self) -> float:
        """The width of a period."""
        return (WIDTH - _START - _END) / len(self.points)

    @property
    def bar(self) -> float:
        """The width of a bar."""
        return round(min(self.column * 0.8, 48), 1)

    def x(self, place: float) -> float:
        """Return where the middle of a period is, by its number from 0."""
        along = _START + (place + 0.5) * self.column
        return round(WIDTH - along if self.from_right else along, 1)

    def y(self, value: float) -> float:
        """Return the height at which a value is drawn."""
        return round(BASE - (BASE - TOP) * value / self.grid[-1], 1)

    def path(self, series: Series) -> str:
        """Return the line of a series, as SVG writes paths; it breaks at gaps."""
        steps, pen = list[str](), "M"
        for place, point in enumerate(series.points):
            if point.value is not None:  # the stroke of no length makes a dot of a lonely point
                steps.append(f"{pen}{self.x(place)} {self.y(point.value)}" + "h0" * (pen == "M"))
            pen = "M" if point.value is None else "L"
        return "".join(steps)

    def labels(self) -> list[tuple[float, str, str]]:
        """Return the labels of the time axis: place, text-anchor, text; inside the picture."""
        last = len(self.points) - 1
        wanted = {round(last * part / (_LABELS - 1)) for part in range(_LABELS)}
        places = [(self.x(place), self.points[place].label) for place in sorted(wanted)]
        return [(x, _anchor(x), text) for x, text in places]

    def written(self, value: float | None) -> str:
        """Write a value as the axis and the table do; a gap as a dash."""
        if value is None:
            return "—"
        return f"{value:.3g}%" if self.share else f"{value:,.0f}"


def _anchor(x: float) -> str:
    if x < _LABEL_WIDTH:
        return "start"
    return "end" if x > WIDTH - _LABEL_WIDTH else "middle"


def lines(
    title: str,
    series: Iterable[Series],
    *,
    period: str = "",
    share: bool = False,
    from_right: bool | None = None,
) -> Chart:
    """Return a chart of several series (at least one), each with the same periods.

    Time runs from the right where the interface does, unless it is said.
    """
    drawn = tuple(series)
    if from_right is None:
        from_right = interface().direction == "rtl"
    most = max((point.value or 0 for each in drawn for point in each.points), default=0)
    grid = _grid(most, whole=not share)
    return Chart(
        title=title, series=drawn, grid=grid, period=period, share=share, from_right=from_right
    )


def bars(
    title: str, points: Iterable[Point], *, period: str = "", from_right: bool | None = None
) -> Chart:
    """Return a chart of bars, one for each period (at least one), earliest first.

    A bar leads where its point's `link` says; `title` is also the name of the table's numbers.
    """
    series = Series(name=title, points=tuple(points))
    return lines(title, [series], period=period, from_right=from_right)


def _grid(most: float, *, whole: bool) -> tuple[float, ...]:
    """Return round numbers from 0 until `most` is reached: steps of 1, 2 or 5 of a power of ten."""
    least = most / _INTERVALS or 1.0
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * size for size in (1, 2, 5, 10) if power * size >= least * 0.999)
    step = max(step, 1.0) if whole else step
    return tuple(step * place for place in range(max(1, math.ceil(most / step * 0.999)) + 1))
