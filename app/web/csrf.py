"""Cross-site request forgery: every form carries a token that belongs to this browser's cookie.

Scripts send it as a field, too. What another origin sends does not get this far (`app.web.same_origin`).
"""

import hashlib
import hmac
import secrets
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from app.errors import Invalid, Refused

SESSION_COOKIE = "blastscreen_session"
VISIT_COOKIE = "blastscreen_visit"
FIELD = "csrf"


class ForgedForm(Refused):
    code = "csrf_failed"

    def __init__(self) -> None:
        super().__init__("This form is out of date. Go back, reload the page and send it again.")


class UnreadableText(Invalid):
    code = "text_unreadable"

    def __init__(self) -> None:
        super().__init__("A field holds a null character. Type it again and send the form once more.")


def set_cookie(request: Request, response: Response, *, name: str, value: str, seconds: int | None = None) -> None:
    """`seconds`: how long the browser keeps it; else until it is closed."""
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=secure)


def visit_of(request: Request) -> str:
    """The cookie that the token hangs on before there is a session; a new one where the browser has none."""
    return request.cookies.get(VISIT_COOKIE) or secrets.token_urlsafe(24)


def token_for(cookie: str) -> str:
    return hashlib.sha256(f"csrf:{cookie}".encode()).hexdigest()


def check(request: Request, field: object) -> None:
    """Raises ForgedForm unless the form's field fits a cookie of this browser."""
    cookies = [request.cookies.get(SESSION_COOKIE), request.cookies.get(VISIT_COOKIE)]
    fits = [
        hmac.compare_digest(token_for(cookie), field)
        for cookie in cookies
        if cookie and isinstance(field, str) and field.isascii()
    ]
    if not any(fits):
        raise ForgedForm


async def checked_form(request: Request) -> FormData:
    """The fields of a small form, once its token fits."""
    async with request.form(max_files=0, max_fields=50) as form:
        check(request, form.get(FIELD))
        return form


CheckedForm = Annotated[FormData, Depends(checked_form)]


def text(form: FormData, name: str) -> str:
    """A text field, empty where it is missing; raises UnreadableText for what no database keeps."""
    value = form.get(name, "")
    if isinstance(value, str) and "\0" in value:
        raise UnreadableText
    return value if isinstance(value, str) else ""
