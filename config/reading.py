"""The API's description, for programs and for people: as JSON or YAML, in Redoc (Swagger UI is the library's own)."""

from functools import cache
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView
from rest_framework.request import Request


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document: the same for everybody, and made once in each process."""
    generator: Any = SchemaGenerator()  # type: ignore[no-untyped-call]
    return dict(generator.get_schema(request=None, public=True))


@cache
def _rendered(renderer: type[Any]) -> bytes:
    return bytes(renderer().render(description()))


class SchemaView(SpectacularAPIView):
    """Making and spelling it takes a fifth of a second of CPU: anybody may ask, so it is done once."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: Any = request.accepted_renderer
        kind: Any = type(renderer)
        headers = {"Content-Disposition": f'inline; filename="tapedeck.{renderer.format}"', "Vary": "Accept"}
        return HttpResponse(_rendered(kind), content_type=renderer.media_type, headers=headers)


@method_decorator(csp_update({"worker-src": [SELF, "blob:"]}), name="dispatch")  # its search runs in a worker
class RedocView(SpectacularRedocView):
    template_name = "redoc.html"
