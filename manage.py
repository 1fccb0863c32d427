#!/usr/bin/env python3
"""Django's command line, which first sets itself up: it needs nothing but Python 3.11 with venv.

`python3 manage.py demo` and `python3 manage.py test` are the whole set-up; `test`, `bench`, `faults`, `conformance` and
`extra` are answered by config/bootstrap.py, everything else by Django. NO_BOOTSTRAP=1 leaves the environment to you
(containers).
"""

import os
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 (an older Python is told so in words, so all it reads must parse)
        sys.exit("Tapedeck needs Python 3.11 or newer; " + sys.executable + " is Python " + sys.version.split()[0])
    if os.name != "posix":
        sys.exit("Tapedeck runs on Linux and macOS; on Windows use the Subsystem for Linux.")

    import importlib.util

    # By its path: importing the package `config` takes Celery, which may not be installed yet.
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "config", "bootstrap.py")
    spec = importlib.util.spec_from_file_location("bootstrap", path)
    assert spec is not None
    assert spec.loader is not None
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    bootstrap.enter(sys.argv[1:])

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
