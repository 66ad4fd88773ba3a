"""A program `pulumi` for tests: it records its calls, keeps stacks by name, and can wait for a signal."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from testkit.clone import Clone

_PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path
folder = Path({folder!r})
arguments = sys.argv[1:]
names = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "LOADTEST_CHECKOUT")
with (folder / "calls").open("a") as calls:
    print(json.dumps([arguments, {{name: os.environ.get(name) for name in names}}]), file=calls)
if arguments[:2] == ["stack", "init"]:
    state = Path(os.environ["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi/stacks/loadtest"
    state.mkdir(parents=True, exist_ok=True)
    (state / (arguments[-1] + ".json")).touch()
elif arguments[:2] == ["stack", "history"]:
    print((folder / "history.json").read_text())
elif arguments[:2] == ["stack", "export"]:
    outputs = json.loads((folder / "outputs.json").read_text())
    print(json.dumps({{"deployment": {{"resources": [{{"type": "pulumi:pulumi:Stack", "outputs": outputs}}]}}}}))
elif (folder / "waits").exists():
    signals = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: signals.append(signal.Signals(number).name))
    print("waiting", flush=True)
    while not signals:
        time.sleep(0.01)
    time.sleep(0.3)  # a second signal would come by now
    print("signals:", *signals, flush=True)
    sys.exit(76)
else:
    if arguments[0] == "destroy":
        print("The resources in the stack have been deleted; `pulumi stack rm --force small` forgets them.")
        print("If you want to remove the stack completely, run `pulumi stack rm small`.")
    sys.exit(int((folder / "code").read_text()))
"""


class FakePulumi:
    """The program in a folder of its own, and a clone of the project that has it on PATH."""

    def __init__(self, folder: Path, clone: Clone) -> None:
        folder.mkdir()
        self.folder = folder
        self.clone = clone
        (folder / "fake.py").write_text(_PROGRAM.format(folder=str(folder)))
        self.returns(0)
        (folder / "history.json").write_text('[{"kind": "update", "result": "succeeded"}]')
        # The path of the interpreter may contain a space, which the first line of a script cannot have.
        python, script = shlex.quote(sys.executable), shlex.quote(str(folder / "fake.py"))
        (folder / "pulumi").write_text(f'#!/bin/sh\nexec {python} {script} "$@"\n')
        (folder / "pulumi").chmod(0o755)
        self.environment = {name: value for name, value in clone.environment.items() if name != "LOADTEST_PULUMI"}
        self.environment |= {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    def returns(self, code: int, outputs: str = "{}") -> None:
        """Set the exit code of commands such as `up`, and the outputs in what `stack export` prints."""
        (self.folder / "code").write_text(str(code))
        (self.folder / "outputs.json").write_text(outputs)

    def fails_at(self, start: str) -> None:
        """Let `stack history` show a failed update that started at `start`."""
        (self.folder / "history.json").write_text(json.dumps([{"result": "failed", "startTime": start}]))

    def waits(self) -> None:
        """Let commands such as `up` wait for a signal, print its name and return 76."""
        (self.folder / "waits").touch()

    def calls(self) -> list[list[str]]:
        """Return the arguments of every call."""
        return [call[0] for call in self._recorded()]

    def environments(self) -> list[dict[str, str | None]]:
        """Return the variables of every call that concern the project."""
        return [call[1] for call in self._recorded()]

    def _recorded(self) -> list[Any]:
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
