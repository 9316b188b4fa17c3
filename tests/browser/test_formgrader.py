"""What a student writes does nothing in the instructor's browser: looked at in nbgrader's formgrader, in JupyterLab and
on the feedback page, by what is in the page and by what it asks the network for, not by its text."""

import importlib.util
import json
import sys
from types import SimpleNamespace

import nbformat
import pytest
from lab import jupyterlab
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from tools.notebooks.files import ROOT
from vistext.grading import batch

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CANARY = "canary"  # in every address that may not be asked for, and in every program that may not run
RUN = "window.canary=1"
LIVE = {
    "named entity": f"[click](javascript&colon;{RUN})",
    "number as entity": f"[click](javascript&#58;{RUN})",
    "hexadecimal entity": f"[click](javascript&#x3a;{RUN})",
    "letter as entity": f"[click](java&#115;cript:{RUN})",
    "tab and new line as entities": f"[click](java&Tab;script&NewLine;:{RUN})",
    "capitals and a backslash": rf"[click](JaVaScRiPt\:{RUN})",
    "reference": f"[click][one]\n\n[one]: javascript:{RUN} 'title'",
    "reference with entity": f"[click][two]\n\n[two]: <javascript&colon;{RUN}>",
    "autolink": f"<javascript:{RUN}>",
    "data": f"[click](data:text/html,<script>{RUN}</script>)",
    "data with entity": f"[click](data&colon;text/html;base64,{DOT})",
    "vbscript": f"[click](vbscript:{RUN})",
    "file": "[click](file:///etc/canary)",
    "relative link": "[click](/canary/logout)",
    "link without scheme": "[click](//canary.example/x)",
    "log out": "![](/canary/logout)",
    "remote picture": "![one](https://canary.example/one.png)",
    "picture by reference": "![two][three]\n\n[three]: http://canary.example/two.png",
    "picture in a link": f"[![x](https://canary.example/three.png)](javascript:{RUN})",
    "picture as svg": f"![x](data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>)",
    "attachment": "![x](attachment:canary.svg)",
    "nested brackets": f"[[[a](javascript:{RUN})](javascript:{RUN})]: javascript:{RUN}",
    "title with quotes": f"""[a](https://example.org/ '"><img src=/canary onerror={RUN}>')""",
    "script": f"<script>{RUN}</script>",
    "script in a block": f"<div>\n\n<script>{RUN}</script>\n\n</div>",
    "handler": f"<img src=/canary onerror={RUN}>",
    "svg": f"<svg onload={RUN}><image href=https://canary.example/a.png /></svg>",
    "frame": "<iframe src=/canary></iframe><object data=/canary></object><embed src=/canary>",
    "style": "<style>@import url(https://canary.example/x.css);</style><p style='background:url(/canary)'>x</p>",
    "form": f"<form action=/canary><button formaction='javascript:{RUN}'>Full credit</button></form>",
    "base": "<base href=https://canary.example/><meta http-equiv=refresh content='0;url=/canary'>",
    "end of what it is in": f"</div></div></pre><img src=/canary onerror={RUN}>",
    "mathml": f"<math><mtext><img src=/canary onerror={RUN}></mtext></math>",
    "formula with a link": rf"$\href{{javascript:{RUN}}}{{x}}$ and $$\href{{/canary}}{{y}}$$",
    "formula with HTML": rf"$\unicode{{x3c}}\text{{<img src=/canary onerror={RUN}>}}$",
    "formula that loads": r"$\require{html}\class{canary}{x}\cssId{canary}{y}\style{background:url(/canary)}{z}$",
    "environment": r"\begin{equation}\href{javascript:window.canary=1}{x}\end{equation}",
    "formula in code": f"`$\\href{{javascript:{RUN}}}{{x}}$`",
    "diagram": f"```mermaid\ngraph TD\nA-->B\nclick A href 'javascript:{RUN}'\n```",
    "widget": '<script type="application/vnd.jupyter.widget-view+json">{"model_id": "canary"}</script>',
    "end of a line that few know": f"a\u2028<img src=/canary onerror={RUN}>\x85\x0b<script>{RUN}</script>",
}
HONEST = f"""**Because** [it says so](https://example.org/why?a=1&b=$2), in $x_1 = \\frac{{1}}{{2}}$:

| a | b |
|---|---|
| 1 | 2 |

![mine](data:image/png;base64,{DOT})"""

