"""What a cell showed last: by the data that goes to the page, and in a real kernel."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel
from PIL import Image

from nbagent.conversation.pictures import read
from nbagent.errors import SpecError
from nbagent.notebook.showing import Sent, seen


def encoded(kind: str) -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(out, kind)
    return base64.b64encode(out.getvalue()).decode()


FIGURE = "<Figure size 640x480 with 1 Axes>"
PLOTLY = {"application/vnd.plotly.v1+json": {}, "text/html": "<div>chart</div>"}
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_a_picture_of_any_kind_is_taken(kind: str) -> None:
    data = encoded(kind)
    for sent in (data, base64.b64decode(data)):
        # A chart may come with its picture.
        found = seen({f"image/{kind}": sent, "text/plain": FIGURE, **PLOTLY})
        assert found is not None
        shown = found.shown()
        assert (shown.is_figure, shown.refusal) == (True, "")
        assert read("_shown", shown).frames.shape == (1, 6, 8, 3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"image/svg+xml": "<svg/>", "text/plain": FIGURE}, "as SVG, .*figure_formats"),
        ({"application/pdf": "JVBE", "text/plain": FIGURE}, "as PDF, .*figure_formats"),
        ({"image/svg+xml": "<svg/>", "text/plain": "<graph>"}, "as SVG, which only"),
        (PLOTLY, "as a plotly chart, which only the page draws: name it"),
        ({"application/vnd.vegalite.v5+json": {}}, "as a Vega or Altair chart"),
        ({"application/vnd.bokehjs_exec.v0+json": ""}, "as a Bokeh plot"),
        ({"text/html": "<div><iframe srcdoc=''></iframe></div>"}, "as HTML"),
        ({"text/html": "<VIDEO controls></VIDEO>"}, "as HTML"),
        ({WIDGET: {}, "text/plain": "FigureWidget({'data'"}, r"a widget \(FigureW"),
        ({"image/png": "no base 64!", "text/plain": FIGURE}, "not a picture that PIL"),
    ],
)
def test_a_chart_that_only_the_page_draws_is_refused_by_name(
    data: dict[str, Any], said: str
) -> None:
    found = seen(data)
    assert found is not None
    with pytest.raises(SpecError, match=f"this plot .*{said}") as caught:
        read("_shown", found.shown())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        {"text/plain": "3"},
        {"text/html": "<table><tr><td>3</td></tr></table>", "text/plain": "   a"},
        {"application/vnd.bokehjs_load.v0+json": "", "text/html": "<span></span>"},
        {WIDGET: {}, "text/plain": "  0%|          | 0/10"},
        {"image/png": encoded("png"), "text/html": "<div class='nba-static'></div>"},
        {
            "image/png": encoded("png"),
            "text/html": "<div><video></video></div>",
            "text/plain": "Clip c1 (16 frames)",
        },
    ],
)
def test_what_is_no_plot_leaves_the_one_before(data: dict[str, Any]) -> None:
    assert seen(data) is None


def test_looking_imports_nothing_heavy() -> None:
    code = (
        "import sys, nbagent.notebook.namespace;"
        "heavy = {'numpy', 'PIL', 'av', 'matplotlib', 'nbagent.conversation.clip'};"
        "sys.exit(7 if heavy & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert "data" not in repr(Sent(data="x" * 99))


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    """A real kernel with the extension loaded; cells print what they are asked."""
    manager, client = start_new_kernel()

    def run(code: str) -> str:
        said: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])
            if message["msg_type"] == "error":
                said.append("\n".join(message["content"]["traceback"]))

        client.execute_interactive(code, timeout=120, output_hook=hook)
        return "".join(said)

    run(
        "%load_ext nbagent\n%matplotlib inline\n"
        "import matplotlib.pyplot as plt\nfrom PIL import Image\n"
        "from IPython.display import display, HTML\n"
        "names = get_ipython().magics_manager.registry['AgentMagics'].speaker.namespace"
    )
    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


LOOK = (
    "from nbagent.conversation.pictures import read\n"
    "try: print(read('_shown', names['_shown']).frames.shape)\n"
    "except Exception as error: print(error)"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("plt.plot([1, 2])", "(1, "),  # lines, then the figure
        ("Image.new('RGB', (7, 5))", "(1, 5, 7, 3)"),  # a cell's own value
        ("Image.new('RGB', (9, 5))\nprint(3)", "(1, 5, 7, 3)"),  # nothing was shown
        ("import pandas; pandas.DataFrame({'a': [1]})", "(1, 5, 7, 3)"),
        ("HTML('<iframe></iframe>')", "this plot was shown as HTML"),
        ("display(Image.new('RGB', (4, 3)))", "(1, 3, 4, 3)"),
        (
            "%config InlineBackend.figure_formats = ['svg']\n"
            "fig, _ = plt.subplots(); plt.close(fig)\nfig",
            "this plot was shown as SVG",
        ),
        ("Image.new('RGB', (7, 5));", "this plot was shown as SVG"),
    ],
)
def test_a_kernel_notes_what_its_cells_show(kernel: Any, cell: str, said: str) -> None:
    kernel(cell)
    assert kernel(LOOK).startswith(said)
