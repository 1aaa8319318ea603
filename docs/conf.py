"""How Sphinx makes the site of these pages: `make docs`, then open dist/docs/index.html.

The pages are plain Markdown, to be read on the repository's host too. Nothing on the site comes from another host.
"""

from __future__ import annotations

import hashlib
import html
import sys
from pathlib import Path

import mmdr
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "client"))
from zosma.version import __version__  # noqa: E402

project = "Zosma"
version = release = __version__
extensions = ["myst_parser"]
nitpicky = True

myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]
# Blocks without a language are lines to type or to read.
highlight_language = "text"
# Answers and programs that are cut short with … can't be parsed.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "Zosma"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}


class Mermaid(SphinxDirective):
    """A diagram, which the repository's host draws by itself: drawn here while the site is built."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """A picture that opens by itself when it is pressed, for it may be wider than a phone."""
        source = "\n".join(self.content)
        name = f"diagram-{hashlib.sha256(source.encode()).hexdigest()[:12]}.svg"
        folder = Path(self.env.app.outdir) / "_images"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(mmdr.render(source).svg(), "utf-8")
        place, words = f"_images/{name}", html.escape(source, quote=True)
        picture = f'<a class="diagram" href="{place}"><img src="{place}" alt="{words}"></a>'
        return [nodes.raw("", picture, format="html")]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_directive("mermaid", Mermaid)
