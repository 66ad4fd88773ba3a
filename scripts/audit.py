"""Known vulnerabilities of the installed packages, by pip-audit: `python -m scripts.audit PIP_AUDIT [FOLDER]`.

Ends with 1 where a package has one that another version of it has not. pip-audit itself passes over a package that the index
has no data of, and succeeds when that is every one: here it is said.
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
    """Audit a folder of packages, this interpreter's own by default; one line for each finding, and one for the whole."""
    parser = argparse.ArgumentParser(prog="python -m scripts.audit", description=__doc__)
    parser.add_argument("pip_audit", metavar="PIP_AUDIT", help="the program")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=sysconfig.get_path("purelib"))
    chosen = parser.parse_args(arguments)
    command = [chosen.pip_audit, f"--path={chosen.folder}", "--format=json", "--progress-spinner=off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        said = done.stderr.strip().splitlines()
        _say(f"NOT AUDITED: pip-audit had no answer ({said[-1][:200] if said else f'exit code {done.returncode}'})")
        return 0
    audited = [package for package in packages if "vulns" in package]
    if not audited:
        _say(f"NOT AUDITED: the package index in use has no vulnerability data of any of {len(packages)} packages")
        return 0
    for line in _findings(audited):
        _say(line)
    known = sum(bool(package["vulns"]) for package in audited)
    _say(f"{len(audited)} packages audited, {known} with a known vulnerability{_passed_over(packages)}")
    return int(any(found["fix_versions"] for package in audited for found in package["vulns"]))


def _findings(audited: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for package in audited:
        for found in package["vulns"]:
            remedy = (
                f"install {' or '.join(found['fix_versions'])}" if found["fix_versions"] else "no version is without it"
            )
            yield f"{package['name']} {package['version']}: {found['id']}; {remedy}"


def _passed_over(packages: Sequence[Mapping[str, Any]]) -> str:
    names = [package["name"] for package in packages if "vulns" not in package]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"; NOT AUDITED, for want of data: {', '.join(names[:_SHOWN])}{more}" if names else ""


def _say(line: str) -> None:
    sys.stdout.write(f"audit: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
