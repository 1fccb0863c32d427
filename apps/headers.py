"""Request headers that several rooms' endpoints read, for the description of the API."""

from drf_spectacular.utils import OpenApiParameter

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="An `ETag` that you have: the answer is 304, without a body, while it would be the same.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of what you change: where somebody has changed it meanwhile, the answer is 412.",
)
