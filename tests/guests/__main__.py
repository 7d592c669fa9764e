"""`python -m tests.guests [NAME...]`: a table of the guests, and of what Leyden does for each."""

import os
import sys
import tempfile
from pathlib import Path

from tests.guests.tour import GUESTS, HERE, STATIONS

os.environ["LEYDEN_PACKAGES"] = "zoo"
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
sys.path.insert(0, str(HERE))


def main(names: list[str]) -> int:
    failed = 0
    print("| guest |", " | ".join(STATIONS), "|")
    print("|---|", "|".join("---" for _ in STATIONS), "|", sep="")
    for name in names or GUESTS:
        cells = []
        with tempfile.TemporaryDirectory() as folder:
            for visit in STATIONS.values():
                try:
                    cells.append(visit(name, Path(folder)))
                except Exception as error:
                    failed += 1
                    cells.append(f"FAILED: {' '.join(str(error).split())[:300]}")
        print(f"| {name} |", " | ".join(cells), "|", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
