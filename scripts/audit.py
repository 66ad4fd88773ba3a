"""Find known vulnerabilities of the installed packages with pip-audit: `python -m scripts.audit PIP_AUDIT [FOLDER]`.

The exit code is 1 if another version of a package fixes one of its vulnerabilities. pip-audit ignores packages for which the
index has no data, even if that is all of them. This script names them.
"""

import argparse
import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SHOWN = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit a folder of packages, by default those of this interpreter; print one line per finding, and a summary."""
    parser = argparse.ArgumentParser(prog="python -m scripts.audit", description=__doc__)
    parser.add_argument("pip_audit", metavar="PIP_AUDIT", help="the program")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=sysconfig.get_path("purelib"))
    chosen = parser.parse_args(arguments)
    command = [chosen.pip_audit, f"--path={chosen.folder}", "--format=json", "--progress-spinner=off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        lines = done.stderr.strip().splitlines()
        reason = lines[-1][:200] if lines else f"exit code {done.returncode}"
        _print(f"NOT AUDITED: pip-audit printed no JSON ({reason})")
        return 0
    audited = [package for package in packages if "vulns" in package]
    if not audited:
        _print(f"NOT AUDITED: the package index has no vulnerability data for any of {len(packages)} packages")
        return 0
    for line in _findings(audited):
        _print(line)
    known = sum(bool(package["vulns"]) for package in audited)
    _print(f"{len(audited)} packages audited, {known} with a known vulnerability{_not_audited(packages)}")
    return int(any(found["fix_versions"] for package in audited for found in package["vulns"]))


def _findings(audited: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for package in audited:
        for found in package["vulns"]:
            remedy = f"install {' or '.join(found['fix_versions'])}" if found["fix_versions"] else "no version fixes it"
            yield f"{package['name']} {package['version']}: {found['id']}; {remedy}"


def _not_audited(packages: Sequence[Mapping[str, Any]]) -> str:
    names = [package["name"] for package in packages if "vulns" not in package]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"; NOT AUDITED, no data: {', '.join(names[:_SHOWN])}{more}" if names else ""


def _print(line: str) -> None:
    sys.stdout.write(f"audit: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
