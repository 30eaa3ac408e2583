"""How Hypothesis runs here: without a stop-watch, since machines are shared, and with this folder's fixtures."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

steady = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
