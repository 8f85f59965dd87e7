// Receipts: a proof that one event is in the ledger (C2SP tlog-proof) with the event itself, and completeness receipts.

import { Refused, decimal, encoder, fromBase64, sha256, toHex, utf8 } from "./bytes.js";
import { parseNote } from "./note.js";
import { HASH_SIZE, leafHash } from "./tree.js";

const HEADER = "c2sp.org/tlog-proof@v1";
const MAX_HASHES = 63;
const MAX_PROOF = 16 << 20;
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const LABEL = "jianzheng/complete-stream@v1";
export const FORMAT = "jianzheng/completeness@v1";

const wrong = (why = "proof") => new Refused("proof_invalid", why);

/** The parts of a proof, nothing verified. */
export function parseProof(text) {
  if (text === null || text.length > MAX_PROOF) throw wrong();
  const at = text.indexOf("\n\n");
  if (at < 0) throw wrong();
  const [header, ...lines] = text.slice(0, at).split("\n");
  if (header !== HEADER) throw wrong();
  const extra = lines[0]?.startsWith("extra ") ? base64(lines.shift().slice(6)) : null;
  const [word, ...rest] = (lines.shift() ?? "").split(" ");
  const index = decimal(rest.join(" "));
  if (word !== "index" || index === null || lines.length > MAX_HASHES) throw wrong();
  const hashes = lines.map(base64);
  if (hashes.some((hash) => hash.length !== HASH_SIZE)) throw wrong();
  return { index, hashes, extra, checkpoint: text.slice(at + 2) };
}

function base64(text) {
  const bytes = fromBase64(text);
  if (!bytes) throw wrong();
  return bytes;
}

/** What a receipt says, nothing verified; its `leaf` follows from the event, whatever the proof says. */
export async function readReceipt(text) {
  const proof = parseProof(text);
  const spelled = proof.extra && utf8(proof.extra);
  let said = null;
  try {
    said = JSON.parse(spelled ?? "");
  } catch {
    throw wrong("event");
  }
  const { id, state, topic, v, version } = said ?? {};
  const sound =
    v === 1 && ID.test(id) && Number.isSafeInteger(version) && typeof topic === "string" && topic.isWellFormed();
  // RFC 8785 is how JSON.stringify writes an object whose members are in order: any other spelling is refused.
  if (!sound || JSON.stringify({ id, state, topic, v, version }) !== spelled) throw wrong("event");
  const bytes = typeof state === "string" && fromBase64(state);
  if (!bytes || [...topic].length > 1000) throw wrong("event");
  const entry = { id, state: toHex(await sha256(bytes)), topic, v: 1, version };
  const leaf = await leafHash(encoder.encode(JSON.stringify(entry)));
  return { id, version, topic, state: bytes, proof, leaf };
}

/** A completeness receipt: its statement's note, the statement, and the receipts, nothing verified. */
export async function readCompleteness(text) {
  let said = null;
  try {
    said = JSON.parse(text ?? "");
  } catch {
    throw wrong("complete");
  }
  const sound =
    said !== null &&
    typeof said === "object" &&
    Object.keys(said).sort().join() === "format,receipts,statement" &&
    said.format === FORMAT &&
    typeof said.statement === "string" &&
    Array.isArray(said.receipts) &&
    said.receipts.length > 0 &&
    said.receipts.every((each) => typeof each === "string");
  if (!sound) throw wrong("complete");
  const note = parseNote(said.statement);
  const receipts = [];
  for (const each of said.receipts) receipts.push(await readReceipt(each));
  return { note, statement: parseStatement(note.text), receipts };
}

export function parseStatement(text) {
  const bad = () => new Refused("note_invalid", "statement");
  const lines = text.split("\n");
  if (lines.length !== 7 || lines[0] !== LABEL || lines[6] !== "") throw bad();
  const [, origin, stream, said, rootText, list] = lines;
  const [size, root, leaves] = [decimal(said), fromBase64(rootText), list.split(" ").map(decimal)];
  const sound = size !== null && root?.length === HASH_SIZE && ID.test(stream) && !leaves.includes(null);
  if (!sound || leaves.some((leaf, n) => leaf >= size || (n > 0 && leaves[n - 1] >= leaf))) throw bad();
  return { origin, stream, size, root, leaves };
}
