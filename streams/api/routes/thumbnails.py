"""Small pictures of media. A signature in the URL stands for a key, so that a page can show them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from streams.api.backend import Shared
from streams.api.openapi import operation_defaults
from streams.api.problems import Problem
from streams.thumbnails.names import FILES

router = APIRouter(tags=["media"])

WEBP: Final = "image/webp"
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **{status: problem for status, problem in operation_defaults().items() if status in (422, 503)},
    200: {"description": "The picture.", "content": {WEBP: {"schema": {"type": "string", "contentMediaType": WEBP}}}},
    304: {"description": "The client has it."},
    403: operation_defaults()[403] | {"description": "The URL has expired, or no answer of this API gave it."},
    404: operation_defaults()[403] | {"description": "The picture is not written yet, or deleted."},
}
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="Of the content.")]
File = Annotated[str, Path(pattern=rf"^({'|'.join(FILES).replace('.', '[.]')})$")]


@router.get("/thumbnails/{digest}/{file}", operation_id="get_thumbnail", response_class=Response, responses=ANSWERS,
            openapi_extra={"security": []})  # fmt: skip
async def get_thumbnail(
    request: Request,
    backend: Shared,
    digest: Digest,
    file: File,
    expires: Annotated[int, Query(ge=0, lt=1 << 40, description="Seconds since 1970.")],
    signature: Annotated[str, Query(max_length=64, pattern=r"^[0-9A-Za-z_-]+$")],
) -> Response:
    """A thumbnail, by a URL as the field `thumbnails` has it. Its bytes never change."""
    urls = request.app.state.thumbnail_urls
    left_s = urls.left_s(digest, expires, signature) if urls is not None else 0
    if not left_s:
        raise Problem(403, "bad_thumbnail_url", "Take the URL from the field `thumbnails` of an answer; URLs expire.")
    headers = {"ETag": f'"{digest}-{file}"', "Cache-Control": f"private, max-age={left_s}, immutable"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(None, 304, headers)
    data = await backend.thumbnails.read(digest, file) if backend.thumbnails else None
    if data is None:
        raise Problem(404, "not_found", "There is no such thumbnail; those of new media take a moment to be written.")
    return Response(data, 200, headers, WEBP)
