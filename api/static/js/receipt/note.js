// Signed notes, verifier keys and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

import { Refused, decimal, encoder, fromBase64, joined, sha256, toHex } from "./bytes.js";
import { HASH_SIZE } from "./tree.js";

export const ED25519 = 1;
export const COSIGNATURE_ED25519 = 4;
export const COSIGNATURE_ML_DSA_44 = 6;
export const LOG_KEYS = [ED25519];
export const WITNESS_KEYS = [COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44];

const PUBLIC_KEY_SIZES = { [ED25519]: 32, [COSIGNATURE_ED25519]: 32, [COSIGNATURE_ML_DSA_44]: 1312 };
const MAX_SIGNATURES = 100;
const MAX_NOTE = 1000000;
const COSIGNATURE_SIZE = 8 + 64;
// What counts as a space is spelled out, so that it is the same here as in the command.
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const IN_A_NAME = new RegExp(`[${SPACE}+\\x00-\\x1f]`);
const AROUND = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");

const wrong = (why = "note") => new Refused("note_invalid", why);

function keyName(name) {
  if (!name || IN_A_NAME.test(name)) throw wrong();
  return name;
}

/** `<name>+<hex key id>+base64(type ‖ public key)`; throws unless the id fits the key and the type is wanted. */
export async function parseVkey(text, kinds = LOG_KEYS) {
  const match = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text.replace(AROUND, ""));
  const material = match && fromBase64(match[3]);
  if (!material) throw wrong("key");
  const name = keyName(match[1]);
  const [kind, publicKey] = [material[0], material.slice(1)];
  if (!kinds.includes(kind) || publicKey.length !== PUBLIC_KEY_SIZES[kind]) throw wrong("key");
  const digest = await sha256(joined(encoder.encode(`${name}\n`), material));
  const keyId = toHex(digest.slice(0, 4));
  if (keyId !== match[2]) throw wrong("key");
  return { name, kind, publicKey, keyId };
}

/** The parts of a note, nothing verified: `text` ends in a newline. */
export function parseNote(whole) {
  if (whole === null || (whole.length > MAX_NOTE && [...whole].length > MAX_NOTE)) throw wrong();
  if (/[\x00-\x09\x0b-\x1f]/.test(whole)) throw wrong();
  const at = whole.lastIndexOf("\n\n");
  if (at < 0 || !whole.endsWith("\n") || at + 2 === whole.length) throw wrong();
  const lines = whole.slice(at + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw wrong();
  return { text: whole.slice(0, at + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line) {
  const match = /^— ([^ ]*) (.*)$/s.exec(line);
  const blob = match && fromBase64(match[2]);
  if (!blob || blob.length <= 4) throw wrong();
  return { name: keyName(match[1]), keyId: toHex(blob.slice(0, 4)), blob: blob.slice(4) };
}

/**
 * The signatures of known keys, each verified; those of strangers are ignored. `unchecked` are those that a browser has
 * no arithmetic for. Throws where one of a known key fails, and where none is left.
 */
export async function openNote(note, keys) {
  const known = new Map(keys.map((key) => [`${key.name}+${key.keyId}`, key]));
  const good = new Map();
  const unchecked = new Map();
  for (const signature of note.signatures) {
    const address = `${signature.name}+${signature.keyId}`;
    const key = known.get(address);
    if (!key) continue;
    if (key.kind === COSIGNATURE_ML_DSA_44) unchecked.set(address, signature);
    else if (await verifies(key, note.text, signature.blob)) good.set(address, signature);
    else throw wrong("signature");
  }
  if (!good.size) throw wrong("stranger");
  return { good, unchecked };
}

async function verifies(key, text, blob) {
  let message = encoder.encode(text);
  let signature = blob;
  if (key.kind === COSIGNATURE_ED25519) {
    const time = cosignedAt(blob);
    if (time === null) return false;
    parseCheckpoint(text); // a witness speaks of checkpoints only
    message = encoder.encode(`cosignature/v1\ntime ${time}\n${text}`);
    signature = blob.slice(8);
  }
  if (signature.length !== 64) return false;
  try {
    const imported = await crypto.subtle.importKey("raw", key.publicKey, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
  } catch {
    return false; // no point of the curve
  }
}

/** When a witness signed, in seconds since 1970 as a BigInt; null for bytes that are no cosignature. */
export function cosignedAt(blob) {
  if (blob.length !== COSIGNATURE_SIZE) return null;
  const time = new DataView(blob.buffer, blob.byteOffset, 8).getBigUint64(0);
  return time > 0n && time < 1n << 63n ? time : null;
}

export function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length < 4 || lines.pop() !== "" || lines.some((line) => line === "")) throw wrong("checkpoint");
  const [origin, size, root] = lines;
  const [number, digest] = [decimal(size), fromBase64(root)];
  if (number === null || !digest || digest.length !== HASH_SIZE) throw wrong("checkpoint");
  return { origin, size: number, root: digest };
}

/** Whether this browser can check signatures at all: older ones have no Ed25519, and none has it on plain HTTP. */
export async function canVerify() {
  if (!globalThis.crypto?.subtle) return false;
  try {
    // The key and the signature of RFC 8032, 7.1, test 1.
    const hex = (text) => Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16));
    const key = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    const signature = hex(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, new Uint8Array(0));
  } catch {
    return false;
  }
}
