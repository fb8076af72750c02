"""Read a file that must be JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scheduler_api.cli.refusals import Refused


def read_json(file: Path) -> Any:
    """Return what a file says. Ends the command if it is not JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise Refused(f"{file} is not UTF-8: {error.reason} at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise Refused(f"{file} is not JSON: {error.msg}, line {error.lineno} column {error.colno}.") from None
    except (RecursionError, ValueError) as error:
        raise Refused(f"{file} is not JSON that can be read: {error}.") from None
