// The stamp of a record: fetched after the page, because hashing large files takes a moment.

const place = document.querySelector("[data-stamp]");
const WAIT = 800;
const TRIES = 15;

async function check(tries) {
  const answer = await fetch(place.dataset.stamp, { headers: { Accept: "text/html" } });
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const stamp = parsed.querySelector(".stamp");
  if (!stamp) return;
  place.replaceChildren(stamp);
  if (Number(stamp.dataset.pending) > 0 && tries > 0) {
    setTimeout(() => check(tries - 1), WAIT);
  } else if (stamp.dataset.leafSaid) {
    const said = document.querySelector("[data-leaf]");
    if (said) said.textContent = stamp.dataset.leafSaid;
  }
}

if (place) check(TRIES);
