"""`compose.yaml` and the image say what the service understands; whether Docker does takes Docker."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from typing import Any

import pytest
import yaml

from scheduler_api.cli import main
from scheduler_api.config import Settings

ROOT = Path(__file__).parent.parent
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
OURS = sorted(name for name, service in SERVICES.items() if service.get("image") == "scheduler-api")


@pytest.mark.parametrize("name", OURS)
def test_each_service_has_settings_and_a_command_of_ours(name: str) -> None:
    service = SERVICES[name]
    written = {
        key: value.replace("${POSTGRES_PASSWORD:?is not set}", "s3cret")
        for key, value in service["environment"].items()
    }
    settings = Settings.from_environment(written)
    assert settings.database == "postgresql://scheduler:s3cret@postgres/scheduler"
    program, command, *arguments = service["command"]
    assert program == "scheduler-api"
    assert main.commands[command].make_context(command, arguments).params is not None


def test_services_wait_for_services_that_are_there() -> None:
    waits = {other for service in SERVICES.values() for other in service.get("depends_on", {})}
    assert waits == {"postgres", "init"} <= SERVICES.keys()


def test_the_health_of_the_api_is_asked_as_its_answers_allow(server: Any) -> None:
    *_, script = SERVICES["api"]["healthcheck"]["test"]
    for port, status in ((server.port, 0), (1, 1)):
        asked = subprocess.run([sys.executable, "-c", script.replace(":8000/", f":{port}/")], stderr=subprocess.DEVNULL)
        assert asked.returncode == status


def test_the_image_has_all_that_the_package_is_made_of(tmp_path: Path) -> None:
    """The second half of its recipe, without Docker: what is copied can be installed, data and all."""
    recipe = (ROOT / "Dockerfile").read_text()
    allowed = (ROOT / ".dockerignore").read_text()
    for sources, target in re.findall(r"^COPY (.+) (\S+)$", recipe, re.MULTILINE):
        for source in sources.split():
            assert f"\n!{source}\n" in allowed
            if (ROOT / source).is_dir():
                copytree(ROOT / source, tmp_path / target, ignore=ignore_patterns("__pycache__"))
            else:
                copy(ROOT / source, tmp_path / target)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", tmp_path / "installed", "."], cwd=tmp_path, check=True, capture_output=True)
    ours = {path.relative_to(ROOT) for path in (ROOT / "scheduler_api").rglob("*") if path.is_file()}
    missing = [
        path for path in ours if "__pycache__" not in path.parts and not (tmp_path / "installed" / path).exists()
    ]
    assert [path for path in missing if path.name != "README.md"] == []
