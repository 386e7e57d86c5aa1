# SPDX-License-Identifier: MIT OR Apache-2.0
from __future__ import annotations


class Problem(Exception):
    """Why nothing was sent, and one thing to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__("%s; hint: %s" % (message, hint))
