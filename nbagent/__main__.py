"""`python -m nbagent`: the command line."""

from nbagent.cli import main

raise SystemExit(main())
