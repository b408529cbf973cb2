"""Serves a centre's application on a free port of the loopback, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from control_api.app import create_app
from control_api.center import Center


@contextmanager
def served(center: Center) -> Iterator[str]:
    """The address; the server has stopped when the block ends."""
    config = uvicorn.Config(create_app(center), host="127.0.0.1", port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="served-centre", daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the centre did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
