"""The web application and, beside it, the bytes of one page out of memory: what `api` starts daphne with."""

import os
from pathlib import Path
from typing import Any

from config.asgi import application as ours

PAGE = Path(os.environ["BENCH_PAGE"]).read_bytes()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(PAGE))]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"] == "/raw/":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": PAGE})
    else:
        await ours(scope, receive, send)
