"""CPU time from exec of `blastscreen serve` to the first 200 of /health/ready, against the bare imports."""

import resource
import subprocess
import sys
from pathlib import Path

from tests.test_as_a_process import Place, serving

IMPORTS = "import fastapi, sqlalchemy.orm, onnxruntime, uvicorn, jinja2, pydantic_settings"


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_of(process: int) -> float:
    """User and system seconds of a running process (Linux)."""
    ticks = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / 100


def bench_start_up(tmp_path) -> None:
    place = Place(tmp_path)
    place.run("migrate")
    before = _children_seconds()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    bare = _children_seconds() - before

    with serving(place) as running:
        assert running.ready().status_code == 200
        ours = _cpu_of(running.process.pid)

    print(f"\nstart to ready: {ours:.2f} s of CPU, {ours / bare:.2f} x the bare imports ({bare:.2f} s)")
