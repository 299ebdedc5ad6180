"""Prints what can be asked of a clip, as the table in the README: `python -m nbagent.acts`."""

import sys

from nbagent.acts import readme_table

sys.stdout.write(readme_table())
