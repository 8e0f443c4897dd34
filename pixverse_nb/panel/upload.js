// A button that sends a picture to the kernel, in pieces: one message of more than 10 MB would cut the connection.
//
// Nothing is kept in the widget's state. The next piece goes when the kernel has taken in the one before.

const PIECE_BYTES = 1 << 20;
const SLOW_MS = 1500;

class Upload {
  constructor(model, root) {
    this.model = model;
    this.file = null;
    this.view = Math.random().toString(36).slice(2);
    this.count = 0;
    this.input = document.createElement("input");
    Object.assign(this.input, { type: "file", accept: model.get("accept"), hidden: true });
    this.button = document.createElement("button");
    Object.assign(this.button, { type: "button", className: "pxu-button", title: "Choose a picture, or drop one here" });
    this.node = document.createElement("div");
    this.node.className = "pixverse-upload";
    this.node.append(this.button, this.input);
    root.append(this.node);
    this.write(null);
    this.button.addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      this.take(this.input.files[0]);
      this.input.value = ""; // the same file can be chosen again
    });
    for (const event of ["dragenter", "dragover"]) this.node.addEventListener(event, (e) => this.over(e, true));
    this.node.addEventListener("dragleave", (e) => this.over(e, false));
    this.node.addEventListener("drop", (e) => {
      this.over(e, false);
      this.take(e.dataTransfer.files[0]);
    });
    this.hear = (message) => this.heard(message);
    model.on("msg:custom", this.hear);
  }

  over(event, on) {
    event.preventDefault(); // else the browser opens the file
    event.stopPropagation();
    this.node.classList.toggle("is-over", on);
  }

  take(file) {
    if (!file) return;
    this.file = null;
    if (file.size >= this.model.get("limit")) {
      this.write(null);
      this.model.send({ say: "large", name: file.name, bytes: file.size });
      return;
    }
    this.file = file;
    this.ticket = `${this.view}-${++this.count}`;
    this.send(0);
  }

  async send(at) {
    const { file, ticket } = this;
    this.write(at / file.size);
    let piece;
    try {
      piece = await file.slice(at, at + PIECE_BYTES).arrayBuffer();
    } catch {
      this.file = null;
      this.write(null);
      this.model.send({ say: "unread", name: file.name });
      return;
    }
    if (this.ticket !== ticket || !this.file) return; // another file was chosen meanwhile
    this.model.send({ say: "piece", ticket, at, total: file.size, name: file.name }, undefined, [piece]);
    this.slow = setTimeout(() => this.write("Waiting for the kernel"), SLOW_MS);
  }

  heard(message) {
    if (!this.file || message.ticket !== this.ticket) return;
    clearTimeout(this.slow);
    if (message.next < this.file.size) this.send(message.next);
    else {
      this.file = null;
      this.write(null);
    }
  }

  write(state) {
    clearTimeout(this.slow);
    if (state === null) this.button.textContent = "Upload picture";
    else if (typeof state === "string") this.button.textContent = state;
    else this.button.textContent = `Sending ${Math.floor(state * 100)} %`;
    this.button.setAttribute("aria-busy", String(state !== null));
  }

  close() {
    clearTimeout(this.slow);
    this.file = null;
    this.model.off("msg:custom", this.hear);
    this.node.remove();
  }
}

export default {
  render({ model, el }) {
    const upload = new Upload(model, el);
    return () => upload.close();
  },
};
