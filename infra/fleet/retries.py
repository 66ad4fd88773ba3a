"""Failed workers started again, as often as the plan says: each takes back what it loaded and loads its rows anew."""

from collections.abc import Set as AbstractSet

from core.errors import ExitCode
from core.plan import LoadPlan
from core.results import WorkerResult
from infra.fleet.runner import RestartingRunner, Runner

FINAL = (ExitCode.OK, ExitCode.BAD_INPUT, ExitCode.DIFFERENCE)
"""How a worker ends that would end in the same way again."""


class Restarts:
    """Looks at each worker that is not running any more, once after each of its ends."""

    def __init__(self, plan: LoadPlan, runner: Runner) -> None:
        self._runner = runner
        self._left = {worker.id: plan.retries if isinstance(runner, RestartingRunner) else 0 for worker in plan.workers}
        self._attempts = dict.fromkeys(self._left, 1)

    def among(self, running: AbstractSet[str]) -> AbstractSet[str]:
        """The workers that are running once those are started again that may be."""
        ended = [worker for worker, left in self._left.items() if left and worker not in running]
        return running | {worker for worker in ended if self._restarted(worker)}

    def marked(self, result: WorkerResult, worker: str) -> WorkerResult:
        """The result with its attempt, which one that left no result cannot tell."""
        return result.model_copy(update={"attempt": max(result.attempt, self._attempts[worker])})

    def _restarted(self, worker: str) -> bool:
        ended = self._runner.exits().get(worker)
        if (
            ended is None
            or ended.exit_code is None
            or ended.exit_code in FINAL
            or not isinstance(self._runner, RestartingRunner)
        ):
            self._left[worker] = 0
            return False
        self._left[worker] -= 1
        self._attempts[worker] += 1
        self._runner.restart(worker)
        return True
