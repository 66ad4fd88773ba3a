"""Check that the stores' folders have the same files, which makes a file of one store easy to find in the others."""

from pathlib import Path

import pytest

from core.stores import SOURCES

FOLDER = Path(__file__).resolve().parents[3] / "worker" / "sources"
EVERY = {"source", "types", "reader"}
SERVERS = EVERY | {"connection", "errors", "existing", "prepare", "sinks"}


@pytest.mark.parametrize("store", sorted(SOURCES))
def test_store_folder_has_files_of_its_kind(store):
    found = {file.stem for file in (FOLDER / store).glob("*.py")}
    assert (SERVERS if SOURCES[store].needs_server else EVERY) <= found
