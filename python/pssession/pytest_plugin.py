"""The fixture ``winrm_server``: a simulated WinRM host for each test."""

from __future__ import annotations

from typing import Iterator

import pytest

from ._simulator import Simulator, simulator


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "winrm_server(**options): options of pssession.simulator() for the fixture winrm_server"
    )


@pytest.fixture
def winrm_server(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulated WinRM host, new for each test; ``@pytest.mark.winrm_server(shells=5)`` gives it options."""
    marker = request.node.get_closest_marker("winrm_server")
    with simulator(**(marker.kwargs if marker else {})) as server:
        yield server
