"""The licences of all that `pip install "zosma[s3,traces]"` and the images install.

`python tools/licences.py` writes them into docs/licences.md.

pip-licenses reads them; which ones may be among them stands here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).parent.parent / "docs" / "licences.md"

#: Licence as a package names it → what it is called. All of them let us use an unchanged package from a program under
#: MIT; the LGPL asks besides that whoever gets it may replace it, which is so with Python packages, and the MPL that
#: changed files of the package stay under it.
ALLOWED = {
    "0BSD": "0BSD",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "BSD-2-Clause": "BSD-2-Clause",
    "BSD-3-Clause": "BSD-3-Clause",
    "CC0-1.0": "CC0-1.0",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT": "MIT",
    "MIT License": "MIT",
    "MIT OR Apache-2.0": "MIT or Apache-2.0",
    "MIT-CMU": "MIT-CMU",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSF-2.0": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Zlib": "Zlib",
}


_HEAD = """\
# Licences

Zosma is under the MIT licence. `pip install 'zosma[s3,traces]'` installs these packages beside it, each under its own;
without the extras it is fewer.
`make licences` writes this page, and a test fails for a licence that nobody has looked at. dramatiq's, the LGPL, lets
any program use it and asks that it can be replaced by another version, as every Python package can. The WebUI, ComfyUI
or Redis that you run is not among them.

| package | licence |
|---|---|"""


def installed_with(name: str, *extras: str) -> set[str]:
    """A distribution's dependencies, those of its extras and theirs, as far as they are installed here, by their
    canonical names."""
    found: set[str] = set()
    open_ones = [name]
    while open_ones:
        one = open_ones.pop()
        try:
            needs = distribution(one).requires or []
        except PackageNotFoundError:
            continue
        wanted = ("", *(extras if one == name else ()))
        for need in map(Requirement, needs):
            is_needed = need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in wanted)
            if is_needed and canonicalize_name(need.name) not in found:
                found.add(canonicalize_name(need.name))
                open_ones.append(need.name)
    return found


def licences_of(names: set[str]) -> dict[str, str]:
    """Package → its licence in its own words.

    Raises:
      RuntimeError: when pip-licenses doesn't know one of them.
    """
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json", "--packages", *sorted(names)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    licences = {one["Name"]: one["License"] for one in told}
    missing = names - {canonicalize_name(name) for name in licences}
    if missing:
        raise RuntimeError(f"pip-licenses says nothing of {', '.join(sorted(missing))}: is everything installed?")
    return licences


def not_allowed(licences: dict[str, str]) -> dict[str, str]:
    """Those of which nobody has said that they fit."""
    return {name: text for name, text in licences.items() if not set(_parts(text)) <= set(ALLOWED)}


def page(licences: dict[str, str]) -> str:
    """The page, for people."""
    lines = [_HEAD]
    for name, text in sorted(licences.items(), key=lambda one: one[0].casefold()):
        lines.append(f"| {name} | {' and '.join(dict.fromkeys(ALLOWED.get(part, part) for part in _parts(text)))} |")
    return "\n".join(lines) + "\n"


def _parts(text: str) -> list[str]:
    return re.split(r" AND |; ", text)


def main() -> int:
    """Writes the page; 1 when a licence is not allowed."""
    licences = licences_of(installed_with("zosma", "s3", "traces"))
    wrong = not_allowed(licences)
    for name, text in wrong.items():
        print(f"{name} is under {text!r}: may a program under MIT use it? If so, add it to ALLOWED in {__file__}")
    if not wrong:
        PAGE.write_text(page(licences), "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