LOOK = """areas => areas.map(area => [...area.querySelectorAll('*')].map(one => ({
    tag: one.localName, attributes: one.getAttributeNames(), rel: one.rel || '', target: one.target || '',
    address: one.getAttribute('href') || one.getAttribute('src') || '', protocol: one.protocol || '' })))"""
ABOVE = 6  # cells of the release, the last of which checks the first exercise
NEVER = {"script", "iframe", "object", "embed", "svg", "style", "form", "base", "meta", "link", "video", "audio"}


def grading_tests(name):
    """A module of the tests of grading, which makes their small problem set."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "grading" / f"{name}.py")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hostile(submissions, answer, texts):
    """A notebook with each text in a cell of its own, of each kind, and in all that it shows."""
    notebook = submissions.hand_in(text=answer)
    added = []
    for text in texts:
        comment = "".join(f"# {line}\n" for line in text.splitlines())
        picture = {"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>"}
        shown = {"text/html": text, "text/markdown": text, "application/javascript": RUN, "text/latex": text} | picture
        outputs = [new_output("display_data", shown), new_output("stream", text=text)]
        added.append(new_markdown_cell(text, attachments={"canary.svg": picture}))
        added += [new_raw_cell(text, metadata={"raw_mimetype": "text/html"}), new_code_cell(comment, outputs=outputs)]
    notebook.cells[ABOVE:ABOVE] = added  # not below the last question: there, texts are taken for its answer
    for number, cell in enumerate(notebook.cells):
        cell.metadata["tags"] = [f"' onclick='{RUN}"]
        cell["id"] = f"a{number}\" onclick='{RUN}'"
    return json.dumps(notebook).encode()


@pytest.fixture(scope="module")
def graded(tmp_path_factory, browser):
    """A class graded, and shown by a JupyterLab that has nbgrader's formgrader."""
    pytest.importorskip("nbgrader")
    grading_tests("standins")
    submissions = grading_tests("submissions")
    folder = tmp_path_factory.mktemp("formgrader")
    course = submissions.make_course(folder / "course")
    everything = "\n\n".join(LIVE.values())
    handed_in = {
        "honest": hostile(submissions, HONEST, ["I think so."]),
        "hostile": hostile(submissions, everything, LIVE.values()),
        "shown_raw": hostile(submissions, "x", ["x"]),
    }
    for student, content in handed_in.items():
        (folder / "handed in" / student).mkdir(parents=True)
        (folder / "handed in" / student / "ps90_standin.ipynb").write_bytes(content)
    # Comments only: nothing of a student's is run, so no sandbox is needed.
    batch.grade_all(course, folder / "handed in", submissions.job_of(course, sandboxed=False))
    shown = course.path("autograded", "shown_raw")
    notebook = nbformat.read(shown, as_version=4)
    # Without what leads away, and what nbconvert refuses for the attachment that is not there.
    notebook.cells[-1:] = [new_markdown_cell(text) for name, text in LIVE.items() if name not in ("base", "attachment")]
    nbformat.write(notebook, shown)
    with course.open() as gradebook:
        ids = {one: gradebook.find_submission_notebook("ps90_standin", "ps90_standin", one).id for one in handed_in}
    extension = "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"
    with jupyterlab(folder, course.folder, extension) as (address, token):
        seen = SimpleNamespace(course=course, ids=ids, address=address, token=token, browser=browser)
        seen.pages = {student: in_formgrader(seen, student) for student in handed_in}
        yield seen


