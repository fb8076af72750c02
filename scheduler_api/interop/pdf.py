"""Make PDF of pages for paper, by WeasyPrint, which the extra `pdf` installs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

#: What the libraries and fonts are called that WeasyPrint finds on the machine, in Debian.
LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
FONTS = "fonts-noto-cjk or the smaller fonts-wqy-microhei"
#: Addresses in a page begin with this; nothing is fetched from there.
_PAGES = "http://pages.invalid"


class NoPdf(Exception):
    """No PDF can be made on this machine; says what to install."""


def pdf_of(page: str, files: Mapping[str, bytes]) -> bytes:
    """Return a page (HTML) as PDF; `files` are the style sheets that it names, by path. Nothing else is loaded.

    Raises NoPdf without WeasyPrint, its libraries, or a font for a character of the page: a box in its place could be
    read as nothing, or as anything.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except ImportError:
        raise NoPdf("A PDF needs WeasyPrint: install scheduler-api with the extra `pdf`.") from None
    except OSError:
        raise NoPdf(f"WeasyPrint needs the library Pango; on Debian install {LIBRARIES}.") from None

    class Files(URLFetcher):
        """Gives out the files, and nothing of the network or the disk."""

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
            return URLFetcherResponse(url, files[urlsplit(url).path], {"Content-Type": "text/css"})

    missing = _Missing()
    log = logging.getLogger("weasyprint")
    log.addHandler(missing)
    try:
        made: bytes = HTML(string=page, base_url=_PAGES, url_fetcher=Files()).write_pdf()
    finally:
        log.removeHandler(missing)
    if missing.texts:
        raise NoPdf(f"No font on this machine has {' '.join([*missing.texts][:5])}; on Debian install {FONTS}.")
    return made


class _Missing(logging.Handler):
    """Keeps the characters that no font has, of which WeasyPrint only writes warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if "unsupported by fonts" in record.getMessage() and record.args:
            self.texts.setdefault(str(record.args[0] if isinstance(record.args, tuple) else record.args))
