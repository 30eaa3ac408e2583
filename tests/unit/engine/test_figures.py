"""A figure that was dear to count serves for a while; a cheap one is counted each time."""

from __future__ import annotations

from admin_app.engine.figures import Figure


class Counting:
    """A clock that stands still but for the counting, which takes `cost` seconds and gives how often it was done."""

    def __init__(self, cost: float) -> None:
        self.now, self.cost, self.times = 0.0, cost, 0

    def __call__(self) -> int:
        self.now += self.cost
        self.times += 1
        return self.times


def test_a_cheap_figure_is_counted_each_time() -> None:
    count = Counting(0.01)
    figure: Figure[int] = Figure(lambda: count.now)
    assert [figure.read(count) for _ in range(3)] == [(1, None), (2, None), (3, None)]


def test_a_dear_figure_serves_for_two_hundred_times_what_it_cost_and_tells_its_age() -> None:
    count = Counting(1.0)
    figure: Figure[int] = Figure(lambda: count.now)
    assert figure.read(count) == (1, None)
    count.now += 199.5
    assert figure.read(count) == (1, 199.5)
    count.now += 0.5
    assert figure.read(count) == (2, None)


def test_no_figure_is_older_than_ten_minutes() -> None:
    count = Counting(60.0)
    figure: Figure[int] = Figure(lambda: count.now)
    figure.read(count)
    count.now += 599.0
    assert figure.read(count) == (1, 599.0)
    count.now += 1.0
    assert figure.read(count) == (2, None)
