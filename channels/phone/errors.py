"""What the API refuses, in Twilio's own codes and form.

Source: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

# code: (HTTP status, message)
REFUSALS: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20009: (409, "Resource not complete: delivery of this message has not been completed"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Number"),
    21266: (400, "'To' and 'From' number cannot be the same"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided is not a valid message-capable number for this account."),
    21609: (400, "The 'StatusCallback' URL is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21660: (400, "Mismatch between the 'From' number and the account"),
    21701: (404, "The Messaging Service does not exist"),
    30409: (400, "This message cannot be canceled"),
}

# What a message that was accepted carries when it does not arrive.
FAILURES: dict[int, str] = {
    21610: "Attempt to send to unsubscribed recipient",
    30003: "Unreachable destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
}


class ApiError(Exception):
    """A refusal by code; the number or words that caused it stay out of its text."""

    def __init__(self, code: int, **headers: str) -> None:
        super().__init__(f"{code}: {REFUSALS[code][1]}")
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def render(error: ApiError) -> JSONResponse:
    """Write a refusal as Twilio does: {code, message, more_info, status}."""
    status, message = REFUSALS[error.code]
    body = {
        "code": error.code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
        "status": status,
    }
    return JSONResponse(body, status, headers=error.headers)


def handle(_request: Request, error: Exception) -> JSONResponse:
    """Answer an `ApiError` raised in an endpoint."""
    assert isinstance(error, ApiError)
    return render(error)
