"""Models on the hub: where they lie here, what of them a pipeline uses, how it comes.

A model is one commit of its repository. The commit that a name meant first on this
machine is written down beside the hub's own cache and stays; `NAME@REVISION` means
another. Only safetensors and the files that describe them are fetched, by the hub's own
client: finished files stay, and a broken connection goes on where it broke.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from nbagent.errors import DownloadFailed
from nbagent.models.catalogue import CATALOGUE
from nbagent.models.index import check_index, components

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
# As the hub has them. A revision is a path below the cache: no part of it may lead out.
_PART: Final = r"(?![.-])(?:(?!\.\.|--)[\w.-])+(?<![.-])"
_REPO: Final = re.compile(rf"{_PART}/{_PART}", re.ASCII)
_REVISION: Final = re.compile(r"(?:\w(?:(?!\.\.)[\w.-])*(?:/(?!$)|$))+", re.ASCII)
_PIN: Final = "nbagent"  # the name under which the first commit is written down
_DESCRIBES: Final = frozenset({".json", ".txt", ".model", ".jinja"})
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HubModel:
    """A name that means a repository of the hub.

    Attributes:
        revision: What stands behind the name's `@`; empty is the pinned one.
        licence: As its authors name it, if it is in our catalogue.
        without: Components whose weights come from elsewhere.
    """

    repo: str
    revision: str
    licence: str = ""
    without: frozenset[str] = frozenset()

    @property
    def commit(self) -> str | None:
        """The commit that it means here; None if that was never looked up."""
        if _COMMIT.fullmatch(self.revision):
            return self.revision
        refs = _repo_folder(self.repo) / "refs"
        for name in (self.revision,) if self.revision else (_PIN, "main"):
            if (refs / name).is_file():
                written = (refs / name).read_text("utf-8", "replace").strip()
                return written if re.fullmatch(r"[0-9a-f]{1,64}", written) else None
        return None

    def folder(self, commit: str | None = None) -> Path:
        """Return where a commit of it lies, or would lie."""
        commit = commit or self.commit
        repo = _repo_folder(self.repo)
        return repo / "snapshots" / commit if commit else repo


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files that a pipeline uses of one commit, with their sizes in bytes."""

    commit: str
    files: Mapping[str, int]

    def missing(self, model: HubModel) -> dict[str, int]:
        """Return those that are not here; small ones first, weights last."""
        folder = model.folder(self.commit)
        absent = {
            n: size for n, size in self.files.items() if not (folder / n).exists()
        }
        return dict(sorted(absent.items(), key=lambda item: _is_weights(item[0])))


def hub_model(name: str) -> HubModel | None:
    """Return the hub's model of a name (without LoRAs); None if the hub cannot have one."""
    base, at, revision = name.rpartition("@")
    if not at:
        base, revision = name, ""
    known = CATALOGUE.get(base)
    if known is None and not _REPO.fullmatch(base):
        return None
    if at and not _REVISION.fullmatch(revision):
        return None
    if known is None:
        return HubModel(repo=base, revision=revision)
    branch = "" if known.revision == "main" else known.revision
    return HubModel(repo=known.repo, revision=revision or branch, licence=known.licence)


def is_whole(model: HubModel, commit: str | None = None) -> bool:
    """Return whether all weights of a model that are needed are here."""
    folder = model.folder(commit)
    try:
        index = json.loads((folder / "model_index.json").read_text("utf-8"))
        return all(
            name in model.without or _has_weights(folder / name, library)
            for name, library in components(index).items()
            if (folder / name / "config.json").is_file() or not (folder / name).is_dir()
        )
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def look_up(model: HubModel, commit: str | None = None) -> Listing:
    """Ask the hub what a model is made of; fetches what describes it, and pins it.

    Raises:
        DownloadFailed: If the hub, the repository or safetensors in it are not there.
        SpecError: If it is made of other classes than diffusers' and transformers'.
    """
    wanted = commit or model.commit or model.revision or "main"
    with _told(model):
        from huggingface_hub import HfApi

        info = HfApi(endpoint=_endpoint()).model_info(
            model.repo, revision=wanted, files_metadata=True, timeout=_TIMEOUT_S
        )
    sizes = {one.rfilename: int(one.size or 0) for one in info.siblings or ()}
    if info.sha is None or "model_index.json" not in sizes:
        raise DownloadFailed(
            f"{model.repo} is not a diffusers pipeline (no model_index.json): name a"
            " repository that has one"
        )
    _fetch(model, info.sha, "model_index.json")
    index = json.loads((model.folder(info.sha) / "model_index.json").read_text("utf-8"))
    check_index(model.repo, index)
    listing = Listing(commit=info.sha, files=dict(_used(model, index, sizes)))
    for name in listing.missing(model):
        if name.endswith("config.json") or ".safetensors.index." in name:
            _fetch(model, info.sha, name)
    if commit is None:
        pin(model, info.sha)
    return listing


