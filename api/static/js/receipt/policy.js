// Trust policies (C2SP tlog-policy): which logs and witnesses are trusted, and how many must have cosigned.

import { Refused, utf8 } from "./bytes.js";
import { LOG_KEYS, WITNESS_KEYS, parseVkey } from "./note.js";

const NONE = "none";
const MAX_LINES = 1000;
const MAX_POLICY = 1000000;
const WORDS = { log: [1, 2], witness: [2, 3], group: [3, MAX_LINES - 1], quorum: [1, 1] };

class Policy {
  logs = [];
  witnesses = new Map();
  groups = new Map();
  quorum = null;

  /** Whether it asks for any witness at all. */
  get witnessed() {
    return this.quorum !== NONE;
  }

  /** Whether these witnesses, by their names in the policy, are enough. */
  satisfied(cosigned) {
    const met = new Set([NONE, ...cosigned]);
    for (const [name, { threshold, members }] of this.groups) {
      if (members.filter((member) => met.has(member)).length >= threshold) met.add(name);
    }
    return met.has(this.quorum);
  }
}

/** A policy file; or verifier keys, a line each, as `/ledger/vkey` gives them. */
export async function readPolicy(bytes) {
  const lines = (utf8(bytes) ?? "").trim().split("\n");
  if (lines.every((line) => line.includes("+") && !line.startsWith("#") && !/[ \t]/.test(line))) {
    const policy = new Policy();
    for (const line of lines) policy.logs.push(await parseVkey(line));
    policy.quorum = NONE;
    return policy;
  }
  return parsePolicy(bytes);
}

/** Throws, with the number of the line, for a file that means nothing, or not one thing. */
export async function parsePolicy(bytes) {
  // Names are compared byte by byte, so a character stands for a byte here.
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const sound = text.length <= MAX_POLICY && !/[^\t\n\x20-\x7e\x80-\xff]/.test(text) && (!text || text.endsWith("\n"));
  const lines = text.split("\n");
  if (!sound || lines.length > MAX_LINES) throw new Refused("policy_invalid", "policy");
  const reader = { policy: new Policy(), grouped: new Set(), line: 0 };
  for (const line of lines) {
    reader.line += 1;
    const [first, ...words] = line.split(/[ \t]+/).filter((word) => word !== "");
    if (first === undefined || first.startsWith("#")) continue;
    const range = Object.hasOwn(WORDS, first) ? WORDS[first] : null;
    if (!range || words.length < range[0] || words.length > range[1]) throw wrong(reader);
    await READERS[first](reader, words);
  }
  if (reader.policy.quorum === null) throw new Refused("policy_invalid", "policy");
  return reader.policy;
}

const READERS = {
  async log(reader, [vkey]) {
    const { logs } = reader.policy;
    logs.push(await newKey(reader, vkey, LOG_KEYS, logs));
  },
  async witness(reader, [name, vkey]) {
    newName(reader, name);
    const { witnesses } = reader.policy;
    witnesses.set(name, await newKey(reader, vkey, WITNESS_KEYS, [...witnesses.values()]));
  },
  group(reader, [name, said, ...members]) {
    newName(reader, name);
    for (const member of members) {
      if (!defined(reader, member) || reader.grouped.has(member)) throw wrong(reader);
      reader.grouped.add(member);
    }
    const least = { any: "1", all: String(members.length) }[said] ?? said;
    if (!/^[1-9][0-9]{0,8}$/.test(least) || Number(least) > members.length) throw wrong(reader);
    reader.policy.groups.set(name, { threshold: Number(least), members });
  },
  quorum(reader, [name]) {
    if (reader.policy.quorum !== null || (name !== NONE && !defined(reader, name))) throw wrong(reader);
    reader.policy.quorum = name;
  },
};

async function newKey(reader, word, kinds, seen) {
  const text = utf8(Uint8Array.from(word, (char) => char.charCodeAt(0)));
  let key;
  try {
    key = await parseVkey(text ?? "", kinds);
  } catch {
    throw wrong(reader);
  }
  if (seen.some((other) => other.publicKey.join() === key.publicKey.join())) throw wrong(reader);
  return key;
}

function newName(reader, name) {
  if (name === NONE || defined(reader, name)) throw wrong(reader);
}

function defined({ policy }, name) {
  return policy.witnesses.has(name) || policy.groups.has(name);
}

function wrong(reader) {
  const error = new Refused("policy_invalid", "policy_line");
  error.line = reader.line;
  return error;
}