def in_formgrader(seen, student):
    address = f"{seen.address}/formgrader/submissions/{seen.ids[student]}/?token={seen.token}"
    return opened(seen, address, "#notebook-container .cell")


def opened(seen, address, areas):
    """What some areas of a page hold, and what it has asked for, once everything in it has been loaded."""
    context = seen.browser.new_context()
    asked = []
    # What lies elsewhere (MathJax, for one) is not there; that it was asked for is noted.
    context.on("request", lambda request: asked.append(request.url))
    context.route(lambda url: not url.startswith((seen.address, "file:", "data:")), lambda route: route.abort())
    try:
        page = context.new_page()
        page.goto(address)
        page.locator(areas).first.wait_for(state="attached", timeout=60_000)
        page.wait_for_timeout(1000)
        return page.locator(areas).evaluate_all(LOOK), asked, page.evaluate("window.canary ?? null")
    finally:
        context.close()


def live(parts):
    """Those parts of a page that do something, or lead somewhere that they should not."""
    found = [part for part in parts if part["tag"] in NEVER or any(name[:2] == "on" for name in part["attributes"])]
    for part in parts:
        safe = part["rel"].split()[:1] == ["noopener"] and part["target"] == "_blank" and CANARY not in part["address"]
        if part["tag"] == "img" and not part["address"].startswith("data:image/png;base64,"):
            found.append(part)
        elif part["tag"] == "a" and part["address"][:1] not in ("", "#"):
            found += [] if safe and part["protocol"] in ("http:", "https:") else [part]
    return found


@pytest.mark.parametrize("name", LIVE)
def test_in_formgrader_nothing_of_a_student_is_live(graded, name):
    cells, _, _ = graded.pages["hostile"]
    own = cells[ABOVE:][3 * list(LIVE).index(name) :][:3]
    assert [live(cell) for cell in own] == [[], [], []]


def test_nor_is_an_answer_that_holds_all_of_it_and_formgrader_asks_for_no_more_than_for_an_honest_student(graded):
    cells, asked, ran = graded.pages["hostile"]
    assert ran is None
    assert [live(cell) for cell in cells] == [[]] * len(cells)
    asked, of_honest = (
        {address.replace(graded.ids[student], "").split("?")[0] for address in addresses}
        for student, addresses in (("hostile", asked), ("honest", graded.pages["honest"][1]))
    )
    assert asked == {address for address in of_honest if not address.startswith("data:")}


def test_what_is_live_would_be_found(graded):
    """The same texts, stored as they were written."""
    cells, asked, ran = graded.pages["shown_raw"]
    assert ran is not None
    assert sum(bool(live(cell)) for cell in cells[-len(LIVE) :]) > 20
    assert len([address for address in asked if CANARY in address]) > 4


def test_in_formgrader_an_honest_answer_is_shown_as_it_was_meant(graded):
    cells, _, _ = graded.pages["honest"]
    assert [live(cell) for cell in cells] == [[]] * len(cells)
    parts = [part for cell in cells for part in cell]
    assert {"strong", "table", "math", "mfrac", "img"} <= {part["tag"] for part in parts}
    assert "https://example.org/why?a=1&b=%242" in [part["address"] for part in parts]


def test_in_jupyterlab_nothing_of_a_student_is_live(graded):
    path = graded.course.path("autograded", "hostile").relative_to(graded.course.folder)
    areas = ".jp-Notebook .jp-RenderedMarkdown"
    cells, asked, ran = opened(graded, f"{graded.address}/doc/tree/{path}?token={graded.token}", areas)
    assert len(cells) > 2 * len(LIVE)
    assert ran is None
    assert [live(cell) for cell in cells] == [[]] * len(cells)
    assert not [address for address in asked if CANARY in address]


def test_on_the_feedback_page_nothing_of_a_student_is_live(graded):
    page = graded.course.path("feedback", "hostile", ".html")
    areas, asked, ran = opened(graded, page.as_uri(), "body")
    assert ran is None
    assert [live(area) for area in areas] == [[]]
    assert asked == [page.as_uri()]
