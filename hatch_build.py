"""Put the page's main file into the wheel beside pages and data: hatchling's ``sources`` moves folders alone.

Not a static ``force-include``: that would lay a second copy into the environment of an editable install.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShipThePage(BuildHookInterface[Any]):
    """Adds ``streamlit_app.py`` below ``planner/_shipped``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Say what goes where, before the wheel is built."""
        if version == "standard":
            build_data["force_include"]["streamlit_app.py"] = "planner/_shipped/streamlit_app.py"
