"""Pages: the files that items show, for members only."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, quote_etag

from annotation.errors import NotFound
from annotation.pages.base import Page
from annotation.services import media


class MediaFile(Page):
    def get(self, request: HttpRequest, project_id: int, name: str) -> HttpResponseBase:
        kept = media.find(user=self.user(), project_id=project_id, name=name)
        etag, modified = quote_etag(kept.sha256), int(kept.created_at.timestamp())
        # Asked for again, nothing is opened. A name's content never changes, so that browsers need not even ask.
        headers = {
            "ETag": etag,
            "Last-Modified": http_date(modified),
            "Cache-Control": "private, max-age=31536000, immutable",
            "Vary": "Cookie",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if unchanged := get_conditional_response(request, etag, modified):
            response: HttpResponseBase = unchanged
        else:
            try:
                response = FileResponse(kept.file.open("rb"), content_type=kept.content_type)
            except FileNotFoundError as error:
                raise NotFound("The file is no longer there.") from error
            response["Content-Disposition"] = str(content_disposition_header(False, name.rpartition("/")[2]))
        for header, value in headers.items():
            response[header] = value
        return response


urlpatterns = [path("projects/<int:project_id>/media/<path:name>", MediaFile.as_view(), name="media")]
