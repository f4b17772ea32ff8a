"""Settings as they were: made again from what the audit trail keeps of those that decide something."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lakay_streams.errors import SettingsError
from lakay_streams.process.private import write_private
from lakay_streams.settings import countries
from lakay_streams.settings.core import Settings


def as_of(settings: Settings, version: str, decisive: Mapping[str, Mapping[str, Any]], folder: Path) -> Settings:
    """Return `settings` with the decisive ones of another time, whose version is `version`.

    A list of countries other than today's is written into `folder`. Raises `SettingsError` where this version of the
    code cannot have those settings: one was added, removed, or is bounded otherwise.
    """
    groups = {}
    for name, kept in decisive.items():
        now = getattr(settings, name)
        values = {field: value for field, value in kept.items() if field in type(now).model_fields}
        if name == "compliance":
            values["high_risk_countries"] = _listed(settings, values["high_risk_countries"], folder)
        try:
            groups[name] = type(now)(_env_file=None, **(dict(now) | values))
        except ValidationError as invalid:
            named = ", ".join(sorted({".".join(map(str, error["loc"])) or name for error in invalid.errors()}))
            raise SettingsError(_unlike(version, f"it refuses {name}: {named}")) from None
    past = settings.model_copy(update=groups)
    if past.version != version:
        changed = [
            f"{group}.{field}"
            for group, fields in past.decisive.items()
            for field in sorted(fields.keys() | decisive.get(group, {}).keys())
            if fields.get(field) != decisive.get(group, {}).get(field)
        ]
        raise SettingsError(_unlike(version, f"it differs in {', '.join(changed)}"))
    return past


def _unlike(version: str, why: str) -> str:
    return (
        f"the settings of version {version} cannot be had again with this version of the code ({why}): run it with the "
        "code of that time, or give settings with --settings"
    )


def _listed(settings: Settings, kept: Mapping[str, Any], folder: Path) -> Path | None:
    path = settings.compliance.high_risk_countries
    today = countries.in_force(path)
    listed = countries.CountryList(
        kept["published"],
        "the audit trail",
        {code: code for code in kept["call_for_action"]},
        {code: code for code in kept["increased_monitoring"]},
    )
    if listed.countries == today.countries:
        return path
    file = folder / listed.file_name
    write_private(file, json.dumps(listed._asdict()).encode())
    return file
