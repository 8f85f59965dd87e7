// Watches the check while it runs.

const place = document.getElementById("check");
const EVERY = 700;

function running() {
  return place.querySelector("[data-running=yes]") !== null;
}

async function look() {
  try {
    const answer = await fetch(place.dataset.progress, { headers: { Accept: "text/html" } });
    if (answer.ok) {
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceChildren(...parsed.body.childNodes);
    }
  } finally {
    if (running()) setTimeout(look, EVERY);
    else location.replace("/verify"); // the state of the ledger beside every page has changed too
  }
}

if (running()) setTimeout(look, EVERY);
