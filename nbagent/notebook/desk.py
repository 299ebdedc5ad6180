"""What a player can do with any clip of the conversation, named by its view.

Looks at the clip's lineage and facts, notes what is selected of it, and says the turns
that its refine box asks for. A turn said here is one of the conversation, like those of
cells and of the panel.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import assert_never

from nbagent.conversation import answers
from nbagent.conversation.saving import save_beside
from nbagent.conversation.selection import Selection
from nbagent.errors import SpecError
from nbagent.ledger import ClipRow
from nbagent.media import scratch_folder
from nbagent.notebook.border import asset
from nbagent.notebook.cell import arguments, cell_of, text_of
from nbagent.notebook.chat import Chat
from nbagent.notebook.desk_wire import (
    DeskReply,
    DeskRequest,
    FactView,
    GetDetails,
    GetFile,
    GetLineage,
    GetNamed,
    GetNext,
    GetTools,
    NodeView,
    Refine,
    RefineReply,
    SaveFormat,
    Select,
)
from nbagent.notebook.options import OPTIONS
from nbagent.notebook.wire import ClipReply
from nbagent.take import Take

MAX_CHILDREN = 24  # more than that is scrolled past, not looked at
# They make no difference to one take, or are said in another way.
_ALONE = ("takes", "detach", "dry_run", "yes")
_UNSAID = (*_ALONE, "span", "region")
# A name that a ledger has beside these would be code.
_SAID = {"mask", *(o.key for o in OPTIONS)}.difference(_UNSAID)


class Desk:
    """Answers for all clips of one conversation.

    Args:
        chat: Says turns, and knows the conversation.
    """

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self._session = chat.session

    def answer(self, request: DeskRequest) -> tuple[DeskReply | ClipReply, list[bytes]]:
        """Do what a view asks, and return the reply with its buffers."""
        name = request["id"]
        if request["type"] == "save":
            clip, folder = self._session.clip(request["name"]), self._folder
            path = save_beside(clip, request["format"], folder)
            return {"type": "saved", "id": name, "path": path}, []
        if request["type"] == "select":
            self._select(request)
            return {"type": "selected", "id": name}, []
        if request["type"] == "refine":
            return self._refine(request), []
        if request["type"] == "go_on":
            turn = self.chat.go_on(self._row(request["name"]).turn_id)
            return {"type": "going_on", "id": name, "turn": turn}, []
        return self._look(request)

    def _look(
        self,
        request: GetTools | GetNamed | GetLineage | GetDetails | GetNext | GetFile,
    ) -> tuple[DeskReply | ClipReply, list[bytes]]:
        """Answer what changes nothing."""
        name = request["id"]
        if request["type"] == "get_tools":
            files = [asset(file).read_bytes() for file in ("tools.js", "tools.css")]
            return {"type": "tools", "id": name}, files
        if request["type"] == "get_named":
            file = self._session.clip(request["name"]).path.read_bytes()
            return {"type": "clip", "id": name}, [file]
        if request["type"] == "get_file":
            file_name, file = self._file(request["name"], request["format"])
            return {"type": "file", "id": name, "file_name": file_name}, [file]
        if request["type"] == "get_lineage":
            path, children = self._lineage(request["name"])
            nodes = [self._node(row) for row in (*path, *children)]
            posters = [
                self._session.clip(row.name).poster for row in (*path, *children)
            ]
            return {
                "type": "lineage",
                "id": name,
                "path": nodes[: len(path)],
                "children": nodes[len(path) :],
            }, posters
        if request["type"] == "get_details":
            return {
                "type": "details",
                "id": name,
                "facts": self._facts(request["name"]),
                "magic": self.said(request["name"]),
                "python": self._python(request["name"]),
            }, []
        if request["type"] == "get_next":
            steps = self.chat.next_steps(request["name"])
            return {"type": "next", "id": name, "steps": steps}, []
        assert_never(request)

    # Acting

    def _select(self, request: Select) -> None:
        clip = self._session.clip(request["name"])
        assert clip.take is not None  # it is one of the conversation
        span, region = _part(request)
        selections = self._session.selections
        if span is None and region is None:
            selections.pop(clip.take.id, None)
            return
        artifact = self._session.ledger.artifact(clip.take.id)
        if artifact is None:
            raise SpecError(f"{clip.name} is not rendered yet: wait until it is done")
        selections[clip.take.id] = Selection.of(artifact, span=span, region=region)

    def _refine(self, request: Refine) -> RefineReply:
        span, region = _part(request)
        turn_id = self.chat.say(
            request["words"],
            about=request["name"],
            part={"span": span, "region": region},
        )
        turn = self._session.ledger.turns.get(turn_id)
        if turn.error and not self._rows_of(turn_id):
            raise SpecError(turn.error)
        answer = "" if self._rows_of(turn_id) else turn.answer or ""
        return {
            "type": "refined",
            "id": request["id"],
            "turn": None if answer else turn_id,
            "line": answer,
        }

    def _file(self, name: str, format: SaveFormat) -> tuple[str, bytes]:  # noqa: A002
        clip = self._session.clip(name)
        with scratch_folder(f"{name} for the download") as folder:
            path = folder / save_beside(clip, format, folder)
            if path.is_dir():  # a browser keeps files, not folders
                path = Path(shutil.make_archive(str(path), "zip", path))
            return path.name, path.read_bytes()

    @property
    def _folder(self) -> Path:
        return self._session.settings.store.parent  # where the notebook lies

    # Looking

    def _rows_of(self, turn_id: int) -> list[ClipRow]:
        return [row for row in self._session.rows() if row.turn_id == turn_id]

    def _row(self, name: str) -> ClipRow:
        return self._session.ledger.clip(self._session.settings.conversation, name)

    def _lineage(self, name: str) -> tuple[list[ClipRow], list[ClipRow]]:
        """Return the named and finished clips from the root to one, and its children."""
        ledger, row = self._session.ledger, self._row(name)
        rows = {row.take_id: row for row in self._session.rows()}
        rows[row.take_id] = row

        def shown(takes: tuple[Take, ...]) -> list[ClipRow]:
            found = [rows[take.id] for take in takes if take.id in rows]
            return [one for one in found if ledger.artifact(one.take_id)]

        path = [*shown(ledger.ancestors(row.take_id)), row]
        return path, shown(ledger.children(row.take_id))[-MAX_CHILDREN:]

    def _node(self, row: ClipRow) -> NodeView:
        ledger = self._session.ledger
        take = ledger.take(row.take_id)
        parent = next(iter(ledger.parents(row.take_id)), None)
        return {
            "take": self.chat.transcript.take(row),
            "request": take.request,
            "operation": take.operation,
            "changes": [] if parent is None else answers.edge(parent, take),
        }

    def _facts(self, name: str) -> list[FactView]:
        clip = self._session.clip(name)
        assert clip.take is not None  # it is one of the conversation
        return [
            {"label": label, "value": value}
            for label, value in answers.details(
                clip.take,
                self._session.ledger.artifact(clip.take.id),
                [parent.name for parent in clip.parents],
                self._session.record.expected_s(clip.take.id),
            )
            if value
        ]

    def said(self, name: str) -> str:
        """Return the source of a cell that makes a clip from the one before it."""
        row = self._row(name)
        turn = self._session.ledger.turns.get(row.turn_id)
        take = self._session.ledger.take(row.take_id)
        parent = self._parent(row)
        words = turn.text
        options = {**turn.options, "takes": None, "seed": take.seed}
        if parent is not None and "acts" not in options:  # a line says it with its name
            words = words if parent.name in words else f"{parent.name}, {words}"
            options["target"] = None
        return cell_of(words, options)

    def _python(self, name: str) -> str:
        """Return the lines that make a clip from its root on."""
        lines: list[str] = []
        row: ClipRow | None = self._row(name)
        while row is not None:
            parent = self._parent(row)
            lines.insert(0, self._python_line(row, parent))
            row = parent
        return "\n".join(["import nbagent", *lines])

    def _python_line(self, row: ClipRow, parent: ClipRow | None) -> str:
        turn = self._session.ledger.turns.get(row.turn_id)
        seed = self._session.ledger.take(row.take_id).seed
        options = {**turn.options, "seed": seed}
        if options.get("acts"):
            said = {k: v for k, v in options.items() if k not in _ALONE}
            return f"{row.name} = nbagent.say({text_of(turn.text)!r}{arguments(said)})"
        part = {k: options[k] for k in ("span", "region") if options.get(k)}
        kept = {k: v for k, v in options.items() if k in _SAID and v is not None}
        said = {k: tuple(v) for k, v in part.items()} | kept
        rest = "".join(f", {key}={value!r}" for key, value in said.items())
        call = "nbagent.say" if parent is None else f"{parent.name}.remix"
        return f"{row.name} = {call}({text_of(turn.text)!r}{rest})"

    def _parent(self, row: ClipRow) -> ClipRow | None:
        rows = {other.take_id: other for other in self._session.rows()}
        parents = self._session.ledger.take(row.take_id).parents
        return rows.get(parents[0]) if parents else None


def _part(
    request: Select | Refine,
) -> tuple[tuple[float, float] | None, tuple[float, float, float, float] | None]:
    span, region = request["span"], request["region"]
    return (
        None if span is None else (span[0], span[1]),
        None if region is None else (region[0], region[1], region[2], region[3]),
    )
