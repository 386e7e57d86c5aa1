"""The simulator of each test: with Basic, and bodies in clear."""

import os

import pssession
import pytest


@pytest.fixture
def simulator():
    with pssession.simulator(allow_unencrypted=True) as server:
        yield server


@pytest.fixture
def need():
    """Skips a test without its client; where every client must be there, it fails."""

    def need(client, is_there):
        if not is_there:
            missing = pytest.fail if "PSSESSION_REQUIRE_TOOLS" in os.environ else pytest.skip
            missing(f"{client} is not installed")

    return need
