// What every page has: forms that send themselves when a choice is made, questions before grave acts, copying.

for (const control of document.querySelectorAll("[data-auto]")) {
  control.addEventListener("change", () => submit(control.form));
}

function submit(form) {
  // Empty fields would only make the address longer.
  for (const field of form.elements) {
    if (field.name && field.value === "" && !field.required) field.disabled = true;
  }
  form.requestSubmit();
}

for (const form of document.querySelectorAll("form[data-search]")) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) {
      if (field.name && field.value === "" && field.name !== "q") field.disabled = true;
    }
  });
  // Coming back with the browser's button must not find them disabled.
  window.addEventListener("pageshow", () => {
    for (const field of form.elements) field.disabled = false;
  });
}

for (const button of document.querySelectorAll("[data-confirm]")) {
  button.addEventListener("click", (event) => {
    if (!window.confirm(button.dataset.confirm)) event.preventDefault();
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
  });
}

if (window.matchMedia("(max-width: 52rem)").matches) {
  for (const fold of document.querySelectorAll("details.fold")) fold.open = false;
}

const filed = document.querySelector("[data-filed]");
if (filed) {
  // It is in the archive now: the draft has done its work, and a reload says so only once.
  localStorage.removeItem(`draft:${filed.dataset.filed}`);
  history.replaceState(null, "", location.pathname);
}
