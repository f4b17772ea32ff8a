"""Lists of high-risk countries: files with a day, one packaged, a newer one named by COMPLIANCE_HIGH_RISK_COUNTRIES.

FATF publishes one at the end of each plenary, in February, June and October; the days differ from year to year. So from
the first day of the month after, a list from before that plenary's month is `outdated`, which is told and stops
nothing. `lakay compliance lists` shows the one in force, compares another with it, and imports it. A file is JSON, as
the packaged one, or CSV with the columns country and list (call_for_action or increased_monitoring), for which the day
is given apart.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from lakay_streams.domain.compliance.countries import HighRiskCountries
from lakay_streams.errors import SettingsError

CALL, MONITORING = "call_for_action", "increased_monitoring"

PLENARIES = (2, 6, 10)
"""The months in which FATF decides who is listed. (In 2022 February's plenary ended on 4 March: a list of that day is
still newer than one asked for from 1 February.)"""

_CODE = re.compile("[A-Z]{2}")


class CountryList(NamedTuple):
    """A list as a file holds it: the day (ISO 8601), where it comes from, and names by ISO 3166 alpha-2."""

    published: str
    source: str
    call_for_action: Mapping[str, str]
    increased_monitoring: Mapping[str, str]

    @property
    def countries(self) -> HighRiskCountries:
        """The list as the domain reads it."""
        return HighRiskCountries(self.published, frozenset(self.call_for_action), frozenset(self.increased_monitoring))

    @property
    def file_name(self) -> str:
        """What a file of it is called."""
        return f"high_risk_countries-{self.published}.json"

    def as_json(self) -> str:
        """The list as a file holds it."""
        return json.dumps(self._asdict(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def packaged() -> CountryList:
    """Return the newest list that comes with this version."""
    folder = resources.files("lakay_streams.settings") / "high_risk_countries"
    newest = max((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return _checked(json.loads(newest.read_text(encoding="utf-8")), newest.name)


def read(path: Path, published: str | None = None) -> CountryList:
    """Read a list. `published` is the day of a CSV file, which does not tell it.

    Raises SettingsError, saying what to correct, for a file that is missing or no list.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            return _checked(_of_csv(text, published, path), path)
        return _checked(json.loads(text), path)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as a list of countries ({error}): correct or replace it") from error


def expected_since(today: date) -> date:
    """Return the day from which the list in force should be: the first of the newest plenary's month that is over."""
    for back in range(1, 13):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        if month + 1 in PLENARIES:
            return date(year, month + 1, 1)
    raise AssertionError("a year has plenaries")


def outdated(published: str, today: date) -> str | None:
    """Return a sentence about a list of a day (ISO 8601) that FATF has renewed since; None for one that it has not."""
    expected = expected_since(today)
    if date.fromisoformat(published) >= expected:
        return None
    return (
        f"The list of high-risk countries is of {published}, and FATF's plenary of {expected:%B %Y} is over: get its "
        "list, see what changes with `lakay compliance lists diff`, and import it with `lakay compliance lists import`."
    )


def in_force(path: Path | None) -> CountryList:
    """Return the list in `path`, the packaged one without it. Raises SettingsError as `read`."""
    return packaged() if path is None else read(path)


def differences(before: CountryList, after: CountryList) -> Iterator[str]:
    """Yield what changes from one list to another, a country a line."""
    old, new = _standings(before), _standings(after)
    names = {**_names(before), **_names(after)}
    for code in sorted(old.keys() | new.keys()):
        was, becomes = old.get(code, "not listed"), new.get(code, "not listed")
        if was != becomes:
            yield f"{code} {names[code]}: {was} -> {becomes}"


def _standings(listed: CountryList) -> dict[str, str]:
    return {**dict.fromkeys(listed.increased_monitoring, MONITORING), **dict.fromkeys(listed.call_for_action, CALL)}


def _names(listed: CountryList) -> dict[str, str]:
    return {**listed.increased_monitoring, **listed.call_for_action}


def _of_csv(text: str, published: str | None, path: Path) -> dict[str, object]:
    if published is None:
        raise SettingsError(f"{path} does not tell its day: give it with --published YYYY-MM-DD")
    found: dict[str, dict[str, str]] = {CALL: {}, MONITORING: {}}
    for row in csv.DictReader(text.splitlines()):
        listed = (row.get("list") or "").strip()
        if listed not in found:
            raise SettingsError(f"{path} names the list {listed!r}: use {CALL} or {MONITORING} in the column list")
        code = (row.get("country") or "").strip()
        found[listed][code] = (row.get("name") or code).strip()
    return {"published": published, "source": path.name, **found}


def _checked(document: object, where: object) -> CountryList:
    if not isinstance(document, dict):
        raise SettingsError(f"{where} is no list of countries: make it a JSON object as the packaged one is")
    published = document.get("published")
    try:
        date.fromisoformat(str(published))
    except ValueError:
        raise SettingsError(f"{where} has no day: set published to YYYY-MM-DD") from None
    call, monitoring = (_names_in(document, name, where) for name in (CALL, MONITORING))
    both = sorted(call.keys() & monitoring.keys())
    if both:
        raise SettingsError(f"{where} has {both[0]} on both lists: keep one")
    if not call and not monitoring:
        raise SettingsError(f"{where} lists no country: it would lower every customer's risk")
    return CountryList(str(published), str(document.get("source") or ""), call, monitoring)


def _names_in(document: Mapping[str, object], name: str, where: object) -> dict[str, str]:
    countries = document.get(name)
    if not isinstance(countries, dict) or not all(isinstance(each, str) for each in countries.values()):
        raise SettingsError(f"{where} has no {name}: make it an object of country codes and names")
    wrong = sorted(code for code in countries if not _CODE.fullmatch(code))
    if wrong:
        raise SettingsError(f"{where} names the country {wrong[0]!r}: use ISO 3166 alpha-2, such as HT")
    return countries
