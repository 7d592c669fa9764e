"""An explanation as a page of HTML with its pictures in it."""

import base64
import html

from matplotlib.figure import Figure

from leyden.formatting import printable
from leyden.inference.explanation_content import DPI, Content, Section, png_of

STYLE = """
:root { color-scheme: light dark; --text: #222; --back: #fff; --soft: #666; --line: #ccc; }
@media (prefers-color-scheme: dark) {
  :root { --text: #ddd; --back: #1b1b1b; --soft: #999; --line: #444; } }
body { font: 16px/1.5 sans-serif; color: var(--text); background: var(--back);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; overflow-wrap: anywhere; }
p { color: var(--soft); margin: .2rem 0; overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
.pictures { display: flex; flex-wrap: wrap; gap: .7rem; align-items: flex-start; margin: .6rem 0; }
.tokens { font-family: monospace; white-space: pre-wrap; overflow-wrap: anywhere; color: #222;
  background: #fff; padding: .5rem; border-radius: 4px; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .9rem; margin: .6rem 0; }
td { padding: .15rem .9rem .15rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
td:first-child { min-width: 6rem; }
details { border-top: 1px solid var(--line); padding: .3rem 0; }
summary { cursor: pointer; }
"""

METHOD_WORDS = {
    "integrated_gradients": "integrated gradients (Sundararajan et al. 2017): what each part adds"
    " to the output, from a baseline on",
    "occlusion": "occlusion (Zeiler and Fergus 2014): by how much the output falls when a part is"
    " replaced by the baseline",
    "gradcam": "Grad-CAM (Selvaraju et al. 2017): where the last convolution speaks for the class",
    "activations": "layer activations: the mean size of what each convolution gives, over its"
    " channels; each map has its own scale, from 0 in black to the number above it in yellow",
    "attention": "attention: how much the last token reads of each token. The colours of the text"
    " are attention rollout (Abnar and Zuidema 2020), which follows it through all layers. It says"
    " what is read, not what the prediction needs",
    "permutation": "permutation importance (Breiman 2001): by how much the loss rises when the"
    " cells of a column change their rows; mean and standard deviation of 10 permutations",
    "dependence": "partial dependence (Friedman 2001): the mean prediction as a column takes each"
    " value in all rows, the others as they are; thin lines are single rows (Goldstein et al."
    " 2015)",
}


def page_of(content: Content, title: str) -> str:
    """A page of HTML."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
        f"<p>By {html.escape(METHOD_WORDS[content.method])}.</p>",
        *(_note(one) for one in content.notes),
    ]
    for section in content.sections:
        parts += _section(section)
    return "\n".join([*parts, "</body></html>"])


def _section(section: Section) -> list[str]:
    parts = [f"<h2>{html.escape(printable(section.title))}</h2>", *map(_note, section.notes)]
    parts += [section.body] if section.body else []
    parts += [_pictures(section.pictures)] if section.pictures else []
    if section.folded:
        summary = f"<summary>{html.escape(section.folded_title)}</summary>"
        parts.append(f"<details>{summary}{_pictures(section.folded)}</details>")
    return parts


def _note(text: str) -> str:
    return f"<p>{html.escape(printable(text))}</p>"


def _pictures(pictures: dict[str, Figure]) -> str:
    images = "".join(_picture(name, figure) for name, figure in pictures.items())
    return f"<div class='pictures'>{images}</div>"


def _picture(name: str, figure: Figure) -> str:
    content = base64.b64encode(png_of(figure)).decode()
    width = round(DPI * figure.get_figwidth())
    alt = html.escape(printable(name))
    return f"<img alt='{alt}' width='{width}' src='data:image/png;base64,{content}'>"
