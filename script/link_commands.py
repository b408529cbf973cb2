"""Makes the project's commands callable from the private environment without building a package.

Owns two things in .venv: a path file that puts this folder on the module path, and one small file per command
of pyproject.toml. Run by script/setup.
"""

from __future__ import annotations

import sys
import sysconfig
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    commands = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    Path(sysconfig.get_path("purelib"), "shilu.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    for name, target in commands.items():
        module, function = target.split(":")
        command = Path(sysconfig.get_path("scripts"), name)
        command.write_text(
            f"#!{sys.executable}\nimport sys\n\nfrom {module} import {function}\n\nsys.exit({function}())\n",
            encoding="utf-8",
        )
        command.chmod(0o755)


if __name__ == "__main__":
    main()
