"""The Chromium on this machine: its path, or None where there is none."""

from __future__ import annotations

import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: Why a test that needs one is left out, and what to do. `.ci/run` installs it.
MISSING = "no Chromium on this machine (Debian: apt install chromium): the page is not opened in a browser"
