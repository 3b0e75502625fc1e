from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_fit_as_one_does_on_either_backend(backend: str, tmp_path: Path) -> None:
    """Without batch normalisation, whose means would be of half a batch each."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.bench.backend_run", str(tmp_path), "2"],
        cwd=ROOT,
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = dict(line.split() for line in done.stdout.splitlines())
    assert told["learnt"] == "True"
    assert float(told["apart"]) < 2e-3
