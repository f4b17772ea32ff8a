"""The surprises of other people's software: their form, and the list of them.

python -m tests.findings      writes findings/README.md (`make docs`)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "findings"
LIST = FOLDER / "README.md"
FIELDS = ["Expected", "Seen", "Cost", "Instead", "Version", "Source"]
"""What every script says of itself, in this order, after its title."""

HEAD = """# Findings

What surprised us in other people's software: public packages, valid input, none of our code. Each script makes an
environment of its own in a temporary folder, installs pinned packages, prints their versions and what they answer, and
fails when that is no longer what its header says. They need the network, so CI does not run them: `make findings`
runs all, `make findings NAME=kosovo-joins-nothing` one. PYTHON names the Python to use, 3.11 or newer.
To add one, copy the script that is most like it, keep the six fields of its header, run it, and write this list with
`make docs`. Left out on purpose: security holes, inputs that crash or hang, one machine's quirks.

| script | finding |
|---|---|
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """A script of the folder, as its header tells it."""

    script: Path
    title: str
    fields: tuple[str, ...]
    packages: tuple[str, ...]
    """Every requirement that the script installs, as written."""


def findings() -> list[Finding]:
    """Return the scripts by name."""
    return [read(script) for script in sorted(FOLDER.glob("*.sh"))]


def read(script: Path) -> Finding:
    """Read the header of a script: a title, an empty line, fields that may go on in indented lines."""
    text = script.read_text()
    header = text.partition("set -euo pipefail\n")[0].splitlines()
    title = header[1].removeprefix("# ") if len(header) > 1 else ""
    fields = [match[1] for line in header[2:] if (match := re.match(r"# ([A-Z][a-z]+): \S", line))]
    installs = re.findall(r"pip install ((?:.*\\\n)*.*)\n", text)
    words = [word for install in installs for word in install.replace("\\\n", " ").split()]
    return Finding(script, title, tuple(fields), tuple(word for word in words if not word.startswith("-")))


def page() -> str:
    """Return findings/README.md."""
    lines = [f"| [{each.script.stem}]({each.script.name}) | {each.title} |\n" for each in findings()]
    return HEAD + "".join(lines)


if __name__ == "__main__":
    LIST.write_text(page())
    print(f"{LIST.relative_to(ROOT)} lists {len(findings())} findings.")
