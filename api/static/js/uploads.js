// Files of a form: sent one by one while the rest is written, each with its progress, its role, and a retry.

const AT_ONCE = 3;
const ROLE_WORDS = [
  ["attendance_sheet", /签到|考勤|sign-?in|attendance/i], ["minutes", /纪要|记录|minutes/i], ["manuscript", /讲稿|课件|发言|manuscript/i],
  ["plan", /方案|计划|plan/i], ["report", /报告|总结|report/i], ["notice", /通知|通报|notice/i], ["scan", /扫描|scan/i],
];

export class Uploads {
  constructor(form, words, changed) {
    this.form = form;
    this.words = words;
    this.changed = changed;
    this.list = form.querySelector("[data-uploads]");
    this.template = form.querySelector("[data-upload-row]");
    this.items = [];
    this.resume();
    this.listen();
  }

  get busy() {
    return this.items.some((item) => item.state === "waiting" || item.state === "sending");
  }

  get failed() {
    return this.items.some((item) => item.state === "failed");
  }

  listen() {
    const drop = this.form.querySelector("[data-drop]");
    const input = this.form.querySelector("#f-files");
    const camera = this.form.querySelector("#f-camera");
    drop.querySelector("[data-drop-hint]").hidden = false;
    if (window.matchMedia("(pointer: coarse)").matches) drop.querySelector("[data-camera]").hidden = false;
    for (const field of [input, camera]) {
      field.addEventListener("change", () => {
        this.add(field.files);
        field.value = ""; // the form itself must not send them a second time
      });
    }
    for (const kind of ["dragover", "dragleave", "drop"]) {
      drop.addEventListener(kind, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", kind === "dragover");
        if (kind === "drop") this.add(event.dataTransfer.files);
      });
    }
    this.form.addEventListener("paste", (event) => {
      if (event.clipboardData && event.clipboardData.files.length) this.add(event.clipboardData.files);
    });
  }

  // What was sent before the server refused the form need not be sent again.
  resume() {
    for (const row of [...this.list.children]) {
      const { name, sha256, role, mediaType } = row.dataset;
      row.remove();
      const item = this.row(name, mediaType || "");
      item.sha256 = sha256;
      item.select.value = role;
      this.show(item, "done");
    }
  }

  add(files) {
    for (const file of files) {
      const item = this.row(this.freeName(file.name), file.type);
      item.file = file;
      item.select.value = guess(item.name, file.type);
      if (file.type.startsWith("image/")) this.preview(item);
      this.show(item, "waiting");
    }
    this.next();
    this.changed();
  }

  freeName(name) {
    const taken = new Set(this.items.map((item) => item.name));
    if (!taken.has(name)) return name;
    const dot = name.lastIndexOf(".");
    const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
    for (let n = 2; ; n += 1) if (!taken.has(`${stem}（${n}）${ending}`)) return `${stem}（${n}）${ending}`;
  }

  row(name, type) {
    const node = this.template.content.firstElementChild.cloneNode(true);
    const item = { name, node, state: "", select: node.querySelector("select") };
    node.querySelector("[data-name]").textContent = name;
    node.querySelector(".kind").textContent = kindOf(name, type);
    const remove = node.querySelector("[data-remove]");
    remove.setAttribute("aria-label", this.words.remove.replace("{name}", name));
    remove.addEventListener("click", () => {
      if (item.request) item.request.abort();
      this.items = this.items.filter((other) => other !== item);
      node.remove();
      this.twins();
      this.next();
      this.changed();
    });
    node.querySelector("[data-retry]").addEventListener("click", () => {
      this.show(item, "waiting");
      this.next();
    });
    item.select.addEventListener("change", () => this.changed());
    this.items.push(item);
    this.list.append(node);
    return item;
  }

  preview(item) {
    const picture = document.createElement("img");
    picture.alt = "";
    picture.src = URL.createObjectURL(item.file);
    picture.addEventListener("load", () => URL.revokeObjectURL(picture.src));
    item.node.querySelector(".kind").replaceChildren(picture);
  }

  next() {
    const free = AT_ONCE - this.items.filter((item) => item.state === "sending").length;
    for (const item of this.items.filter((other) => other.state === "waiting").slice(0, Math.max(0, free))) this.send(item);
  }

  send(item) {
    const request = new XMLHttpRequest();
    item.request = request;
    request.open("POST", `${this.form.dataset.upload}?name=${encodeURIComponent(item.name)}`);
    request.setRequestHeader("X-CSRF-Token", this.form.elements.csrf.value);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) this.show(item, "sending", Math.floor((event.loaded / event.total) * 100));
    });
    request.addEventListener("load", () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        answer = {};
      }
      if (request.status === 201) {
        item.sha256 = answer.sha256;
        this.show(item, "done");
        this.twins();
      } else {
        this.show(item, "failed", 0, answer.detail);
      }
      this.next();
      this.changed();
    });
    request.addEventListener("error", () => {
      this.show(item, "failed", 0, this.words.interrupted);
      this.next();
      this.changed();
    });
    this.show(item, "sending", 0);
    request.send(item.file);
  }

  show(item, state, percent = 0, detail = "") {
    const said = {
      waiting: this.words.waiting,
      sending: this.words.sending.replace("{percent}", percent),
      done: item.file && item.file.size === 0 ? this.words.empty : this.words.sent,
      failed: detail || this.words.failed,
    };
    item.state = state;
    item.node.classList.toggle("done", state === "done");
    item.node.classList.toggle("failed", state === "failed");
    const bar = item.node.querySelector("progress");
    bar.value = state === "done" ? 100 : percent;
    bar.hidden = state === "done" || state === "failed";
    item.node.querySelector(".state").textContent = said[state];
    item.node.querySelector("[data-retry]").hidden = state !== "failed";
  }

  // Same bytes twice are told, not refused: the clerk knows whether that is meant.
  twins() {
    const first = new Map();
    for (const item of this.items.filter((other) => other.state === "done")) {
      const twin = first.get(item.sha256);
      item.node.classList.toggle("twin", Boolean(twin));
      if (twin) item.node.querySelector(".state").textContent = this.words.twin.replace("{name}", twin.name);
      else first.set(item.sha256, item);
    }
  }

  // The server says which contents the archive has already.
  kept(digests) {
    for (const item of this.items) {
      if (item.state === "done" && !item.node.classList.contains("twin") && digests.includes(item.sha256)) {
        item.node.querySelector(".state").textContent = this.words.kept;
      }
    }
  }

  entries() {
    return this.items
      .filter((item) => item.state === "done")
      .flatMap((item, n) => [
        [`_upload.${n}.name`, item.name],
        [`_upload.${n}.sha256`, item.sha256],
        [`_upload.${n}.role`, item.select.value],
      ]);
  }
}

function kindOf(name, type) {
  if (type.startsWith("image/")) return type.slice(6).replace("jpeg", "jpg").slice(0, 4);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1, dot + 5) : "—";
}

function guess(name, type) {
  const known = ROLE_WORDS.find(([, word]) => word.test(name));
  if (known) return known[0];
  return type.startsWith("image/") ? "photo" : "other";
}
