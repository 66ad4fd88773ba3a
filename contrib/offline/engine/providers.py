"""The providers that the platforms need, built from Go modules and handed to a built engine.

Each is the plugin of an installed Pulumi SDK and carries that SDK's version. The published CLI downloads them itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from contrib.offline.engine.errors import EngineError
from contrib.offline.engine.parts import CACHE, MODULES
from contrib.offline.engine.progress import say
from contrib.offline.parts import cache, golang, progress

BUILT_BY_US = "loadtest-build"
"""Beside an installed plugin: the key that it was built for. A plugin without it was downloaded."""


@dataclass(frozen=True)
class Provider:
    """One provider: its name, the SDK that asks for it, how to build it, and minutes of waiting on two cores."""

    name: str
    sdk: str
    minutes: int
    build: Callable[[Path, Path, str], None]
    """Compile into a file, given a writable copy of the module's folder, that file, and the version."""

    @property
    def binary(self) -> str:
        """The plugin's file name, which the engine looks for."""
        return f"pulumi-resource-{self.name}"

    @property
    def version(self) -> str:
        """The version that the installed SDK asks for."""
        return version(self.sdk)

    @property
    def key(self) -> str:
        """The hash of everything that the provider is built from."""
        return cache.key([MODULES / self.name], {self.sdk: self.version})

    @property
    def plugin_folder(self) -> Path:
        """Where the engine keeps the plugin once it is installed."""
        home = os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"
        return Path(home) / "plugins" / f"resource-{self.name}-v{self.version}"


def build_docker(module: Path, output: Path, release: str) -> None:
    """The Terraform provider behind Pulumi's bridge."""
    golang.build(module, ".", output, {"main.version": release})


def build_kubernetes(module: Path, output: Path, release: str) -> None:
    """Its main.go embeds two files that the provider's module keeps in its command's folder."""
    path = "github.com/pulumi/pulumi-kubernetes/provider/v4"
    command = golang.module_folder(module, path) / "cmd" / "pulumi-resource-kubernetes"
    schema = (command / "schema.json").read_text(encoding="utf-8")
    (module / "schema.json").write_text(with_version(schema, release), encoding="utf-8")
    shutil.copyfile(command / "terraform-mapping.json", module / "terraform-mapping.json")
    golang.build(module, ".", output, {f"{path}/pkg/version.Version": release})


def with_version(schema: str, release: str) -> str:
    """The schema with its version set; megabytes of JSON whose order stays as it is."""
    return json.dumps({**json.loads(schema), "version": release})


PROVIDERS: dict[str, tuple[Provider, ...]] = {
    "local": (),
    "docker": (Provider("docker", "pulumi_docker", 4, build_docker),),
    "kubernetes": (Provider("kubernetes", "pulumi_kubernetes", 9, build_kubernetes),),
}
"""The providers by platform."""


def install(provider: Provider, pulumi: Path) -> None:
    """Make the engine in the folder `pulumi` find the provider; at once when it does already.

    Raises MissingToolError without Go, ToolError when the build or the hand-over fails.
    """
    if is_installed(provider):
        return

    def make(folder: Path) -> None:
        say(progress.building(f"the {provider.name} provider {provider.version}", provider.minutes))
        module = golang.copy_of(MODULES / provider.name, folder)
        provider.build(module, folder / provider.binary, provider.version)
        shutil.rmtree(module.parent)

    built = CACHE.folder(f"{provider.name}-{provider.key}", make) / provider.binary
    with CACHE.lock(f"{provider.name}-{provider.key}"):
        if not is_installed(provider):
            hand_over(provider, built, pulumi)


def is_installed(provider: Provider) -> bool:
    """Whether the engine has the plugin: the published one of that version, or ours of these sources."""
    if not (provider.plugin_folder / provider.binary).is_file():
        return False
    mark = provider.plugin_folder / BUILT_BY_US
    return not mark.exists() or mark.read_text() == provider.key


def hand_over(provider: Provider, binary: Path, pulumi: Path) -> None:
    """Install the file as a plugin, over an older build of ours."""
    command = [str(pulumi / "pulumi"), "plugin", "install", "resource", provider.name, provider.version]
    command += ["--file", str(binary), "--reinstall"]
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise EngineError(f"`{' '.join(command[:6])}` failed: {result.stderr.strip()}")
    (provider.plugin_folder / BUILT_BY_US).write_text(provider.key)
