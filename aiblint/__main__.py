"""`python -m aiblint`."""

from aiblint.cli import run

run()
