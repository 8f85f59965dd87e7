// Asks the archive what became of a proven event: whether it was lawfully erased since. Only when somebody presses the
// button, and only with what names the event; the proof holds whatever the answer.

/** The button, and in its place the answer. `tell` makes a paragraph; `say` and `when` are the page's words. */
export function asking(event, { say, when, tell }) {
  const place = document.createElement("div");
  place.className = "stack";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn small";
  button.textContent = say("ask");
  button.addEventListener("click", async () => {
    button.disabled = true;
    place.replaceChildren(tell(...(await answer(event, say, when))));
  });
  place.append(button, tell(say("ask_about")));
  return place;
}

async function answer(event, say, when) {
  const query = new URLSearchParams({ record: event.record, version: event.revision, leaf: event.leaf });
  try {
    const response = await fetch(`/api/v1/receipts/event?${query}`);
    if (!response.ok) return [say("no_answer"), "due"];
    const { known, erased } = await response.json();
    if (!known) return [say("unknown"), "due"];
    if (!erased) return [say("still"), "ok"];
    const ground = document.documentElement.lang === "en" ? erased.ground_en : erased.ground_zh;
    const values = { at: when(erased.at), record: erased.record, n: erased.revision, ground, basis: erased.basis };
    return [say("erased", values), "due"];
  } catch {
    return [say("no_answer"), "due"]; // without a network there is none
  }
}
