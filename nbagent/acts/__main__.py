"""Prints what can be asked of a clip as a table: `python -m nbagent.acts [README.md]`.

With a file it puts the table there, between its marks.
"""

import sys
from pathlib import Path

from nbagent.acts import readme_table

BEGIN = "<!-- acts: python -m nbagent.acts README.md -->\n"
END = "<!-- /acts -->"

if __name__ == "__main__":
    if files := sys.argv[1:]:
        readme = Path(files[0])
        text = readme.read_text(encoding="utf-8")
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        readme.write_text(text[:begin] + readme_table() + text[end:], encoding="utf-8")
    else:
        sys.stdout.write(readme_table())
