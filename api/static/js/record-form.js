// The page on which a record is filed or corrected: live checks, rows, people, files, and a draft in the browser.

import { enhancePeople } from "./people.js";
import { Uploads } from "./uploads.js";

const form = document.getElementById("record-form");
const words = JSON.parse(document.getElementById("words").textContent);
const PAUSE = 500;

const uploads = new Uploads(form, words, changed);
const touched = new Set();
let tried = form.dataset.tried === "yes";
let timer = 0;
let asked = 0;
let leaving = false;

// ── rows of tables ──────────────────────────────────────────────────────────────────────────────────────────────

for (const box of form.querySelectorAll("[data-rows]")) {
  const body = box.querySelector("tbody");
  box.querySelector("[data-add-row]").addEventListener("click", () => {
    addRow(box).querySelector("input, select, textarea").focus();
    changed();
  });
  body.addEventListener("click", (event) => {
    const button = event.target.closest("[data-drop-row]");
    if (!button) return;
    button.closest("tr").remove();
    changed();
  });
  // Enter in the last row begins another one, as in a spreadsheet.
  body.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.target.tagName === "TEXTAREA") return;
    event.preventDefault();
    if (event.target.closest("tr") === body.lastElementChild) addRow(box);
    body.lastElementChild.querySelector("input, select, textarea").focus();
  });
}

function addRow(box) {
  const body = box.querySelector("tbody");
  const used = [...body.querySelectorAll("[name]")].map((field) => Number(field.name.slice(box.dataset.rows.length + 1).split(".")[0]));
  const n = String(Math.max(-1, ...used) + 1);
  const row = box.querySelector("template").content.firstElementChild.cloneNode(true);
  for (const node of [row, ...row.querySelectorAll("*")]) {
    for (const attribute of ["id", "name", "aria-describedby", "data-field", "for"]) {
      const value = node.getAttribute(attribute);
      if (value) node.setAttribute(attribute, value.replaceAll("--n--", n).replaceAll("__n__", n));
    }
  }
  body.append(row);
  return row;
}

enhancePeople(form, words);

// ── live checks ─────────────────────────────────────────────────────────────────────────────────────────────────

form.addEventListener("input", (event) => {
  if (event.target.name) touched.add(pathOf(event.target.name));
  changed();
});
form.addEventListener("change", (event) => {
  if (event.target.id === "f-organisation") changed();
});

function changed() {
  if (form.dataset.check) {
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE);
  }
  save();
}

function pathOf(name) {
  return name.replace(/\.(date|time)$/, "");
}

function posted() {
  const data = new FormData(form);
  data.delete("_file");
  for (const [name, value] of uploads.entries()) data.set(name, value);
  return new URLSearchParams([...data].filter(([, value]) => typeof value === "string"));
}

