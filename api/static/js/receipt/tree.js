// The Merkle tree of RFC 6962: a leaf's hash, and whether a proof leads from it to the root (RFC 9162, 2.1.3.2).

import { Refused, joined, same, sha256 } from "./bytes.js";

export const HASH_SIZE = 32;

export function leafHash(entry) {
  return sha256(joined(Uint8Array.of(0), entry));
}

function nodeHash(left, right) {
  return sha256(joined(Uint8Array.of(1), left, right));
}

/** Throws unless the leaf is number `index` of the tree of that size and root. */
export async function checkInclusion(index, size, leaf, proof, root) {
  if (index >= size) throw new Refused("proof_invalid", "outside");
  let position = index;
  let last = size - 1n;
  let node = leaf;
  for (const sibling of proof) {
    if (last === 0n) throw new Refused("proof_invalid", "length");
    if (position & 1n || position === last) {
      node = await nodeHash(sibling, node);
      while (!(position & 1n) && position) {
        position >>= 1n;
        last >>= 1n;
      }
    } else {
      node = await nodeHash(node, sibling);
    }
    position >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n) throw new Refused("proof_invalid", "length");
  if (!same(node, root)) throw new Refused("proof_invalid", "root");
}
