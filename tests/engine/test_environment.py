"""The environment: what stands there for others changes nothing that the engine promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from faust.types.settings import Settings as FaustSettings

from agents import archive, topology
from lakay_streams.engine.app import StreamApp
from lakay_streams.settings import Settings, load_settings

#: Every variable that the installed Faust reads for an app's settings, and what its Django fixup looks at.
VARIABLES = [
    *(setting.env_name for setting in FaustSettings.SETTINGS.values() if setting.env_name),
    "DJANGO_SETTINGS_MODULE",
]


#: A topic of Faust's own in each app, which nobody uses, with a random name.
RANDOM = {"reply_to"}


def configurations(settings: Settings) -> dict[str, Any]:
    apps: dict[str, StreamApp] = {"worker": topology.build(settings), "archive": archive.build(settings)}
    return {
        f"{app}.{name}": getattr(apps[app].conf, name)
        for app in apps
        for name in FaustSettings.setting_names() - RANDOM
    }


@pytest.mark.parametrize("value", ["7", "odd"])
def test_no_variable_that_faust_knows_changes_its_configuration_in_worker_or_archive(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    settings = load_settings(env_file=None).model_copy(update={"lakay_data_dir": tmp_path})
    before = configurations(settings)
    assert len(VARIABLES) > 70
    for variable in VARIABLES:
        monkeypatch.setenv(variable, value)
        # APP_ENV_PREFIX is one of the variables, and names a prefix for the others.
        monkeypatch.setenv(f"{value}_{variable}", value)
    assert configurations(settings) == before
