"""`/v1/exports/{protocol}`: everything on record of a trial, as tables."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Any

from flask import Response, g, request, send_file

from scheduler_api.api.http.accept import check_accept
from scheduler_api.api.http.operation import EXPORTERS, produces, sends, staff
from scheduler_api.api.http.parsing import ResourceBlueprint
from scheduler_api.api.http.requests import session
from scheduler_api.interop.export.formats import FORMATS
from scheduler_api.schemas.fields import Choice, Instant, Strict, Text
from scheduler_api.use_cases.patients import exports

blueprint = ResourceBlueprint("exports", __name__, description="Everything on record of a trial, as tables")


class ExportQuery(Strict):
    """Says which patients, in which format, and whose records count."""

    format = Choice(
        *FORMATS,
        load_default="csv",
        metadata={"description": "`csv`: a zip of CSV files; `xlsx`: one workbook; `sdtm`: a zip of Dataset-JSON"},
    )
    site = Text(40)
    known_at = Instant(metadata={"description": "As it was on record at an instant; by default now"})


@blueprint.route("/exports/<string:protocol>")
@staff(EXPORTERS)
@produces(*dict.fromkeys(one.content_type for one in FORMATS.values()))
@sends("Content-Disposition")
@blueprint.arguments(ExportQuery, location="query")
@blueprint.response(200, content_type="application/zip")
def export_study(query: dict[str, Any], protocol: str) -> Response:
    """Export a study: a table each of patients, doses, visits, facts and more, and a data dictionary

    Of the patients of your sites; who was not registered yet at `known_at` is left out. It computes every patient: ten
    seconds for a thousand, as a workbook a minute.
    """
    chosen = FORMATS[query["format"]]
    check_accept(request.headers.get("Accept", ""), (chosen.content_type,))
    export = exports.export(session(), protocol, query.get("site"), query.get("known_at"))
    # The whole export is on the disk before the answer begins: a failure is a problem, and never half a file.
    file = TemporaryFile()  # noqa: SIM115 (closed with the response)
    g.item_count = chosen.write(export, file)
    file.seek(0)
    name = f"{protocol}-{export.as_of:%Y-%m-%d}.{chosen.ending}"
    response = send_file(file, chosen.content_type, as_attachment=True, download_name=name, conditional=False)
    response.headers["Cache-Control"] = "no-store"
    return response
