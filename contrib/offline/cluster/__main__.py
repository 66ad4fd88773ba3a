"""The commands of the test cluster; the package's docstring describes them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from contrib.offline import cluster
from contrib.offline.cluster import packages, runtime
from contrib.offline.cluster.build import build
from contrib.offline.cluster.errors import ClusterError
from contrib.offline.cluster.layout import CACHE, Layout, default_state
from contrib.offline.cluster.progress import say
from contrib.offline.cluster.start import start
from contrib.offline.cluster.stop import stop
from contrib.offline.parts.errors import INTERRUPTED, ToolError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code: 0, 1 if it failed, 2 if the machine lacks a requirement."""
    chosen = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace, Layout], None] = chosen.run
    try:
        run(chosen, Layout(chosen.state.absolute()))
    except ToolError as error:
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m contrib.offline.cluster",
        description=cluster.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=default_state(),
        metavar="DIR",
        help="the folder of the cluster's state (default: %(default)s)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace, Layout], None], what: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=what, description=what)
        added.set_defaults(run=run)
        return added

    command("build", _build, "build the binaries, unless the cache has them, and print their folder")
    command("start", _start, "start the cluster, unless it is running, and print the path of its kubeconfig")
    command("stop", _stop, "stop the cluster").add_argument(
        "--purge", action="store_true", help="delete its objects, images and keys"
    )
    command("load", _load, "copy images from Docker").add_argument("image", nargs="+")
    command("kubeconfig", _kubeconfig, "print the path of the cluster's kubeconfig")
    return parser


def _build(_: argparse.Namespace, __: Layout) -> None:
    packages.require_for_build()
    print(build())


def _start(chosen: argparse.Namespace, layout: Layout) -> None:
    packages.require_for_run()
    packages.require_for_build()
    binaries = build()
    with CACHE.lock("running"):
        start(layout, binaries)
    _kubeconfig(chosen, layout)


def _stop(chosen: argparse.Namespace, layout: Layout) -> None:
    packages.require_for_run()
    with CACHE.lock("running"):
        stop(layout, purge=chosen.purge)
    say("stopped")


def _load(chosen: argparse.Namespace, layout: Layout) -> None:
    packages.require_for_run()
    if not runtime.answers():
        raise ClusterError("the cluster is not running; start it with `python -m contrib.offline.cluster start`")
    for image in chosen.image:
        say(f"{image}: {'loaded' if runtime.load(layout, image) else 'already there'}")


def _kubeconfig(_: argparse.Namespace, layout: Layout) -> None:
    if not layout.kubeconfig.exists():
        raise ClusterError(
            "the kubeconfig does not exist yet; start the cluster with `python -m contrib.offline.cluster start`"
        )
    print(layout.kubeconfig)


if __name__ == "__main__":
    sys.exit(main())
