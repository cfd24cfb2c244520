"""The program under test."""

import os
import subprocess

BINARY = os.environ["LABELPORT_BINARY"]


def labelport(*arguments, cwd):
    finished = subprocess.run([BINARY, *arguments], cwd=cwd, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
