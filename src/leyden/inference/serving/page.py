"""The page that a server shows: try the model by hand."""

import html
import json

from leyden.data.images.preparation import ImagePreparation
from leyden.data.series.preparation import SeriesPreparation
from leyden.data.tables.encoders import CategoryEncoder
from leyden.data.tables.preparation import TablePreparation
from leyden.data.text.preparation import LabelledTextPreparation
from leyden.inference.load import LoadedRun

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
textarea, input { width: 100%; box-sizing: border-box; font: inherit; }
textarea { min-height: 8rem; font-family: monospace; }
button { font: inherit; padding: .3rem 1rem; margin: .6rem 0; }
#drop { border: 2px dashed #888; padding: 2rem; text-align: center; }
#drop img { height: 10rem; max-width: 100%; object-fit: contain; image-rendering: pixelated; }
table { border-collapse: collapse; margin-top: 1rem; }
td, th { padding: .1rem .8rem .1rem 0; text-align: left; }
.bar { display: inline-block; height: .8rem; background: #3b78b5; }
#why { width: auto; }
#reasons img { max-width: 100%; display: block; margin-top: 1rem; }
#error { color: #c0392b; }
pre { white-space: pre-wrap; }
"""

SCRIPT = """
const byId = (name) => document.getElementById(name);
const headers = () => {
  const token = byId("token");
  const given = {"Content-Type": "application/json"};
  if (token && token.value) given.Authorization = "Bearer " + token.value;
  return given;
};
const cell = (row, text) => { const td = row.insertCell(); td.textContent = text; return td; };
const number = (value) => typeof value === "number" ? String(+value.toPrecision(4)) : value;
function show(predictions, reasons) {
  const table = byId("answer");
  table.replaceChildren();
  byId("reasons").replaceChildren(...(reasons || []).map((one) => {
    const image = document.createElement("img");
    image.src = one.picture; image.alt = "what the parts of the input add";
    return image;
  }));
  const first = predictions[0];
  const shares = Object.entries(first).filter(([name]) => name.startsWith("probability "));
  if (predictions.length === 1 && shares.length) {
    shares.sort((a, b) => b[1] - a[1]);
    for (const [name, share] of shares.slice(0, 10)) {
      const row = table.insertRow();
      cell(row, name.slice("probability ".length));
      cell(row, (100 * share).toFixed(1) + " %");
      const bar = document.createElement("span");
      bar.className = "bar"; bar.style.width = (12 * share) + "rem";
      cell(row, "").append(bar);
    }
    return;
  }
  const names = Object.keys(first).filter((name) => !name.startsWith("probability "));
  const head = table.insertRow();
  for (const name of names) cell(head, name);
  for (const one of predictions) {
    const row = table.insertRow();
    for (const name of names) cell(row, number(one[name]));
  }
}
let last = null;
async function ask(content) {
  byId("error").textContent = "";
  last = content;
  const why = byId("why");
  const asked = why && why.checked ? {...content, why: true} : content;
  const answer = await fetch("/predict", {method: "POST", headers: headers(),
    body: JSON.stringify(asked)});
  const told = await answer.json();
  if (answer.ok) show(told.predictions, told.why);
  else {
    for (const name of ["answer", "reasons"]) byId(name).replaceChildren();
    byId("error").textContent = told.error || told.detail;
  }
}
async function write() {
  byId("error").textContent = ""; byId("text").textContent = byId("prompt").value;
  const answer = await fetch("/generate", {method: "POST", headers: headers(),
    body: JSON.stringify({prompt: byId("prompt").value})});
  if (!answer.ok) { byId("error").textContent = (await answer.json()).error; return; }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) break;
    const events = (rest + value).split("\\n\\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.slice("data: ".length);
      if (data !== "[DONE]") byId("text").textContent += JSON.parse(data).text;
    }
  }
}
function rows() {
  try { return JSON.parse(byId("rows").value); }
  catch (error) { byId("error").textContent = "no JSON: " + error.message; return null; }
}
const drop = byId("drop");
if (drop) {
  const take = (file) => {
    const reader = new FileReader();
    reader.onload = () => {
      const image = document.createElement("img"); image.src = reader.result;
      drop.replaceChildren(image);
      ask({images: [reader.result]});
    };
    reader.readAsDataURL(file);
  };
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault(); take(event.dataTransfer.files[0]);
  });
  byId("file").addEventListener("change", (event) => take(event.target.files[0]));
}
const why = byId("why");
if (why) why.addEventListener("change", () => { if (last) ask(last); });
const send = byId("send");
if (send) send.addEventListener("click", () => {
  if (byId("prompt")) return write();
  const given = rows();
  if (given) ask(byId("horizon") ? {rows: given, horizon: +byId("horizon").value} : {rows: given});
});
"""


def page_of(run: LoadedRun, *, needs_token: bool, has_why: bool) -> str:
    """The page of a run.

    Args:
        run: The run.
        needs_token: Whether a field asks for the token.
        has_why: Whether predictions can be explained.
    """
    token = "<p><label>Token <input id='token' type='password'></label></p>" if needs_token else ""
    return "\n".join(
        [
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
            "<meta name='viewport' content='width=device-width'>",
            "<link rel='icon' href='data:,'>",
            f"<title>{html.escape(run.folder.name)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{html.escape(run.folder.name)}</h1>",
            token,
            _form(run),
            "<p><label><input id='why' type='checkbox'> and why</label></p>" if has_why else "",
            "<p id='error' role='alert'></p><table id='answer'></table><div id='reasons'></div>",
            "<p><a href='/docs'>API</a> · <a href='/metrics'>metrics</a></p>",
            f"<script>{SCRIPT}</script></body></html>",
        ]
    )


def _form(run: LoadedRun) -> str:
    preparation = run.preparation
    if isinstance(preparation, ImagePreparation):
        return (
            "<div id='drop'>Drop an image here</div>"
            "<p><input id='file' type='file' accept='image/*'></p>"
        )
    if isinstance(preparation, TablePreparation):
        example = [{encoder.name: _example(encoder) for encoder in preparation.encoders}]
        return _rows(example)
    if isinstance(preparation, LabelledTextPreparation):
        return _rows([{preparation.text: ""}])
    if isinstance(preparation, SeriesPreparation):
        names = [*preparation.layout.time, preparation.layout.target, *preparation.layout.features]
        horizon = (
            "<p><label>Steps <input id='horizon' type='number' min='1'"
            f" value='{preparation.horizon}'></label></p>"
        )
        return _rows([dict.fromkeys(names, 0)] * preparation.lags) + horizon
    return (
        "<p><textarea id='prompt'></textarea></p><button id='send'>Write</button>"
        "<pre id='text'></pre>"
    )


def _rows(example: list[dict[str, object]]) -> str:
    text = html.escape(json.dumps(example, indent=1, ensure_ascii=False))
    return f"<p><textarea id='rows'>{text}</textarea></p><button id='send'>Predict</button>"


def _example(encoder: object) -> object:
    if isinstance(encoder, CategoryEncoder):
        return encoder.known[0]
    scaling = encoder.scaling  # type: ignore[attr-defined]
    return "2026-01-01" if hasattr(encoder, "circles") else round(scaling.mean, 3)
