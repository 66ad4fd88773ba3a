"""A folder of results that fills while the workers end: all that can be seen of a run without its platform."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from aggregate.collect import PLAN_FILE
from aggregate.live.feed import Sighting
from core.plan import LoadPlan
from core.results import WorkerResult


class FolderFeed:
    """A results folder with its `plan.json`; a worker runs until its result is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def plan(self) -> LoadPlan | None:
        """The plan beside the results."""
        try:
            return LoadPlan.model_validate_json((self._folder / PLAN_FILE).read_bytes())
        except (OSError, ValidationError):
            return None

    def look(self) -> Sequence[Sighting]:
        """Each planned worker; without a plan, each that has ended."""
        plan = self.plan()
        names = [worker.id for worker in plan.workers] if plan else self._ended()
        results = {name: self._result(name) for name in names}
        return [Sighting(name, True, result is None, None, result) for name, result in results.items()]

    def _ended(self) -> list[str]:
        return sorted(file.stem for file in self._folder.glob("*.json") if file.name != PLAN_FILE)

    def _result(self, name: str) -> WorkerResult | None:
        try:
            return WorkerResult.model_validate_json((self._folder / f"{name}.json").read_bytes())
        except (OSError, ValidationError):
            return None
