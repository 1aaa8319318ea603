"""`make fuzz-guided`: the parsers again, fed by atheris, which sees the branches that an input takes, and seeks others.

    PYTHONPATH=tests uv run --group fuzz python -m fuzz --seconds 60
    PYTHONPATH=tests uv run --group fuzz python -m fuzz --only "an event" --corpus corpus

Each parser in a process of its own, for libFuzzer ends the process that it runs in. Its bytes are what Hypothesis draws
from, so that both feed the same. Ends with 1 when a parser raised what it may not: the input is in the corpus then.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris
from hypothesis import HealthCheck, given, settings

_CHILD = "--child"
#: Branches are counted in our own code, and only where something is fed.
_OURS = ["zosma_bot", "zosma_queue", "zosma_worker"] if sys.argv[1:2] == [_CHILD] else []

with atheris.instrument_imports(include=_OURS) if _OURS else contextlib.nullcontext():
    from fuzz.parsers import PARSERS

#: Bytes of one input: more than what Hypothesis draws an example from.
_INPUT_MAX_BYTES = 8192


def main() -> int:
    """Reads the command line, and feeds one parser after the other."""
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--seconds", type=int, default=60, help="for each parser")
    reader.add_argument("--only", help="the name of one")
    reader.add_argument("--corpus", type=Path, help="folder for inputs that went new ways; kept for the next time")
    options = reader.parse_args()
    names = [options.only] if options.only else list(PARSERS)
    with tempfile.TemporaryDirectory(prefix="zosma-fuzz-") as folder:
        broken = [name for name in names if not _fed(name, options.seconds, options.corpus or Path(folder))]
    for name in broken:
        print(f"broken: {name}")
    return 1 if broken else 0


def _fed(name: str, seconds: int, corpus: Path) -> bool:
    folder = corpus / "".join(sign if sign.isalnum() else "-" for sign in name)
    folder.mkdir(parents=True, exist_ok=True)
    arguments = [
        sys.executable, "-m", "fuzz", _CHILD, name, f"-max_total_time={seconds}", f"-max_len={_INPUT_MAX_BYTES}",
        f"-artifact_prefix={folder}/broken-", "-print_final_stats=1", "-verbosity=0", str(folder),
    ]  # fmt: skip
    ended = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    told = ended.stderr.splitlines()
    ran = next((line.rpartition(" ")[2] for line in told if "number_of_executed_units" in line), "?")
    print(f"{name}: {ran} inputs{'' if ended.returncode == 0 else ', broken'}", flush=True)
    if ended.returncode:
        print(ended.stdout[-4000:], "\n".join(told[-60:]), sep="\n", flush=True)
    return ended.returncode == 0


def _child(name: str, arguments: list[str]) -> None:
    """Feeds one parser until libFuzzer ends this process."""
    parser = PARSERS[name]

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(parser.fed)
    def fed(data: Any) -> None:
        with contextlib.suppress(*parser.refusals):
            parser.read(data)

    atheris.Setup([sys.argv[0], *arguments], fed.hypothesis.fuzz_one_input)  # type: ignore[attr-defined]
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == [_CHILD]:
        _child(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
