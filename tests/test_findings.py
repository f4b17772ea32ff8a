"""Findings have one form and are listed; `make findings` runs them, the tests do not."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.findings import FIELDS, FOLDER, LIST, Finding, findings, page

every_finding = pytest.mark.parametrize("finding", findings(), ids=lambda each: each.script.stem)


def test_the_list_has_every_finding_with_its_title() -> None:
    assert LIST.read_text() == page(), "run `make docs`"


@every_finding
def test_a_finding_says_what_one_expects_what_happens_and_what_to_do(finding: Finding) -> None:
    assert re.fullmatch(r"[A-Z\d].{10,110}\.", finding.title, re.IGNORECASE)
    assert list(finding.fields) == FIELDS


@every_finding
def test_a_finding_installs_only_pinned_packages(finding: Finding) -> None:
    assert finding.packages
    assert all(re.fullmatch(r"[\w\-\[\],.]+==[\w.]+", package) for package in finding.packages)


@every_finding
def test_a_finding_runs_by_itself_and_leaves_nothing(finding: Finding) -> None:
    text = finding.script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    assert finding.script.stat().st_mode & 0o111 == 0o111
    assert '\nfolder=$(mktemp -d)\ntrap \'rm -rf "$folder"\' EXIT\n"${PYTHON:-python3}" -m venv' in text
    subprocess.run(["bash", "-n", finding.script], check=True)


@every_finding
def test_a_finding_is_about_other_peoples_software_alone(finding: Finding) -> None:
    text = finding.script.read_text()
    assert not re.search(r"lakay|trebanx|index-url", text, re.IGNORECASE)
    assert set(re.findall(r"https?://([^/:\s\"]+)", text)) <= {"www.w3.org", "json-schema.org", "127.0.0.1"}


def test_a_finding_that_is_not_there_is_told() -> None:
    run = subprocess.run([FOLDER / "run", "nothing"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (2, "There is no finding nothing; README.md lists them.\n")
