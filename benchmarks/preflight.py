"""What a whole preflight costs: requests and wall time of `aiblint --live`, with 50 ms for each response.

    .venv/bin/python -m benchmarks.preflight

The subscription is that of the tests, on the loopback, with TLS; sign-in is a stand-in for the Azure CLI. The time from
the first request to the last is told apart from that of the whole process, most of which is the import of the SDK.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.azure import estate as az
from tests.azure.scenes import GROUP, scene
from tests.azure.stage import stage

ROOT = Path(__file__).parent.parent
LATENCY = 0.05
RUNS = 7
SCENES = {
    "marketplace to gallery": {},
    "managed image to managed image": {"source": "managed", "distribute": "managed"},
    "gallery to gallery, both subnets, staging group, identity": {
        "source": "version",
        "network": "container",
        "staging": True,
        "build_identity": True,
        "windows": True,
    },
}


def main() -> None:
    """Measure and print a table."""
    print(f"## A preflight with {LATENCY * 1000:.0f} ms per response\n\nMedian of {RUNS} runs.\n")
    print("| template | requests | asking | of one response | whole process |\n|---|--:|--:|--:|--:|")
    for name, kind in SCENES.items():
        estate = az.new()
        made = scene(estate, **kind)  # type: ignore[arg-type]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "template.json").write_text(json.dumps(made.template), encoding="utf-8")
            with stage(estate, Path(folder)) as (manager, environment):
                manager.latency = LATENCY
                command = [sys.executable, "-m", "aiblint", "--live", "--cloud", manager.url, "--resource-group", GROUP]
                walls, asking, counts = [], [], []
                for _ in range(RUNS):
                    manager.requests.clear()
                    manager.times.clear()
                    start = time.perf_counter()
                    done = subprocess.run(
                        [*command, "--select", "AIB7,AIB8", "template.json"],
                        cwd=folder,
                        env={**environment, "PYTHONPATH": str(ROOT)},
                        capture_output=True,
                        check=False,
                    )
                    assert done.returncode == 0, done
                    walls.append(time.perf_counter() - start)
                    asking.append(max(manager.times) - min(manager.times) + LATENCY)
                    counts.append(len(manager.asked()))
        spent = statistics.median(asking)
        print(
            f"| {name} | {statistics.median(counts):.0f} | {spent * 1000:.0f} ms | {spent / LATENCY:.1f} "
            f"| {statistics.median(walls) * 1000:.0f} ms |"
        )


if __name__ == "__main__":
    main()
