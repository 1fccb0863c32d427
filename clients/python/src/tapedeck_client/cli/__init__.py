"""The command `tapedeck`."""

import os
import sys
from collections.abc import Sequence

from tapedeck_client.cli.arguments import parser
from tapedeck_client.errors import NotSignedIn, Refused, TapedeckError, Unreachable

DONE, RUN_FAILED, REFUSED, NOT_SIGNED_IN, UNREACHABLE, INTERRUPTED = 0, 1, 3, 4, 5, 130
"""Exit codes; 2 is argparse's, for a command that it does not understand."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return DONE if options.command(options) else RUN_FAILED
    except NotSignedIn as error:
        _complain(f"{error} Sign in with `tapedeck login`, or set TAPEDECK_TOKEN.")
        return NOT_SIGNED_IN
    except Refused as error:
        _complain(str(error) + (f" (request {error.request_id})" if error.status >= 500 and error.request_id else ""))
        return REFUSED
    except Unreachable as error:
        _complain(str(error))
        return UNREACHABLE
    except BrokenPipeError:  # `tapedeck … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (TapedeckError, OSError, ValueError) as error:
        _complain(str(error))
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED


def _complain(words: str) -> None:
    print(f"tapedeck: {words}", file=sys.stderr)