def pin(model: HubModel, commit: str) -> None:
    """Write down which commit a name means from now on; the first one stays."""
    path = _repo_folder(model.repo) / "refs" / (model.revision or _PIN)
    if not path.exists() and not _COMMIT.fullmatch(model.revision):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(commit)


def download(
    model: HubModel,
    commit: str | None,
    count: Callable[[int, int], None],
) -> None:
    """Fetch what is missing of a model; nothing happens if all is here.

    Args:
        model: What to fetch.
        commit: The commit; None is the one that the name means.
        count: Called with the bytes done and the bytes of all; may raise to stop.

    Raises:
        DownloadFailed: In one line that says what to do.
    """
    if is_whole(model, commit):
        pin(model, model.folder(commit).name)
        return
    listing = look_up(model, commit)
    missing = listing.missing(model)
    total = sum(missing.values())
    _check_room(model, total)
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        count(done, total)

    count(0, total)
    for name in missing:
        _fetch(model, listing.commit, name, add)


class WeightFiles(NamedTuple):
    """The files that a component's weights are loaded from.

    Attributes:
        names: Those files, an index of shards among them; none where it has none.
        variant: What diffusers calls their kind: `fp16` or `bf16`, else empty.
    """

    names: frozenset[str] = frozenset()
    variant: str = ""


def weight_files(names: Collection[str], library: str) -> WeightFiles:
    """Choose a component's weights among its files; variants only without plain ones."""
    stem = "model" if library == "transformers" else "diffusion_pytorch_model"
    for variant in ("", "fp16", "bf16"):
        mark = f".{variant}" if variant else ""
        index = f"{stem}.safetensors.index{mark}.json"
        number = r"-\d+-of-\d+"
        shard = rf"{stem}({mark}{number}|{number}{mark})\.safetensors"
        shards = [name for name in names if re.fullmatch(shard, name)]
        if index in names:
            return WeightFiles(frozenset({index, *shards}), variant)
        if (one := f"{stem}{mark}.safetensors") in names:
            return WeightFiles(frozenset({one}), variant)
    return WeightFiles()


def weights_of(folder: Path, library: str) -> WeightFiles:
    """Choose a component's weights in its folder, shards that are absent included.

    Raises:
        ValueError: If the index of its shards is damaged.
    """
    found = weight_files([path.name for path in folder.glob("*")], library)
    index = next((name for name in found.names if ".index." in name), None)
    if index is None:
        return found
    try:
        told = json.loads((folder / index).read_text("utf-8"))["weight_map"].values()
        return found._replace(names=frozenset({index, *told}))
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{index}: {error}") from error


def size_text(size_bytes: int) -> str:
    """Say a size as people do."""
    if size_bytes < 10**9:
        return f"{size_bytes / 1e6:.1f} MB"
    return f"{size_bytes / 1e9:.1f} GB"


def _used(
    model: HubModel, index: Mapping[str, Any], sizes: Mapping[str, int]
) -> Iterator[tuple[str, int]]:
    """Yield the files that a pipeline is loaded from, of all in its repository."""
    yield "model_index.json", sizes["model_index.json"]
    for component, library in components(index).items():
        inside = {
            name.removeprefix(f"{component}/"): size
            for name, size in sizes.items()
            if name.startswith(f"{component}/")
        }
        is_given = component in model.without
        weights = weight_files(() if is_given else inside, library).names
        has_weights = any(map(_is_weights, weights))
        if "config.json" in inside and not has_weights and not is_given:
            raise DownloadFailed(
                f"{model.repo} has no safetensors for its {component}, the only"
                " kind that nbagent loads: use a different repository"
            )
        for name, size in inside.items():
            describes = Path(name).suffix in _DESCRIBES and ".index." not in name
            if "/" not in name and (describes or name in weights):
                yield f"{component}/{name}", size


