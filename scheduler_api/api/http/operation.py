"""Let a view declare, by decorators, who may call it and what the contract says besides its schemas.

Each declaration is enforced by what declares it, or by the guard before every request; the contract reads the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

View = TypeVar("View", bound=Callable[..., Any])


Caller = Literal["staff", "page", "patient", "public"]


@dataclass(frozen=True)
class Roles:
    """Roles of staff that may call a view, and what the others are told."""

    names: tuple[str, ...]
    refusal: str


ANY_ROLE = Roles(("nurse", "coordinator", "monitor", "admin"), "This account has no role in this service.")
RECORDERS = Roles(("nurse", "coordinator", "admin"), "A monitor reads and does not record.")
AUDITORS = Roles(("coordinator", "monitor", "admin"), "Only a coordinator, a monitor or an admin reads the audit.")
EXPORTERS = Roles(
    ("coordinator", "monitor", "admin"), "Only a coordinator, a monitor or an admin exports the data of a study."
)
COORDINATORS = Roles(
    ("coordinator", "admin"),
    "Only a coordinator or an admin says when a site is open, what it is told, and where its messages go.",
)
ADMINS = Roles(("admin",), "Only an admin adds sites and protocols, and ends the wait after wrong codes.")


@dataclass
class Operation:
    """Holds what a view declares. `caller`: whose token it takes (`page`: the cookie of whose session); `headers`:
    those of a request that it heeds.

    `sends`: headers of its answers that do not follow from those. `produces` are types of content beside the JSON of
    its schema, or instead if it has none. `says`: with which statuses it answers, if it says something of the service
    itself; it has no schema and no problems then. `any_query`: it ignores whatever query it is asked with. `forms` are
    the types of content of its answers, JSON first; they are set when the contract is made.
    """

    caller: Caller | None = None
    roles: Roles = ANY_ROLE
    headers: list[str] = field(default_factory=list)
    sends: list[str] = field(default_factory=list)
    produces: list[str] = field(default_factory=list)
    says: tuple[int, ...] = ()
    any_query: bool = False
    forms: tuple[str, ...] = ()


def operation_of(view: Any) -> Operation:
    """Return what a view declares; a view that declares nothing declares no one who may call it."""
    found = getattr(view, "operation", None)
    if found is None:
        found = view.operation = Operation()
    return cast(Operation, found)


def staff(roles: Roles = ANY_ROLE) -> Callable[[View], View]:
    """Let staff of some roles call a view, with a staff token."""
    return _called_by("staff", roles)


def page(roles: Roles = ANY_ROLE) -> Callable[[View], View]:
    """Let staff of some roles who are signed in to the pages call a view, with the cookie of their session."""
    return _called_by("page", roles)


def _called_by(caller: Caller, roles: Roles) -> Callable[[View], View]:
    def declare(view: View) -> View:
        operation = operation_of(view)
        operation.caller, operation.roles = caller, roles
        return view

    return declare


def patient(view: View) -> View:
    """Let a patient's phone call a view, with its access token."""
    operation_of(view).caller = "patient"
    return view


def public(view: View) -> View:
    """Let anyone call a view, without a token."""
    operation_of(view).caller = "public"
    return view


def any_query(view: View) -> View:
    """Declare that a view ignores what a client adds to its address."""
    operation_of(view).any_query = True
    return view


def heeds(header: str) -> Callable[[View], View]:
    """Declare that a view heeds a header of the request."""

    def declare(view: View) -> View:
        operation_of(view).headers.append(header)
        return view

    return declare


def sends(*headers: str) -> Callable[[View], View]:
    """Declare that an answer of a view has these headers besides those that follow from what it heeds."""

    def declare(view: View) -> View:
        operation_of(view).sends.extend(headers)
        return view

    return declare


def produces(*content_types: str) -> Callable[[View], View]:
    """Declare that a view answers with other types of content than JSON, too or instead."""

    def declare(view: View) -> View:
        operation_of(view).produces.extend(content_types)
        return view

    return declare


def says(*statuses: int) -> Callable[[View], View]:
    """Declare that a view says something of the service itself, by its status."""

    def declare(view: View) -> View:
        operation_of(view).says = statuses
        return view

    return declare
