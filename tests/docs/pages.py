"""The pages of the documentation, and what stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
        *sorted(DOCS.glob("*.md")),
        ROOT / "experiments" / "README.md",
    )
}
"""Text of each page, by its path in the repository."""

SHORT = ("trainer=smoke", "trainer.max_steps=2")
"""Overrides of a run that only shows that a command works."""


def blocks(language, text):
    """The fenced blocks of a page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands():
    """Each command of `leyden` that a page shows, without its comment, and the first such page."""
    found = {}
    for page, text in PAGES.items():
        for block in blocks("bash", text):
            for line in block.splitlines():
                if re.search(r"(^| )leyden ", line):
                    found.setdefault(re.sub(r" +#.*", "", line), page)
    return found


def worked_examples():
    """Files of a user that pages show: the first line of each names it. Equal on all pages."""
    files = {}
    for text in PAGES.values():
        for name, content in re.findall(
            r"```(?:python|yaml)\n# (my_\S+)\n(.*?)```", text, re.DOTALL
        ):
            assert files.setdefault(name, content) == content, f"two versions of {name}"
    return files


def snippets(text):
    """The Python of a page that is no file of a user, from top to bottom."""
    return "\n\n".join(b for b in blocks("python", text) if not b.startswith("# my_"))


def section(text, heading):
    """The text under a heading, up to the next heading of the same depth."""
    depth = heading.partition(" ")[0]
    return re.split(rf"^{depth} ", text.partition(f"{heading}\n")[2], maxsplit=1, flags=re.M)[0]


def table_rows(text):
    """The cells of all rows of tables, without headings."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if not set(row[0]) <= set("|-")]
