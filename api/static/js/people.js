// A field for several people: each name becomes a chip; the input that is sent keeps them all, joined by “、”.

const MARKS = /[\n,，、;；]+/;

export function enhancePeople(root, words) {
  for (const box of root.querySelectorAll("[data-people]")) enhance(box, words);
}

function enhance(box, words) {
  if (box.dataset.ready) return;
  box.dataset.ready = "yes";
  const sent = box.querySelector("input");
  const typed = sent.cloneNode();
  typed.removeAttribute("name");
  typed.value = "";
  sent.type = "hidden";
  sent.removeAttribute("id");
  sent.removeAttribute("list");
  box.append(typed);

  const names = () => sent.value.split(MARKS).map((name) => name.trim()).filter(Boolean);

  function set(list) {
    sent.value = [...new Set(list)].join("、");
    draw();
    sent.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function draw() {
    for (const chip of box.querySelectorAll(".chip")) chip.remove();
    for (const name of names()) {
      const chip = document.createElement("span");
      chip.className = "chip";
      chip.textContent = name;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "×";
      button.setAttribute("aria-label", words.remove.replace("{name}", name));
      button.addEventListener("click", () => {
        set(names().filter((other) => other !== name));
        typed.focus();
      });
      chip.append(button);
      box.insertBefore(chip, typed);
    }
  }

  function take() {
    const more = typed.value.split(MARKS).map((name) => name.trim()).filter(Boolean);
    typed.value = "";
    if (more.length) set([...names(), ...more]);
  }

  const suggested = () => typed.list && [...typed.list.options].some((option) => option.value === typed.value);
  typed.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      take();
    } else if (event.key === "Backspace" && typed.value === "") {
      set(names().slice(0, -1));
    }
  });
  typed.addEventListener("input", (event) => {
    event.stopPropagation();
    if (event.isComposing) return;
    // Choosing from the list replaces the whole value at once, without a key.
    if (MARKS.test(typed.value) || (event.inputType === "insertReplacementText" && suggested()) || !event.inputType) take();
  });
  typed.addEventListener("change", take);
  box.addEventListener("click", (event) => {
    if (event.target === box) typed.focus();
  });
  box.redraw = draw;
  draw();
}
