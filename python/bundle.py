"""Puts the program, as `npm run build` leaves it, into the wheel: `tracewire/_program`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Below the project's folder, and where the program looks for them beside its own.
PARTS = ("build/bin", "src/analyses", "package.json", "LICENSE")


class Bundle(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or self.target_name != "wheel":
            return
        project = Path(self.root).parent
        if not (project / "build/bin/main.js").exists():
            raise FileNotFoundError("build/bin/main.js: expected the built program, got nothing; run npm run build")
        include = build_data["force_include"]
        for part in PARTS:
            for file in files_of(project / part):
                if part != "src/analyses" or file.suffix == ".query":
                    include[str(file)] = f"tracewire/_program/{file.relative_to(project)}"


def files_of(path: Path) -> list[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
