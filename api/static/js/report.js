// An issued report can be dropped instead of chosen.

const place = document.querySelector("[data-drop-one]");
if (place) {
  const input = place.querySelector("input[type=file]");
  place.querySelector("[data-drop-hint]").hidden = false;
  const show = () => {
    place.querySelector("[data-chosen]").textContent = input.files.length ? input.files[0].name : "";
  };
  input.addEventListener("change", show);
  for (const kind of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      place.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        show();
      }
    });
  }
}
