"""The program in the README."""

import subprocess
import sys
from pathlib import Path

import pytest

from serving import Server
from versions import README_PROGRAM

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.skipif(not README_PROGRAM, reason="the README is for the newest version")
def test_it_runs_and_calls_nothing_deprecated(binary: str, tmp_path: Path) -> None:
    """It is run as printed, with the key and the address of a server of its own."""
    program = README.read_text().split("```python\n")[1].split("```")[0]
    server = Server(binary, tmp_path / "data").start()
    try:
        program = program.replace("lbp_0f8e…", server.api_key).replace("http://127.0.0.1:8080", server.url)
        command = [sys.executable, "-W", "error::DeprecationWarning", "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    finally:
        server.kill()
    assert done.returncode == 0, done.stderr
    assert "'token': 'tug'" in done.stdout, done.stdout
