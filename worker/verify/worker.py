"""All shards of a worker compared with the source, one after the other."""

import time

from core.plan import LoadPlan, VerifyDepth, WorkerPlan
from core.results import VerificationReport
from worker.generate import Dataset
from worker.result.counters import Tally
from worker.sources.base import Source
from worker.verify.fingerprint import is_as_generated
from worker.verify.scope import scope_of
from worker.verify.shard import verify_shard
from worker.verify.table_diff import Findings, report_of


class Verification:
    """What a worker's comparison has come to: of shards that were looked at to their end, and of no other."""

    def __init__(self) -> None:
        self._findings: dict[str, Findings] = {}

    @property
    def report(self) -> VerificationReport | None:
        """None before the end of the first shard."""
        return report_of(self._findings) if self._findings else None

    def run(self, source: Source, plan: LoadPlan, worker: WorkerPlan, dataset: Dataset, tally: Tally) -> None:
        """Compare every shard of the worker, as deep as the plan says."""
        for shard in worker.shards:
            findings = self._findings.get(shard.table, Findings(shard.table))
            rows, scope = dataset.table(shard.table), scope_of(plan, shard)
            started = time.perf_counter()
            try:
                if plan.verify_depth is VerifyDepth.CHECKSUM and is_as_generated(source, rows, scope):
                    findings.expected += shard.rows
                    findings.matched += shard.rows
                    tally.compared(shard.rows)
                else:
                    verify_shard(source, rows, scope, findings, tally.compared)
            finally:
                seconds = time.perf_counter() - started
                findings.seconds += seconds
                tally.spent("verify", seconds)
            self._findings[shard.table] = findings
