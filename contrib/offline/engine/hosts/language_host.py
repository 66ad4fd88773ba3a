"""The language host: it handles the engine's requests about Python programs with the project's own Python.

The published CLI contains a compiled host; this one is for an engine that was built from Go modules. Both run the program
in a process of its own, so that it uses the virtual environment of Pulumi.yaml. That process is in the process group of
the host, so that an interrupt of the engine reaches both.
Protocol: proto/pulumi/language.proto of the Pulumi repository.
"""

# ruff: noqa: N802, ARG002, D102 (the protocol defines the names, arguments and documentation of methods)
from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import LanguageRuntimeServicer, language_pb2, plugin_pb2

from . import packages, program
from .toolchain import Toolchain, ToolchainError, base_python

HERE = Path(__file__).parent
T = TypeVar("T")

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL for a program. The engine kills the process group after five."""


class LanguageHost(LanguageRuntimeServicer):
    """The service for one engine, whose address is on the command line."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopping = False

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        info = request.info
        run = program.Run(
            program=str(Path(info.program_directory or request.pwd, info.entry_point or ".")),
            root_directory=info.root_directory or request.pwd,
            working_directory=info.program_directory or request.pwd,
            args=list(request.args),
            project=request.project,
            stack=request.stack,
            organization=request.organization or "organization",
            monitor=request.monitor_address,
            engine=self._engine,
            parallel=request.parallel,
            dry_run=request.dryRun,
            config=dict(request.config),
            secret_keys=list(request.configSecretKeys),
        )
        try:
            code = self._execute(toolchain_of(info), run)
        except ToolchainError as error:
            return language_pb2.RunResponse(error=str(error))
        if code == 0:
            return language_pb2.RunResponse()
        if code in (program.SHOWN, program.INTERRUPTED):
            return language_pb2.RunResponse(bail=True)
        if code < 0:
            return language_pb2.RunResponse(error=f"Program was ended by signal {-code}")
        return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")

    def _execute(self, toolchain: Toolchain, run: program.Run) -> int:
        """Run the program. Like the host's, its output is in the engine's log."""
        command = [toolchain.python(), "-u", str(HERE / "program.py")]
        with self._lock:
            if self._stopping:
                return program.INTERRUPTED
            process = subprocess.Popen[bytes](command, stdin=subprocess.PIPE, env=toolchain.environment())
            self._running.add(process)
        try:
            process.communicate(json.dumps(asdict(run)).encode())
        finally:
            with self._lock:
                self._running.discard(process)
        return process.returncode

    def stop(self) -> None:
        """End the program if one is running, and start no other."""
        with self._lock:
            self._stopping = True
            running = list(self._running)
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.stop()
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo()

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        installed = answer(context, lambda: inventory_of(request.info))
        return language_pb2.AboutResponse(executable=installed["executable"], version=installed["python"])

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        installed = answer(context, lambda: inventory_of(request.info))
        return language_pb2.GetRequiredPackagesResponse(
            packages=[plugin_pb2.PackageDependency(kind="resource", **plugin) for plugin in installed["plugins"]]
        )

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        installed = answer(context, lambda: inventory_of(request.info))
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=package["name"], version=package["version"])
                for package in installed["packages"]
                if package["direct"] or request.transitiveDependencies
            ]
        )

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        for command in answer(context, lambda: installation(request.info)):
            with subprocess.Popen(
                command, cwd=request.info.program_directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            ) as process:
                for line in process.stdout or ():
                    yield language_pb2.InstallDependenciesResponse(stdout=line)
            if process.returncode:
                context.abort(
                    grpc.StatusCode.INTERNAL, f"`{' '.join(command)}` failed with exit code {process.returncode}"
                )

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    def Template(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.TemplateResponse()


def answer(context: grpc.ServicerContext, question: Callable[[], T]) -> T:
    """Return the result of a request; turn a missing Python into an error of the call with one line."""
    try:
        return question()
    except ToolchainError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))  # raises
        raise


def toolchain_of(info: Any) -> Toolchain:
    """Return the toolchain of `runtime.options` in Pulumi.yaml."""
    options = dict(info.options)
    return Toolchain.of(Path(info.root_directory), options.get("virtualenv"))


def inventory_of(info: Any) -> packages.Inventory:
    """Return the packages of the program's Python. Raises ToolchainError if they cannot be listed."""
    command = [toolchain_of(info).python(), str(HERE / "packages.py")]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    if listing.returncode:
        raise ToolchainError(f"cannot list the packages of {command[0]}: {listing.stderr.strip()}")
    installed: packages.Inventory = json.loads(listing.stdout)
    return installed


def installation(info: Any) -> list[list[str]]:
    """Return the commands of `pulumi install`: create the virtual environment, install requirements.txt."""
    toolchain = toolchain_of(info)
    commands: list[list[str]] = []
    if toolchain.virtualenv is None:
        python = base_python()
    else:
        python = str(toolchain.virtualenv / "bin" / "python")
        if not Path(python).exists():
            commands.append([base_python(), "-m", "venv", str(toolchain.virtualenv)])
    if (Path(info.program_directory) / "requirements.txt").is_file():
        commands.append([python, "-m", "pip", "install", "-r", "requirements.txt"])
    return commands
