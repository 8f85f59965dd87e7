// The page "Check a receipt": takes files, has them judged in this very browser, and says what is proven. Once it is
// loaded it asks the network for nothing by itself, and no file leaves the machine.

import { asking } from "./asking.js";
import { fromBase64, sha256, toBase64, toHex } from "./bytes.js";
import { judge } from "./judge.js";
import { canVerify } from "./note.js";
import { readPolicy } from "./policy.js";

const place = document.getElementById("receipt");
const result = document.getElementById("result");
const words = JSON.parse(document.getElementById("words").textContent);
const lang = document.documentElement.lang;
const taken = { receipt: [], policy: [], files: [] };
let turn = 0; // the newest of several checks under way is the one that is shown

function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

function element(name, className, ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside.filter((each) => each !== null));
  return made;
}

function when(instant) {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "";
  return new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "medium", timeZone: place.dataset.zone }).format(at);
}

async function bytesOf(file) {
  return new Uint8Array(await file.arrayBuffer());
}

async function check() {
  turn += 1;
  const mine = turn;
  if (!taken.receipt.length) return result.replaceChildren();
  const shown = await toShow().catch((error) => [problem(say("failed"), String(error))]);
  if (mine === turn) result.replaceChildren(...shown);
}

/** What is to be shown for what was taken. */
async function toShow() {
  let policy;
  try {
    const chosen = taken.policy[0];
    policy = await readPolicy(chosen ? await bytesOf(chosen) : fromBase64(place.dataset.policy));
  } catch (error) {
    return [problem(say("bad_policy"), because(error))];
  }
  const bytes = await bytesOf(taken.receipt[0]);
  if (String.fromCharCode(...bytes.slice(0, 5)) === "%PDF-") return [problem(say("pdf"), say("pdf_next"))];
  const verdict = await judge(bytes, policy);
  if (!verdict.ok) return [problem(say(verdict.malformed ? "unreadable" : "nothing"), because(verdict.error))];
  return proven(verdict, await compared(verdict));
}

function because(error) {
  const why = `why:${error.why}`;
  return say(why in words ? why : "failed", { line: error.line });
}

/** The person's own files, each with the name that the event has for it; null where no event names it. */
async function compared({ events }) {
  const named = new Map(events.flatMap((event) => event.files).map((file) => [file.sha256, file.name]));
  const all = [];
  for (const file of taken.files) {
    const digest = toHex(await sha256(await bytesOf(file)));
    all.push({ path: file.name, digest, name: named.get(digest) ?? null });
  }
  return all;
}

// ── what is said ───────────────────────────────────────────────────────────────────────────────────────────────────

function problem(title, text) {
  return element("section", "stamp bad", element("h2", "", title), element("p", "small", text));
}

function proven(verdict, files) {
  const wrong = files.filter((file) => file.name === null);
  const title = verdict.kind === "complete" ? say("complete", { n: verdict.events.length }) : say("holds");
  const head = element("section", "stamp ok", element("h2", "", title));
  head.append(element("p", "small", say("holds_about", { size: verdict.checkpoint.size })));
  const parts = [head];
  if (wrong.length) parts.push(problem(say("other_file"), say("other_file_about")));
  if (files.length) parts.push(fileList(files));
  if (!taken.policy.length) parts.push(warning(say("own_key")));
  if (!verdict.witnessed) parts.push(warning(say("no_witness")));
  if (verdict.unchecked.length) parts.push(warning(say("unchecked", { names: verdict.unchecked.join(", ") })));
  const ours = verdict.checkpoint.origin === place.dataset.origin;
  parts.push(...verdict.events.map((event) => eventSheet(event, ours)), treeSheet(verdict));
  return parts;
}

function warning(text) {
  return element("div", "notice due", element("p", "", text));
}

function tell(text, kind = "") {
  return kind === "due" ? warning(text) : element("p", "small", kind === "ok" ? "✓ " : "", text);
}

function fileList(files) {
  const items = files.map((file) => {
    const text = file.name === null ? say("file_differs", { path: file.path }) : say("file_same", file);
    return element("li", "", file.name === null ? "✕ " : "✓ ", text, element("br"), element("code", "", file.digest));
  });
  return element("section", "sheet", element("h2", "", say("your_files")), element("ul", "bare stack", ...items));
}

function facts(rows) {
  const list = element("dl", "facts");
  for (const [name, value] of rows) {
    if (value === "" || value === null) continue;
    list.append(element("dt", "", name), element("dd", "", value));
  }
  return list;
}

/** `ours`: the archive that serves this page has the event, and can be asked what became of it. */
function eventSheet(event, ours) {
  const act = words[`act:${event.topic}`] ?? event.topic;
  const sheet = element("section", "sheet stack", element("h2", "", event.title || act));
  sheet.append(
    facts([
      [say("event"), say("event_n", { act, n: event.revision })],
      [say("code"), event.code],
      [say("by"), event.by],
      [say("at"), when(event.at)],
      [say("reason"), event.reason],
      [say("record"), element("code", "", event.record)],
      [say("index"), String(event.index)],
      [say("leaf"), element("code", "", event.leaf)],
    ]),
  );
  if (event.files.length) {
    const items = event.files.map((file) => {
      const size = say("bytes", { n: file.size.toLocaleString(lang) });
      return element("li", "", file.name, " ", element("small", "", size), element("br"), element("code", "", file.sha256));
    });
    sheet.append(element("h3", "", say("named_files")), element("ul", "bare stack", ...items));
  }
  if (ours) sheet.append(asking(event, { say, when, tell }));
  return sheet;
}

function treeSheet({ checkpoint, log, witnesses }) {
  const signed = witnesses.map(({ name, at }) => `${name} ${when(Number(at) * 1000) || at}`).join("\n");
  return element(
    "section",
    "sheet",
    element("h2", "", say("ledger")),
    facts([
      [say("origin"), element("code", "", checkpoint.origin)],
      [say("size"), String(checkpoint.size)],
      [say("root"), element("code", "", toBase64(checkpoint.root))],
      [say("key"), element("code", "", log.keyId)],
      [say("witnesses"), signed || say("none")],
    ]),
  );
}

// ── taking files ───────────────────────────────────────────────────────────────────────────────────────────────────

function take(kind, box, files) {
  taken[kind] = kind === "files" ? [...files] : [...files].slice(0, 1);
  box.querySelector("[data-chosen]").textContent = taken[kind].map((file) => file.name).join(" · ");
  box.querySelector("[data-hint]").hidden = taken[kind].length > 0;
  check();
}

for (const box of place.querySelectorAll("[data-take]")) {
  const kind = box.dataset.take;
  const input = box.querySelector("input");
  input.addEventListener("change", () => take(kind, box, input.files));
  for (const event of ["dragover", "dragleave", "drop"]) {
    box.addEventListener(event, (moved) => {
      moved.preventDefault();
      box.classList.toggle("over", event === "dragover");
      if (event === "drop" && moved.dataTransfer.files.length) take(kind, box, moved.dataTransfer.files);
    });
  }
}

document.getElementById("receipt-form").addEventListener("submit", (event) => event.preventDefault());
if (!(await canVerify())) {
  document.getElementById("receipt-unable").hidden = false;
  document.getElementById("receipt-form").hidden = true;
}
