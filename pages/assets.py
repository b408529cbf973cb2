"""Style sheets and scripts as the browser gets them. Owns where they are and how long they may be kept.

htmx comes out of its PyPI package and hls.js out of `build/static` (fetched at set-up where there is npm) or the
built package; neither is committed. Everything is served by ourselves: the county's network has no internet.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

HTMX = "htmx/htmx.min.js"
HLS = "hls.min.js"
_OURS = Path(__file__).parent / "static"
_BUILT = Path(__file__).parent.parent / "build" / "static"


class Assets(StaticFiles):
    """The static files of `pages`, of a program's own `folders`, and of the packages that we serve from."""

    def __init__(self, *folders: Path) -> None:
        super().__init__(directory=_OURS)
        htmx = Path(str(files("js_lib_htmx"))) / "static"
        self.all_directories = [_OURS, *folders, htmx, *([_BUILT] if _BUILT.is_dir() else [])]
        self._folders = tuple(Path(folder) for folder in self.all_directories)

    def url(self, name: str) -> str:
        """The address of an asset with its content's hash in it, so that a browser may keep it."""
        return f"/static/{name}?v={_digest(self._folders, name)}"

    def has(self, name: str) -> bool:
        return any((folder / name).is_file() for folder in self._folders)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        known = scope.get("query_string", b"").startswith(b"v=")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if known else "no-cache"
        return response


@cache
def _digest(folders: tuple[Path, ...], name: str) -> str:
    for folder in folders:
        if (folder / name).is_file():
            return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]
    raise FileNotFoundError(f"no asset {name!r} in {', '.join(str(folder) for folder in folders)}")
