"""`lakay report` as an officer types it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from tests.db.test_commands import Operator
from tests.reports.office import SPLIT, Office

MARCH = "--from 2026-03-01 --to 2026-03-31"


@pytest.fixture
async def officer(office: Office, tmp_path: Path) -> Operator:
    """An officer with one customer's cash, and what was split of it."""
    await office.learns("user-7731", SPLIT)
    return Operator(office.settings, tmp_path)


async def test_reports_are_made_listed_and_shown(officer: Operator, tmp_path: Path) -> None:
    made = officer.types(f"report ctr {MARCH} --out march.xml")
    assert (made.returncode, made.stderr) == (0, "")
    assert "missing: filer: name (COMPLIANCE_FILER_NAME)" in made.stdout
    assert etree.parse(tmp_path / "march.xml").getroot().get("TotalAmount") == "18800"
    drafted = officer.sees(f"report sar {MARCH} --out march.pdf")
    assert "FinCEN batch: valid against the project's own rules" in drafted
    assert (tmp_path / "march.pdf").read_bytes().startswith(b"%PDF-")
    officer.sees("report summary --period monthly --as-of 2026-03-31")
    officer.sees(f"report audit {MARCH}")
    listed = officer.sees("report list").splitlines()
    assert [line.split()[1] for line in listed] == ["audit", "summary", "sar", "ctr"]
    report_id = listed[-1].split()[0]
    assert '"customer": "user-7731"' in officer.sees(f"report show {report_id}")
    assert officer.sees(f"report show {report_id} --format html").startswith("<!doctype html>")
    assert report_id in officer.sees("audit show --last 100")


async def test_deadlines_tell_what_is_overdue_and_end_with_a_decision(officer: Operator) -> None:
    due = officer.types("report deadlines")
    assert due.returncode == 1, "March is long ago"
    lines = due.stdout.splitlines()
    assert lines[-1] == f"{len(lines) - 1} to file, {len(lines) - 1} overdue"
    assert "user-7731" not in due.stdout
    for line in lines[:-1]:
        _, kind, alert_id, *_ = line.split()
        if kind == "ctr":
            told = officer.sees(f"report filed {alert_id} --bsa-id 31000123456789 --on 2026-03-20")
            assert told == f"ctr of {alert_id} filed on 2026-03-20 as 31000123456789, due 2026-03-25\n"
        else:
            officer.sees(f"report declined {alert_id} --reason explained")
    assert officer.sees("report deadlines") == "0 to file, 0 overdue\n"
    assert "31000123456789" in officer.sees("report deadlines --all")


async def test_an_officer_determines_reviews_and_reports_by_hand(officer: Operator, tmp_path: Path) -> None:
    lines = officer.types("report deadlines --all").stdout.splitlines()
    alert_id = next(line.split()[2] for line in lines if "  sar  " in line)
    told = officer.sees(f"report determined {alert_id} --on 2026-03-20")
    assert told.startswith(f"sar of {alert_id} due 2026-04-19, from its determination on 2026-03-20 by ")
    assert officer.sees("report reviews").splitlines()[-1].endswith(" to review")
    (tmp_path / "told.txt").write_text("The passport was another's.")
    by_hand = "--customer user-9 --subtype 403 --from 2026-03-02 --to 2026-03-05 --narrative told.txt"
    officer.sees(f"report sar {by_hand} --amount 2500.50 --determined 2026-03-20")
    officer.sees(f"report sar {by_hand} --amount 150 --voluntary")
    refused = officer.types(f"report sar {by_hand} --amount 150")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "make it a voluntary one" in refused.stderr
    for usage in (
        f"report sar {by_hand}",
        f"report sar {by_hand} --amount many",
        "report sar --alert x --from 2026-03-02",
    ):
        assert officer.types(usage).returncode == 2


async def test_what_cannot_be_done_is_one_sentence(officer: Operator) -> None:
    for command, said in {
        "report show first": "There is no report 'first'",
        f"report filed first --bsa-id {'1' * 14}": "There is no compliance alert 'first'",
        "report ctr --from 2026-03-31 --to 2026-03-01": "ends before it starts",
        f"report ctr {MARCH} --out nowhere/march.xml": "cannot be written",
    }.items():
        done = officer.types(command)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert said in done.stderr
    for command in ("report sar", f"report ctr {MARCH} --out march.doc"):
        assert officer.types(command).returncode == 2


def test_without_the_extra_the_error_says_what_to_install(officer: Operator, tmp_path: Path) -> None:
    (tmp_path / "lxml.py").write_text("raise ModuleNotFoundError('no', name='lxml')")
    done = officer.types(
        f"report ctr {MARCH}", PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    )
    assert (done.returncode, done.stderr) == (
        1,
        "lxml is not installed, which every report needs: pip install 'lakay-intelligence[reports]'.\n",
    )
