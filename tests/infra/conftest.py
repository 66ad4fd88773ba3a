import subprocess

import pytest


@pytest.fixture
def start_process():
    """Start processes, and end them after the test."""
    started = []

    def make(command, **options):
        started.append(subprocess.Popen(command, **options))
        return started[-1]

    yield make
    for process in started:
        process.kill()
        process.communicate()
