"""The description of the interface as a page, with Swagger UI's files served by us."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.http.shield import PAGE_POLICY
from api.http.static import url

router = APIRouter(include_in_schema=False)

PAGE = """<!doctype html>
<html lang="zh-Hans">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>见证 · 接口说明 · API</title>
<link rel="stylesheet" href="{css}">
</head>
<body>
<div id="swagger-ui"></div>
<noscript><a href="/api/openapi.json">/api/openapi.json</a></noscript>
<script src="{bundle}"></script>
<script src="{start}"></script>
</body>
</html>
"""

# Swagger UI sets style attributes from its script; nothing else about the policy is looser.
POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


@router.get("/api/docs")
def docs() -> HTMLResponse:
    page = PAGE.format(
        css=url("swagger/swagger-ui.css"), bundle=url("swagger/swagger-ui-bundle.js"), start=url("swagger/start.js")
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})