async function check() {
  const mine = (asked += 1);
  let answer;
  try {
    const response = await fetch(form.dataset.check, { method: "POST", body: posted(), headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    answer = await response.json();
  } catch {
    if (mine === asked) list([["gap", "", words.offline]]);
    return;
  }
  if (mine === asked) tell(answer);
}

function tell(answer) {
  const said = new Map();
  const lines = [];
  const empty = [];
  for (const problem of answer.problems) {
    const field = fieldOf(problem.field);
    const quiet = !tried && !isTouched(problem.field);
    if (quiet) {
      empty.push(label(field) || problem.message);
      continue;
    }
    if (field) said.set(field, ["bad", problem.message]);
    lines.push(["bad", problem.id, problem.message]);
  }
  if (empty.length) lines.push(["gap", "", words.required.replace("{fields}", [...new Set(empty)].join(words.separator))]);
  for (const gap of answer.gaps) {
    const field = fieldOf(gap.field);
    if (field && !said.has(field) && isTouched(gap.field)) said.set(field, ["gap", gap.message]);
    lines.push(["gap", gap.field.startsWith("file:") ? "files" : gap.id, gap.message]);
  }
  if (!lines.length) lines.push(["ok", "", words.gaps_none]);
  for (const line of form.querySelectorAll(".said:not([data-said-files])")) {
    const box = line.closest("[data-field]");
    const [tone, message] = said.get(box) ?? ["", ""];
    line.className = tone ? `said ${tone}` : "said";
    line.textContent = message;
    box.classList.toggle("is-bad", tone === "bad");
  }
  for (const control of form.querySelectorAll("[aria-describedby^=said-]")) {
    const box = control.closest("[data-field]");
    const bad = Boolean(box) && said.has(box) && said.get(box)[0] === "bad";
    if (bad) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
  list(lines);
  uploads.kept(answer.kept);
  suggest(answer.people);
}

function list(lines) {
  const place = form.querySelector("[data-checks]");
  form.querySelector("[data-checks-empty]").hidden = true;
  place.replaceChildren(
    ...lines.map(([tone, target, message]) => {
      const item = document.createElement("li");
      item.className = tone;
      if (target && document.getElementById(target)) {
        const link = document.createElement("a");
        link.href = `#${target}`;
        link.textContent = message;
        link.addEventListener("click", (event) => go(event, target));
        item.append(link);
      } else {
        item.textContent = message;
      }
      return item;
    }),
  );
}

function go(event, target) {
  const node = document.getElementById(target);
  const details = node.closest("details");
  if (details) details.open = true;
  event.preventDefault();
  node.scrollIntoView({ block: "center" });
  if (node.matches("input, select, textarea")) node.focus();
}

// The box of the field that a path means, or of the nearest one around it.
function fieldOf(path) {
  for (let at = path; at; at = at.includes(".") ? at.slice(0, at.lastIndexOf(".")) : "") {
    const box = form.querySelector(`[data-field="${CSS.escape(at)}"]`);
    if (box) return box;
  }
  return null;
}

function isTouched(path) {
  return [...touched].some((name) => name === path || name.startsWith(`${path}.`) || path.startsWith(`${name}.`));
}

function label(field) {
  const node = field && field.querySelector("label, .label");
  return node ? node.firstChild.textContent.trim() : "";
}

function suggest(people) {
  const place = document.getElementById("people");
  if (people && place.options.length !== people.length) {
    place.replaceChildren(...people.map((name) => Object.assign(document.createElement("option"), { value: name })));
  }
}

// ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────

form.addEventListener("submit", (event) => {
  tried = true;
  const said = form.querySelector("[data-said-files]");
  if (uploads.failed) {
    event.preventDefault();
    said.className = "said bad";
    said.textContent = words.leave;
    said.scrollIntoView({ block: "center" });
    return;
  }
  if (uploads.busy) {
    event.preventDefault();
    said.className = "said gap";
    said.textContent = words.busy;
    const wait = setInterval(() => {
      if (uploads.busy) return;
      clearInterval(wait);
      said.textContent = "";
      form.requestSubmit();
    }, 200);
    return;
  }
  for (const old of form.querySelectorAll("[data-sent-upload]")) old.remove();
  for (const [name, value] of uploads.entries()) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    field.dataset.sentUpload = "yes";
    form.append(field);
  }
  leaving = true;
});
window.addEventListener("pageshow", () => {
  leaving = false;
});
window.addEventListener("beforeunload", (event) => {
  if (!leaving && uploads.busy) event.preventDefault();
});

// ── the draft ───────────────────────────────────────────────────────────────────────────────────────────────────

const key = form.dataset.draft ? `draft:${form.dataset.draft}` : "";

function save() {
  if (!key) return;
  const kept = [...new FormData(form)].filter(
    ([name, value]) => typeof value === "string" && value && !name.startsWith("_") && name !== "csrf",
  );
  const written = kept.some(([name]) => !["family", "form", "organisation"].includes(name));
  try {
    if (written) localStorage.setItem(key, JSON.stringify(kept));
    else localStorage.removeItem(key);
  } catch {
    return; // no room, or not allowed: the form works without
  }
  note(written ? words.draft_saved : "");
}

function restore() {
  const written = key && !tried ? localStorage.getItem(key) : null;
  if (!written) return;
  let kept = [];
  try {
    kept = JSON.parse(written);
  } catch {
    return;
  }
  for (const [name, value] of kept) {
    let field = form.elements.namedItem(name);
    if (!field) {
      const box = [...form.querySelectorAll("[data-rows]")].find((each) => name.startsWith(`${each.dataset.rows}.`));
      for (let tries = 0; box && !field && tries < 500; tries += 1) {
        addRow(box);
        field = form.elements.namedItem(name);
      }
    }
    if (!field || !("value" in field) || field.type === "file") continue;
    field.value = value;
    touched.add(pathOf(name));
    const people = field.closest("[data-people]");
    if (people) people.redraw();
    const details = field.closest("details");
    if (details) details.open = true;
  }
  note(words.draft_found);
  changed();
}

function note(text) {
  const place = form.querySelector("[data-draft-note]");
  if (!place) return;
  place.hidden = !text;
  const said = place.querySelector("[data-draft-said]");
  if (said.textContent !== words.draft_found || !text) said.textContent = text;
}

const discard = form.querySelector("[data-draft-drop]");
if (discard) {
  discard.addEventListener("click", () => {
    if (key) localStorage.removeItem(key);
    location.reload();
  });
}

restore();
if (form.dataset.check) check();
const refused = document.getElementById("problems");
if (refused) refused.focus();