def _has_weights(folder: Path, library: str) -> bool:
    names = weights_of(folder, library).names
    return bool(names) and all((folder / name).exists() for name in names)


def _is_weights(name: str) -> bool:
    return name.endswith(".safetensors")


def _fetch(
    model: HubModel, commit: str, name: str, add: Callable[[int], None] | None = None
) -> None:
    with _told(model):
        from huggingface_hub import hf_hub_download

        hf_hub_download(
            model.repo,
            name,
            revision=commit,
            cache_dir=_cache(),
            endpoint=_endpoint(),
            tqdm_class=_counting(add or (lambda _more: None)),
        )


def _counting(add: Callable[[int], None]) -> Any:
    """Return a progress bar that draws nothing, and tells what has come."""
    from tqdm import tqdm

    class Counting(tqdm):  # type: ignore[misc]  # tqdm has no types
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)  # the hub client's own
            super().__init__(*args, **(kwargs | {"disable": True}))

        def update(self, n: float | None = 1) -> None:
            add(int(n or 0))

    return Counting


def _check_room(model: HubModel, total: int) -> None:
    place = _cache()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if total > free:
        raise DownloadFailed(
            f"{model.repo} needs {size_text(total)}, and {place} has"
            f" {size_text(free)} free: free some space, or set HF_HUB_CACHE to a"
            " folder with room"
        )


@contextlib.contextmanager
def _told(model: HubModel) -> Iterator[None]:
    """Turn what the hub's client raises into one line that says what to do."""
    try:
        from huggingface_hub import errors
    except ModuleNotFoundError as error:
        raise DownloadFailed(
            f"{model.repo} is not here, and this environment cannot download it (no"
            f" {error.name}): pip install 'nbagent[local]', or hf download"
            f" {model.repo}"
        ) from error
    # The base class of its HTTP library, which changed over its versions.
    http: Any = next(
        k for k in errors.HfHubHTTPError.__mro__ if k.__name__ == "HTTPError"
    )
    try:
        yield
    except (
        errors.LocalEntryNotFoundError
    ) as error:  # its file is neither here nor there
        raise _unreachable(model, error) from error
    except errors.OfflineModeIsEnabled as error:
        line = "is not here, and HF_HUB_OFFLINE is set: unset it, or copy it here"
        raise DownloadFailed(f"{model.repo} {line}") from error
    except errors.GatedRepoError as error:
        line = "is gated: accept its terms on its page, then log in with: hf auth login"
        raise DownloadFailed(f"{model.repo} {line}") from error
    except errors.RevisionNotFoundError as error:
        line = f"has no revision {model.revision!r}: check it on its page"
        raise DownloadFailed(f"{model.repo} {line}") from error
    except (errors.RepositoryNotFoundError, errors.EntryNotFoundError) as error:
        line = "is not on the hub, or private: check the name, or run: hf auth login"
        raise DownloadFailed(f"{model.repo} {line}") from error
    except (http, OSError) as error:
        raise _unreachable(model, error) from error


def _unreachable(model: HubModel, error: Exception) -> DownloadFailed:
    code = getattr(getattr(error, "response", None), "status_code", None)
    if code in (401, 403):
        return DownloadFailed(
            f"{model.repo} is not open to everyone (the hub answered {code}):"
            " accept its terms on its page, then log in with: hf auth login"
        )
    reason = f"answered {code}" if code else "cannot be reached"
    said = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
    return DownloadFailed(
        f"the hub {reason} for {model.repo} ({said}): check the network and try"
        " again; files already here are kept"
    )


def _cache() -> Path:
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub")


def _repo_folder(repo: str) -> Path:
    return _cache() / f"models--{repo.replace('/', '--')}"


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None
