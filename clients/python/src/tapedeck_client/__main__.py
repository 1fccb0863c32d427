"""`python -m tapedeck_client`: the command `tapedeck`."""

import sys

from tapedeck_client.cli import main

sys.exit(main())
