"""What a replay is asked for at the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lakay_streams.cli.replay import candidate_of
from lakay_streams.errors import SettingsError


def test_a_candidate_is_what_is_in_force_changed_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("FRAUD_CRITICAL_THRESHOLD=0.91\n")
    monkeypatch.setenv("FRAUD_HIGH_THRESHOLD", "0.61")
    file = tmp_path / "candidate.env"
    file.write_text("FRAUD_HIGH_THRESHOLD=0.41\n")
    before = dict(os.environ)
    fraud = candidate_of(file).fraud
    assert (fraud.high_threshold, fraud.critical_threshold) == (0.41, 0.91)
    assert dict(os.environ) == before


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_candidate_without_settings_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "candidate.env"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"has no settings: give an \.env"):
        candidate_of(file)
