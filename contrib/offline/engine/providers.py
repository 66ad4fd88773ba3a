"""The providers of the platforms, built from Go modules and installed into a built engine.

Each is the plugin of an installed Pulumi SDK and has that SDK's version. The published CLI downloads them itself.
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
"""A file next to an installed plugin, with the key that it was built for. A plugin without it was downloaded."""


@dataclass(frozen=True)
class Provider:
    """A provider: its name, the SDK that requires it, how to build it, and minutes of building on two cores."""

    name: str
    sdk: str
    minutes: int
    build: Callable[[Path, Path, str], None]
    """A function that compiles into a file, given a writable copy of the module's folder, that file, and the version."""

    @property
    def binary(self) -> str:
        """The file name of the plugin, by which the engine finds it."""
        return f"pulumi-resource-{self.name}"

    @property
    def version(self) -> str:
        """The version that the installed SDK requires."""
        return version(self.sdk)

    @property
    def key(self) -> str:
        """The hash of everything that the provider is built from."""
        return cache.key([MODULES / self.name], {self.sdk: self.version})

    @property
    def plugin_folder(self) -> Path:
        """The folder in which the engine keeps the installed plugin."""
        home = os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"
        return Path(home) / "plugins" / f"resource-{self.name}-v{self.version}"


def build_docker(module: Path, output: Path, release: str) -> None:
    """Build the Terraform provider behind Pulumi's bridge."""
    golang.build(module, ".", output, {"main.version": release})


def build_kubernetes(module: Path, output: Path, release: str) -> None:
    """Build the provider. Its main.go embeds two files that the module keeps in the command's folder."""
    path = "github.com/pulumi/pulumi-kubernetes/provider/v4"
    command = golang.module_folder(module, path) / "cmd" / "pulumi-resource-kubernetes"
    schema = (command / "schema.json").read_text(encoding="utf-8")
    (module / "schema.json").write_text(with_version(schema, release), encoding="utf-8")
    shutil.copyfile(command / "terraform-mapping.json", module / "terraform-mapping.json")
    golang.build(module, ".", output, {f"{path}/pkg/version.Version": release})


def with_version(schema: str, release: str) -> str:
    """Return the schema with its version set. The JSON has several megabytes; the order of its keys is kept."""
    return json.dumps({**json.loads(schema), "version": release})


PROVIDERS: dict[str, tuple[Provider, ...]] = {
    "local": (),
    "docker": (Provider("docker", "pulumi_docker", 4, build_docker),),
    "kubernetes": (Provider("kubernetes", "pulumi_kubernetes", 9, build_kubernetes),),
}
"""The providers by platform."""


def install(provider: Provider, pulumi: Path) -> None:
    """Install the provider into the engine in the folder `pulumi`, unless it is already installed.

    Raises MissingToolError without Go, ToolError if the build or the installation fails.
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
    """Return whether the engine has the plugin: the published one of that version, or one built from these sources."""
    if not (provider.plugin_folder / provider.binary).is_file():
        return False
    mark = provider.plugin_folder / BUILT_BY_US
    return not mark.exists() or mark.read_text() == provider.key


def hand_over(provider: Provider, binary: Path, pulumi: Path) -> None:
    """Install the file as a plugin, in place of an older build."""
    command = [str(pulumi / "pulumi"), "plugin", "install", "resource", provider.name, provider.version]
    command += ["--file", str(binary), "--reinstall"]
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise EngineError(f"`{' '.join(command[:6])}` failed: {result.stderr.strip()}")
    (provider.plugin_folder / BUILT_BY_US).write_text(provider.key)
