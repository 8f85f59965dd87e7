// What a receipt proves under a policy. It agrees with the command `jianzheng receipt verify`; tests hold it to that.

import { Refused, same, toBase64, utf8 } from "./bytes.js";
import { cosignedAt, openNote, parseCheckpoint, parseNote } from "./note.js";
import { readCompleteness, readReceipt } from "./proof.js";
import { checkInclusion } from "./tree.js";

const MAX_RECEIPT = 16 << 20;

/**
 * `ok` says whether it holds, `error` why it does not; `malformed` that the file cannot be read at all. Never throws for
 * what is in the file.
 */
export async function judge(bytes, policy) {
  let receipts;
  let complete = null;
  try {
    const text = bytes.length > MAX_RECEIPT ? null : utf8(bytes);
    if (text?.trimStart().startsWith("{")) {
      complete = await readCompleteness(text);
      receipts = complete.receipts;
    } else {
      receipts = [await readReceipt(text)];
    }
    for (const { proof } of receipts) parseCheckpoint(parseNote(proof.checkpoint).text);
  } catch (error) {
    return refused(error, true);
  }
  try {
    const trusted = await (complete ? checkComplete(complete, policy) : checkOne(receipts[0], policy));
    const events = receipts.map(said);
    return { ok: true, kind: complete ? "complete" : "event", events, ...trusted, witnessed: policy.witnessed };
  } catch (error) {
    return refused(error, false);
  }
}

function refused(error, malformed) {
  if (!(error instanceof Refused)) throw error;
  return { ok: false, malformed, error };
}

async function checkOne(receipt, policy) {
  const trusted = await openTrusted(receipt.proof.checkpoint, policy);
  await included(receipt, trusted.checkpoint);
  return trusted;
}

async function checkComplete({ note, statement, receipts }, policy) {
  await openNote(note, policy.logs);
  await openNote(note, policy.logs.filter((log) => log.name === statement.origin));
  const odd = () => new Refused("proof_invalid", "complete_differs");
  if (receipts.length !== statement.leaves.length) throw odd();
  const first = receipts[0].proof.checkpoint;
  const trusted = await openTrusted(first, policy);
  const tree = trusted.checkpoint;
  if (tree.origin !== statement.origin || tree.size !== statement.size || !same(tree.root, statement.root)) throw odd();
  for (const [n, receipt] of receipts.entries()) {
    const { id, version, proof } = receipt;
    if (proof.checkpoint !== first || id !== statement.stream) throw odd();
    if (version !== n + 1 || proof.index !== statement.leaves[n]) throw odd();
    await included(receipt, tree);
  }
  return trusted;
}

function included({ proof, leaf }, tree) {
  return checkInclusion(proof.index, tree.size, leaf, proof.hashes, tree.root);
}

/** The checkpoint, its log and its witnesses; `unchecked` are witnesses whose signatures a browser cannot check. */
async function openTrusted(whole, policy) {
  const note = parseNote(whole);
  const { good, unchecked } = await openNote(note, [...policy.logs, ...policy.witnesses.values()]);
  const checkpoint = parseCheckpoint(note.text);
  const address = (key) => `${key.name}+${key.keyId}`;
  const log = policy.logs.find((key) => key.name === checkpoint.origin && good.has(address(key)));
  if (!log) throw new Refused("note_invalid", "log");
  const witnesses = [];
  const aside = [];
  for (const [name, key] of policy.witnesses) {
    if (good.has(address(key))) witnesses.push({ name, at: cosignedAt(good.get(address(key)).blob) });
    else if (unchecked.has(address(key))) aside.push(name);
  }
  const names = witnesses.map((witness) => witness.name);
  if (!policy.satisfied(names)) {
    const perhaps = policy.satisfied([...names, ...aside]);
    throw new Refused("quorum_not_met", perhaps ? "quorum_unchecked" : "quorum");
  }
  return { checkpoint, log, witnesses, unchecked: aside };
}

/** What an event says of itself; empty where it does not, or says it in another way than ours do. */
export function said(receipt) {
  let event = {};
  try {
    event = JSON.parse(utf8(receipt.state) ?? "") ?? {};
  } catch {
    // not JSON: then it says nothing to a person
  }
  const text = (value) => (typeof value === "string" ? value.slice(0, 1000) : "");
  const files = Array.isArray(event.files) ? event.files : [];
  return {
    record: receipt.id,
    revision: receipt.version,
    topic: receipt.topic,
    title: text(event.content?.title),
    code: text(event.code),
    at: text(event.recorded_at),
    by: text(event.actor),
    reason: text(event.reason) || text(event.remark) || text(event.note),
    files: files
      .filter((file) => text(file?.sha256) && Number.isInteger(file.size))
      .map((file) => ({ name: text(file.name), sha256: file.sha256, size: file.size })),
    index: receipt.proof.index,
    leaf: toBase64(receipt.leaf),
  };
}
