"""Writes openapi.yaml, or with --check says whether it is the generated one: `python -m app.openapi_file`."""

import argparse
import sys
from pathlib import Path

import yaml

from app.main import create_app
from app.openapi import document

FILE = Path(__file__).resolve().parent.parent / "openapi.yaml"


class _Dumper(yaml.SafeDumper):
    """No anchors: readers of OpenAPI files stumble over them."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def rendered() -> str:
    """The description of this version's API as YAML."""
    return yaml.dump(document(create_app()), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


def main() -> int:
    """Exit code 1: --check was asked and the file is not the generated one."""
    parser = argparse.ArgumentParser(prog="python -m app.openapi_file", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    text = rendered()
    if not parser.parse_args().check:
        FILE.write_text(text, encoding="utf-8")
        return 0
    if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("openapi.yaml is not the generated one: run `python -m app.openapi_file`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
