"""Files that hold a table, but not as rows of cells: what they are, and what makes them such."""

import re

MAKES_CSV = ".to_csv('table.csv', index=False) makes a CSV of it"

BINARY: dict[bytes, tuple[str, str]] = {
    b"\xd0\xcf\x11\xe0": ("a workbook of Excel (.xls)", "save it as CSV"),
    b"<stata_dta>": ("a file of Stata", f"pandas.read_stata(PATH){MAKES_CSV}"),
    b"ARROW1": ("a Feather file", f"pandas.read_feather(PATH){MAKES_CSV}"),
    b"FEA1": ("a Feather file", f"pandas.read_feather(PATH){MAKES_CSV}"),
    b"ORC": ("an ORC file", f"pandas.read_orc(PATH){MAKES_CSV}"),
    b"\x89HDF": ("an HDF5 file", f"pandas.read_hdf(PATH){MAKES_CSV}"),
    b"$FL2": ("a file of SPSS", f"pandas.read_spss(PATH){MAKES_CSV}"),
    b"SQLite format 3\0": (
        "a database of SQLite",
        "sqlite3 -csv -header PATH 'SELECT ...'",
    ),
    b"MATLAB 5.0": ("a file of MATLAB", "writematrix or writetable writes CSV"),
    b"X\n\0\0\0": ("a file of R (.rds)", "write.csv(readRDS(PATH), 'a.csv') makes a CSV of it"),
    **dict.fromkeys((b"RDX2\n", b"RDX3\n"), ("a file of R (.RData)", "write.csv writes CSV")),
    b"Obj\x01": ("an Avro file", "save it as CSV or Parquet"),
    b"%PDF": ("a PDF", "save its table as CSV"),
    **dict.fromkeys((b"\x89PNG", b"\xff\xd8\xff"), ("an image", "data=image_folder reads images")),
}
"""What files begin with, what they are, and what helps."""

OLD_STATA = re.compile(rb"[\x69-\x73][\x01\x02]\x01\x00", re.DOTALL)
PICKLE = re.compile(rb"\x80[\x02-\x05]", re.DOTALL)
TAR = (257, b"ustar")
"""Its mark, and where it stands."""

TEXTS: tuple[tuple[str, str, str], ...] = (
    (
        r"\s*\{.*\}\s*\n\s*\{",
        "JSON lines",
        f"pandas.read_json(PATH, lines=True){MAKES_CSV}",
    ),
    (r"\s*(?:\{\s*[\"}]|\[\s*[\[{])", "JSON", f"pandas.read_json(PATH){MAKES_CSV}"),
    (r"\s*<(?:!doctype|html|table|head|body)\b", "HTML", f"pandas.read_html(PATH)[0]{MAKES_CSV}"),
    (r"\s*<\?xml\b", "XML", f"pandas.read_xml(PATH){MAKES_CSV}"),
    (
        r"(?:\s*%.*\n|\s*\n)*\s*@relation\b",
        "ARFF",
        f"pandas.DataFrame(scipy.io.arff.loadarff(PATH)[0]){MAKES_CSV}",
    ),
    (
        r"(?:\s*[#%].*\n|\s*\n)*\s*@(?:problemname|timestamps|univariate)\b",
        "a .ts file of series",
        "data=series_classes reads CSV, UCR's .tsv and .npz",
    ),
    (r"\s*\+[-=+]{2,}\+\s*\n", "a table drawn with lines", "mysql --batch writes it with tabs"),
    (r"\s*\|.*\|\s*\n\s*\|[-:| ]{3,}\|\s*\n", "a table of Markdown", "save it as CSV"),
    (
        r"(?:.*\n){0,99}?\s*(?:(?:insert\s+into|create\s+table)\s+[^,;]*\(|copy\s.*\sfrom\s+stdin;)",
        "a dump of SQL",
        "load it into its database, and export the table as CSV",
    ),
    (
        r"[-+]?\d\S*(?:[ \t]+\d+:\S+)+\s*(?:\n|$)",
        "a file of LIBSVM",
        "save sklearn.datasets.load_svmlight_file(PATH) as CSV or .npz",
    ),
    (
        r"(?:[^\n:]+::){2,}[^\n:]*\n(?:[^\n:]+::){2,}",
        "separated by `::`",
        r"sed 's/::/\t/g' PATH > table.tsv puts tabs there",
    ),
)
"""How texts begin, in any case, what they are, and what helps."""


def binary_format(start: bytes) -> str | None:
    """What a file is that is no text, and what to do with it; None: it may be text.

    Args:
        start: Its first bytes, unpacked; some hundred.
    """
    found = next((said for mark, said in BINARY.items() if start.startswith(mark)), None)
    if found is None and OLD_STATA.match(start):
        found = BINARY[b"<stata_dta>"]
    if found is None and PICKLE.match(start):
        found = ("a pickle, which could run code", "save the table as CSV or Parquet")
    if found is None and start[TAR[0] :].startswith(TAR[1]):
        found = ("an archive (tar)", "unpack it and name one of its files")
    return None if found is None else f"is {found[0]}; {found[1]}"


def text_format(text: str) -> str | None:
    """What a text is that is no rows of cells, and what to do with it; None: it may be rows."""
    for pattern, name, hint in TEXTS:
        if re.match(pattern, text, re.IGNORECASE):
            return f"is {name}, not rows of cells; {hint}"
    return None
