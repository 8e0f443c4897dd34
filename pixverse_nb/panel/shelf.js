// The gallery in the browser: cards, a player, a sheet with everything about a clip.
//
// Nothing is kept in the widget's state: pages, posters and clips are asked for and come as messages. Whatever came from
// elsewhere (prompts, errors, tags) is set as text, never as markup.

const SHOWS = [["all", "All"], ["starred", "Starred"], ["kept", "Kept"], ["rejected", "Rejected"]];
const REASONS = ["hands", "faces", "motion", "flicker", "text", "off prompt", "sound"];
const ACTIONS = [["use", "Use these settings"], ["take", "New take"], ["continue", "Continue from last frame"],
  ["finalise", null], ["code", "Copy as code"], ["save", "Save as…"]];
const MOST_COMPARED = 9;
const BLOBS_KEPT = 6;
const SLOW_MS = 1500;

// An element; strings become text, `on` holds listeners, null attributes are left out.
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    else if (name === "class") made.className = value;
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function button(text, click, attributes = {}) {
  return el("button", { type: "button", ...attributes, on: { click } }, text);
}

// Written only where it differs, so that a screen reader hears it once.
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function press(node, on) {
  node.setAttribute("aria-pressed", String(Boolean(on)));
}

// ---- clips: bytes from the kernel, as blob URLs -----------------------------------------------------------------

class Clips {
  constructor(send) {
    this.send = send;
    this.view = Math.random().toString(36).slice(2);
    this.urls = new Map(); // id -> blob URL, the last one used at the end
    this.coming = new Map(); // ticket -> what has come so far
    this.count = 0;
  }

  get(id, heard) {
    const url = this.urls.get(id);
    if (url) {
      this.urls.delete(id);
      this.urls.set(id, url);
      heard.ready(url);
      return null;
    }
    const ticket = `${this.view}-${++this.count}`;
    this.coming.set(ticket, { id, parts: [], size: 0, heard });
    this.send({ ask: "clip", id, ticket, start: 0 });
    return ticket;
  }

  stop(ticket) {
    this.coming.delete(ticket);
  }

  piece(message, buffers) {
    const clip = this.coming.get(message.ticket);
    if (!clip || message.at !== clip.size) return; // another view's, or nobody's any more
    clip.parts.push(buffers[0]);
    clip.size += buffers[0].byteLength;
    clip.heard.progress(clip.size / message.total);
    if (clip.size >= message.total) {
      this.coming.delete(message.ticket);
      const url = URL.createObjectURL(new Blob(clip.parts, { type: "video/mp4" }));
      this.urls.set(clip.id, url);
      clip.heard.ready(url);
      for (const [id] of this.urls) if (this.urls.size > BLOBS_KEPT && id !== clip.id) this.drop(id);
    } else if (message.last) {
      this.send({ ask: "clip", id: clip.id, ticket: message.ticket, start: clip.size });
    }
  }

  failed(message) {
    const clip = this.coming.get(message.ticket);
    this.coming.delete(message.ticket);
    if (clip) clip.heard.failed(message.text);
  }

  drop(id) {
    const url = this.urls.get(id);
    if (url) URL.revokeObjectURL(url);
    this.urls.delete(id);
  }

  close() {
    this.coming.clear();
    for (const id of [...this.urls.keys()]) this.drop(id);
  }
}

// ---- the place where a clip is shown: poster, then player -------------------------------------------------------

class Stage {
  constructor(shelf, card) {
    this.shelf = shelf;
    this.card = card;
    this.ticket = null;
    this.video = null;
    this.image = el("img", { alt: "", hidden: true, draggable: "false" });
    this.go = button("", () => this.toggle(), { class: "pxs-play" });
    this.go.append(el("span", { class: "pxs-disc", "aria-hidden": "true" }, "▶"));
    this.word = el("div", { class: "pxs-word", role: "status" });
    const pills = card.pills.map(({ kind, text }) => el("span", { class: `pxs-pill ${kind}` }, text));
    this.node = el("div", { class: "pxs-stage" }, this.image, this.go, el("div", { class: "pxs-over" }, ...pills), this.word);
    this.update(card);
  }

  update(card) {
    this.card = card;
    this.go.setAttribute("aria-label", `Play: ${card.prompt.slice(0, 120)}`);
    this.go.hidden = Boolean(card.gone) || Boolean(this.video);
    if (card.gone) this.tell(card.gone, true);
    this.poster(this.shelf.posters.get(card.id));
  }

  poster(source) {
    if (!source) return;
    if (this.image.getAttribute("src") !== source) this.image.src = source;
    this.image.hidden = false;
  }

  tell(text, bad = false) {
    this.word.className = bad ? "pxs-word bad" : "pxs-word";
    write(this.word, text);
  }

  toggle() {
    if (this.video) {
      if (this.video.paused) this.play();
      else this.video.pause();
    } else if (this.ticket === null && !this.card.gone) this.start();
  }

  start() {
    const { shelf } = this;
    if (shelf.playing && shelf.playing !== this) shelf.playing.stop();
    shelf.playing = this;
    this.tell("");
    this.ticket = "asked";
    this.slow = setTimeout(() => this.tell("Waiting for the kernel, which may be busy with a cell …"), SLOW_MS);
    const ticket = shelf.clips.get(this.card.id, {
      progress: (share) => {
        clearTimeout(this.slow);
        if (share < 1) this.tell(`Loading ${Math.round(share * 100)} %`);
      },
      ready: (url) => this.show(url),
      failed: (text) => {
        this.stop();
        this.tell(text, true);
      },
    });
    if (ticket) this.ticket = ticket;
  }

  show(url) {
    clearTimeout(this.slow);
    this.ticket = null;
    this.tell("");
    const held = this.node.contains(document.activeElement) || this.shelf.hasFocus(this.go);
    const video = el("video", {
      controls: true, playsinline: true, preload: "auto", "aria-label": `Player: ${this.card.prompt.slice(0, 120)}`,
      tabindex: this.go.getAttribute("tabindex"), // as the card's other controls
    });
    this.video = video;
    // The poster stays until there is a picture to put over it.
    video.addEventListener("loadeddata", () => video.classList.add("is-shown"));
    video.addEventListener("error", () => {
      this.stop();
      this.tell("This browser cannot play the clip. Save it, or open its file.", true);
    });
    video.addEventListener("play", () => {
      if (this.shelf.playing && this.shelf.playing !== this) this.shelf.playing.stop();
      this.shelf.playing = this;
    });
    video.src = url;
    this.image.after(video);
    this.go.hidden = true;
    if (held) video.focus({ preventScroll: true });
    this.play();
  }

  play() {
    const { video } = this;
    video.play().catch((reason) => {
      // A browser that wants a click before there may be sound plays without it.
      if (this.video !== video || reason.name !== "NotAllowedError") return;
      video.muted = true;
      video.play().catch(() => {});
    });
  }

  stop() {
    clearTimeout(this.slow);
    if (this.ticket) this.shelf.clips.stop(this.ticket);
    this.ticket = null;
    if (this.shelf.playing === this) this.shelf.playing = null;
    if (this.video) {
      const held = this.video === this.shelf.focused();
      this.video.pause();
      this.video.removeAttribute("src");
      this.video.load();
      this.video.remove();
      this.video = null;
      this.go.hidden = Boolean(this.card.gone);
      if (held) this.go.focus({ preventScroll: true });
    }
    if (!this.card.gone) this.tell("");
  }
}

// ---- what people say of a clip: the same controls on the card and in the sheet ----------------------------------

class Remarks {
  constructor(shelf, id) {
    this.shelf = shelf;
    this.id = id;
    this.rates = [1, 2, 3, 4, 5].map((n) => button(String(n), () => this.rate(n), { "aria-label": `Rate ${n} of 5` }));
    this.rating = el("span", { class: "pxs-rate", role: "group", "aria-label": "Rating" }, ...this.rates);
    this.keep = button("Keep", () => this.decide("keep"));
    this.reject = button("Reject", () => this.decide("reject"), { class: "pxs-reject" });
    this.star = button("☆", () => this.toggleStar(), { class: "pxs-star", "aria-label": "Star", title: "Star" });
  }

  update(card) {
    this.card = card;
    this.rates.forEach((node, index) => {
      node.classList.toggle("is-lit", index < (card.rating || 0));
      press(node, card.rating === index + 1);
    });
    press(this.keep, card.decision === "keep");
    press(this.reject, card.decision === "reject");
    press(this.star, card.starred);
    write(this.star, card.starred ? "★" : "☆");
  }

  say(changes) {
    this.shelf.remark(this.id, changes);
  }

  rate(n) {
    this.say({ rating: this.card.rating === n ? null : n });
  }

  toggleStar() {
    this.say({ starred: !this.card.starred });
  }

  decide(decision) {
    this.say({ decision: this.card.decision === decision ? null : decision });
  }
}

// ---- a card -----------------------------------------------------------------------------------------------------

class Card {
  constructor(shelf, card) {
    this.shelf = shelf;
    this.stage = new Stage(shelf, card);
    this.remarks = new Remarks(shelf, card.id);
    const { keep, reject, star, rating } = this.remarks;
    reject.addEventListener("click", () => this.data.decision !== "reject" && this.ask());
    this.stage.node.append(star);
    this.prompt = el("div", { class: "pxs-prompt", dir: "auto" });
    this.facts = el("div", { class: "pxs-facts" });
    this.flag = el("div", { class: "pxs-flag" });
    this.meta = el("div", { class: "pxs-meta", dir: "auto" });
    this.box = el("input", { type: "checkbox", on: { change: () => shelf.pick(card.id, this.box.checked) } });
    this.more = button("More…", () => shelf.open(card.id), { "aria-haspopup": "dialog" });
    this.node = el("div", { class: "pxs-card", role: "listitem", tabindex: "-1" },
      this.stage.node, this.prompt, this.facts, this.flag, this.meta,
      el("div", { class: "pxs-row is-first" }, rating, el("span", { class: "pxs-group" }, keep, reject)),
      el("div", { class: "pxs-row" }, el("label", { class: "pxs-pick" }, this.box, "Compare"), this.more));
    this.node.dataset.id = card.id;
    this.node.addEventListener("focusin", () => shelf.activate(this));
    this.update(card);
  }

  update(card) {
    this.data = card;
    this.stage.update(card);
    this.remarks.update(card);
    write(this.prompt, card.prompt);
    write(this.facts, card.facts);
    this.flag.replaceChildren(...(card.flag ? [el("b", {}, "⚑ not as asked:"), ` ${card.flag}`] : []));
    const reason = card.decision === "reject" && card.reason ? `Rejected: ${card.reason}` : "";
    const note = card.note ? `“${card.note}”` : "";
    write(this.meta, [reason, card.tags, note].filter(Boolean).join(" · "));
    this.node.classList.toggle("is-kept", card.decision === "keep");
    this.node.classList.toggle("is-rejected", card.decision === "reject");
    this.name();
  }

  // What a screen reader says when it comes to the card.
  name() {
    const { data } = this;
    const said = [data.prompt.slice(0, 200), data.facts, ...data.pills.map((p) => p.text.toLowerCase()),
      data.flag ? `not as asked: ${data.flag}` : "", data.starred ? "starred" : "", data.rating ? `rated ${data.rating} of 5` : "",
      { keep: "kept", reject: "rejected" }[data.decision] || "", data.gone ? "file gone" : ""];
    this.node.setAttribute("aria-label", said.filter(Boolean).join(", "));
    this.box.setAttribute("aria-label", `Compare: ${data.prompt.slice(0, 80)}`);
    this.more.setAttribute("aria-label", `More about: ${data.prompt.slice(0, 80)}`);
  }

  pick(on, full) {
    this.box.checked = on;
    this.box.disabled = full && !on;
  }

  // Only the active card's controls are stops of the Tab key; a mouse reaches them all.
  reach(on) {
    this.node.tabIndex = on ? 0 : -1;
    for (const node of this.node.querySelectorAll("button, input, video")) node.tabIndex = on ? 0 : -1;
  }

  // Why it was rejected: over the picture, so that nothing moves.
  ask() {
    if (this.why) return;
    const id = `${this.shelf.clips.view}-reasons`;
    const field = el("input", { type: "text", maxlength: "500", list: id, value: this.data.reason, placeholder: "hands, flicker, …" });
    const close = (save, back) => {
      const form = this.why;
      if (!form) return;
      this.why = null; // before it goes: what is taken out loses the focus, and says so
      form.remove();
      if (save && field.value.trim() !== this.data.reason) {
        this.shelf.remark(this.data.id, { decision: "reject", reason: field.value });
      }
      if (back) this.node.focus({ preventScroll: true });
    };
    this.why = el("form", { class: "pxs-why", on: {
      submit: (event) => { event.preventDefault(); close(true, true); },
      keydown: (event) => { if (event.key === "Escape") { event.preventDefault(); close(false, true); } },
      focusout: (event) => { if (!this.why?.contains(event.relatedTarget)) close(true, false); },
    } }, el("label", {}, "Why? (optional)", field), el("button", { type: "submit" }, "Save"));
    this.stage.node.append(this.why);
    field.focus({ preventScroll: true });
  }

  key(event) {
    const { key } = event;
    if (event.target !== this.node || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (key === "Enter" || key === " ") this.stage.toggle();
    else if (/^[1-5]$/.test(key)) this.remarks.rate(Number(key));
    else if (key === "s") this.remarks.toggleStar();
    else if (key === "k") this.remarks.decide("keep");
    else if (key === "x") this.remarks.reject.click();
    else if (key === "c") this.box.click();
    else if (key === "m") this.shelf.open(this.data.id);
    else return false;
    return true;
  }

  remove() {
    this.stage.stop();
    this.shelf.clips.drop(this.data.id);
    this.node.remove();
  }
}

// ---- everything about one clip ----------------------------------------------------------------------------------

class Sheet {
  constructor(shelf, card) {
    this.shelf = shelf;
    this.stage = new Stage(shelf, card);
    this.remarks = new Remarks(shelf, card.id);
    const { keep, reject, star, rating } = this.remarks;
    this.stage.node.append(star);
    this.said = el("div", { class: "pxs-said", role: "status" });
    this.fields = {
      reason: this.field("reason", "Why rejected", el("input", { type: "text", maxlength: "500" })),
      tags: this.field("tags", "Tags, with commas between them", el("input", { type: "text" })),
      note: this.field("note", "Note", el("textarea", { maxlength: "5000", rows: "3" })),
    };
    const table = el("dl", { class: "pxs-facts-table" });
    for (const [label, text] of card.details) table.append(el("dt", {}, label), el("dd", { dir: "auto" }, text));
    const actions = ACTIONS.map(([action, text]) => [action, text || card.finalise]).filter(([, text]) => text)
      .map(([action, text]) => button(text, () => this.act(action)));
    const heading = el("h3", { id: `${shelf.clips.view}-sheet` }, `Clip of ${card.when}`);
    this.node = el("dialog", { "aria-labelledby": heading.id },
      el("div", { class: "pxs-sheet" },
        el("div", { class: "pxs-side" }, this.stage.node, el("div", { class: "pxs-prompt", dir: "auto" }, card.prompt),
          el("div", { class: "pxs-actions", role: "group", "aria-label": "Actions" }, ...actions)),
        el("div", { class: "pxs-side" },
          el("div", { class: "pxs-row" }, heading, button("Close", () => this.node.close())),
          el("div", { class: "pxs-row" }, rating, el("span", { class: "pxs-group" }, keep, reject)),
          ...Object.values(this.fields).map((field) => field.label), this.said, table)));
    this.node.addEventListener("close", () => shelf.shut());
    this.node.addEventListener("click", (event) => event.target === this.node && this.node.close());
    this.update(card);
    shelf.send({ ask: "still", id: card.id });
  }

  field(name, words, input) {
    input.addEventListener("change", () => this.save(name));
    if (input.tagName === "INPUT") {
      input.addEventListener("keydown", (event) => { if (event.key === "Enter") this.save(name); });
    }
    return { input, label: el("label", { class: "pxs-field" }, words, input) };
  }

  save(name) {
    const { input } = this.fields[name];
    if (input.value.trim() === this.card[name]) return;
    this.tell("Saving …");
    this.shelf.remark(this.card.id, { [name]: input.value });
  }

  update(card) {
    const before = this.card;
    this.card = card;
    this.remarks.update(card);
    for (const [name, { input, label }] of Object.entries(this.fields)) {
      // What is being typed is left alone, unless it is what was just saved.
      if (!before || before[name] !== card[name]) input.value = card[name];
      if (name === "reason") label.hidden = card.decision !== "reject";
    }
    if (before) this.tell("Saved.");
  }

  tell(text, bad = false) {
    this.said.className = bad ? "pxs-said bad" : "pxs-said";
    write(this.said, text);
  }

  act(action) {
    this.node.close();
    this.shelf.send({ ask: "action", action, id: this.card.id });
  }
}

// ---- the shelf --------------------------------------------------------------------------------------------------

class Shelf {
  constructor(model, root) {
    this.model = model;
    this.cards = new Map();
    this.order = [];
    this.posters = new Map();
    this.picked = new Set();
    this.waits = new Map(); // id -> the timer of a remark that is not written yet
    this.playing = null;
    this.active = null;
    this.sheet = null;
    this.filter = { show: "all", text: "" };
    this.send = (content) => model.send(content);
    this.clips = new Clips(this.send);
    this.node = this.build();
    root.append(this.node);
    this.hear = (content, buffers) => this.heard(content, buffers);
    model.on("msg:custom", this.hear);
    this.turn("same");
    this.late = setTimeout(() => this.note("Waiting for the kernel …"), SLOW_MS);
  }

  build() {
    this.shows = SHOWS.map(([show, text]) => button(text, () => this.turn("first", { show })));
    this.find = el("input", { type: "search", placeholder: "Search the clips", "aria-label": "Search prompts, tags and notes", on: {
      input: () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.turn("first", { text: this.find.value }), 250);
      },
    } });
    this.compare = button("Compare", () => this.compareNow(), { "aria-disabled": "true" });
    this.count = el("span", { class: "pxs-count" });
    this.list = el("div", { class: "pxs-list", role: "list", "aria-label": "Clips", "aria-busy": "true" });
    this.earlier = button("Newer", () => this.page("earlier"), { "aria-disabled": "true" });
    this.later = button("Older", () => this.page("later"), { "aria-disabled": "true" });
    this.where = el("span", { class: "pxs-count" });
    this.where.style.marginLeft = "0";
    this.live = el("div", { class: "pxs-hidden", role: "status", "aria-live": "polite" });
    const keys = el("span", { class: "pxs-keys" });
    for (const [key, words] of [["Enter", "plays"], ["1–5", "rates"], ["S", "stars"], ["K", "keeps"], ["X", "rejects"], ["C", "picks"], ["M", "more"]]) {
      keys.append(el("kbd", {}, key), ` ${words}  `);
    }
    const node = el("div", { class: "pixverse-shelf", role: "region", "aria-label": "Gallery" },
      el("div", { class: "pxs-bar" },
        el("div", { class: "pxs-group", role: "group", "aria-label": "Show" }, ...this.shows),
        el("div", { class: "pxs-find" }, this.find), this.compare, this.count),
      this.list,
      el("div", { class: "pxs-foot" }, this.earlier, this.later, this.where, keys),
      el("datalist", { id: `${this.clips.view}-reasons` }, ...REASONS.map((value) => el("option", { value }))),
      this.live);
    // The notebook has shortcuts of its own: 1 would make a heading of the cell, x cut it.
    node.addEventListener("keydown", (event) => this.key(event));
    return node;
  }

  focused() {
    return this.node.getRootNode().activeElement;
  }

  hasFocus(node) {
    return this.focused() === node;
  }

  key(event) {
    const card = this.cards.get(event.target.closest?.(".pxs-card")?.dataset.id);
    const done = card?.key(event) || (card && event.target === card.node && this.move(event, card));
    if (done) event.preventDefault();
    if (done || !(event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
  }

  // Arrows go from card to card, up and down by rows.
  move(event, card) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const at = this.order.indexOf(card.data.id);
    const tops = this.order.map((id) => this.cards.get(id).node.offsetTop);
    const across = Math.max(tops.filter((top) => top === tops[0]).length, 1);
    const back = getComputedStyle(this.list).direction === "rtl" ? 1 : -1;
    const step = { ArrowLeft: back, ArrowRight: -back, ArrowUp: -across, ArrowDown: across }[event.key];
    const to = { Home: 0, End: this.order.length - 1 }[event.key] ?? (step === undefined ? undefined : at + step);
    if (to === undefined) return false;
    const next = this.cards.get(this.order[Math.min(Math.max(to, 0), this.order.length - 1)]);
    next.node.focus();
    next.node.scrollIntoView({ block: "nearest" });
    return true;
  }

  activate(card) {
    if (this.active === card) return;
    this.active?.reach(false);
    this.active = card;
    card.reach(true);
  }

  // ---- asking ----

  turn(go, filter = {}) {
    Object.assign(this.filter, filter);
    this.list.setAttribute("aria-busy", "true");
    this.send(go === "same" ? { ask: "page", go } : { ask: "page", go, ...this.filter });
  }

  // Shown as said only when the kernel has written it down; until then a card that waits says so.
  remark(id, changes) {
    this.send({ ask: "annotate", id, changes });
    clearTimeout(this.waits.get(id));
    const late = () => this.told(id, "Not written yet: waiting for the kernel …");
    this.waits.set(id, setTimeout(late, SLOW_MS));
  }

  told(id, text, bad = false) {
    if (this.sheet?.card.id === id) this.sheet.tell(text, bad);
    else if (this.cards.has(id)) this.cards.get(id).stage.tell(text, bad);
    else if (text) this.note(text);
  }

  page(go) {
    const node = go === "earlier" ? this.earlier : this.later;
    if (node.getAttribute("aria-disabled") === "true") return;
    this.turned = true;
    this.turn(go);
  }

  pick(id, on) {
    if (on) this.picked.add(id);
    else this.picked.delete(id);
    this.showPicked();
  }

  showPicked() {
    const { size } = this.picked;
    write(this.compare, size ? `Compare ${size}` : "Compare");
    this.compare.setAttribute("aria-disabled", String(size < 2));
    this.compare.title = size < 2 ? "Pick two or more clips" : "";
    for (const [id, card] of this.cards) card.pick(this.picked.has(id), size >= MOST_COMPARED);
  }

  compareNow() {
    const ids = [...this.picked];
    if (ids.length < 2) return;
    this.send({ ask: "action", action: "compare", id: ids[0], ids });
    this.picked.clear();
    this.showPicked();
  }

  open(id) {
    const card = this.cards.get(id);
    if (!card || this.sheet) return;
    card.stage.stop();
    this.back = card;
    this.sheet = new Sheet(this, card.data);
    this.node.append(this.sheet.node);
    this.sheet.node.showModal();
  }

  shut() {
    this.sheet.stage.stop();
    this.sheet.node.remove();
    this.sheet = null;
    if (this.back?.node.isConnected) this.back.node.focus({ preventScroll: true });
  }

  // ---- hearing ----

  heard(message, buffers) {
    const { say, id } = message;
    if (say === "page") this.showPage(message);
    else if (say === "nopage") this.note(message.text);
    else if (say === "posters") this.showPosters(message.posters);
    else if (say === "still" && this.sheet?.card.id === id) this.sheet.stage.poster(message.source);
    else if (say === "card") this.change(id, message.remarks);
    else if (say === "wrong") this.wrong(id, message.text);
    else if (say === "clip") this.clips.piece(message, buffers);
    else if (say === "noclip") this.clips.failed(message);
  }

  showPage(page) {
    clearTimeout(this.late);
    this.list.setAttribute("aria-busy", "false");
    this.filter = { show: page.show, text: page.text };
    this.shows.forEach((node, index) => press(node, SHOWS[index][0] === page.show));
    if (!this.hasFocus(this.find)) this.find.value = page.text;
    for (const [id, source] of Object.entries(page.posters)) this.posters.set(id, source);
    this.lay(page.cards);
    for (const id of [...this.posters.keys()]) if (!this.cards.has(id)) this.posters.delete(id);
    this.earlier.setAttribute("aria-disabled", String(!page.earlier));
    this.later.setAttribute("aria-disabled", String(!page.later));
    write(this.count, page.cards.length ? page.count : "");
    write(this.where, page.earlier || page.later ? `Page ${page.number}` : "");
    if (this.turned) write(this.live, `Page ${page.number}, ${page.cards.length} of ${page.count}`);
    this.turned = false;
    this.showPicked();
    if (!page.cards.length) {
      const whole = page.show === "all" && !page.text;
      this.note(whole ? "No clips yet. What you generate appears here, newest first." : "No clip matches this filter.");
    }
  }

  // Cards that stay are not moved: a player that is moved stops.
  lay(cards) {
    const ids = new Set(cards.map((card) => card.id));
    const at = this.order.indexOf(this.active?.data.id);
    const held = this.active?.node.contains(this.focused());
    for (const [id, card] of this.cards) {
      if (!ids.has(id)) {
        card.remove();
        this.cards.delete(id);
      }
    }
    this.empty?.remove();
    this.order = cards.map((card) => card.id);
    cards.forEach((data, index) => {
      let card = this.cards.get(data.id);
      if (card) card.update(data);
      else {
        card = new Card(this, data);
        card.reach(false);
        this.cards.set(data.id, card);
      }
      if (this.list.children[index] !== card.node) this.list.insertBefore(card.node, this.list.children[index] || null);
    });
    if (!this.active?.node.isConnected) {
      this.active = null;
      const next = this.cards.get(this.order[Math.min(Math.max(at, 0), this.order.length - 1)]);
      if (next) this.activate(next);
      if (next && held) next.node.focus({ preventScroll: true });
    }
  }

  showPosters(posters) {
    for (const [id, source] of Object.entries(posters)) {
      const card = this.cards.get(id);
      if (!card || !source) continue;
      this.posters.set(id, source);
      card.stage.poster(source);
    }
  }

  change(id, remarks) {
    clearTimeout(this.waits.get(id));
    const card = this.cards.get(id);
    if (card) {
      const before = card.data;
      card.update({ ...before, ...remarks });
      if (!before.gone) card.stage.tell("");
      if (card.node.contains(this.focused())) write(this.live, told(before, remarks));
    }
    if (this.sheet?.card.id === id) this.sheet.update({ ...this.sheet.card, ...remarks });
  }

  wrong(id, text) {
    clearTimeout(this.waits.get(id));
    this.told(id, text, true);
  }

  note(text) {
    if (this.cards.size) {
      write(this.live, text);
      return;
    }
    this.empty?.remove();
    this.empty = el("div", { class: "pxs-empty" }, text);
    this.list.append(this.empty);
  }

  close() {
    clearTimeout(this.late);
    clearTimeout(this.typing);
    for (const timer of this.waits.values()) clearTimeout(timer);
    this.model.off("msg:custom", this.hear);
    this.playing?.stop();
    this.clips.close();
    this.sheet?.node.remove();
    this.node.remove();
  }
}

// What has changed, for who cannot see it.
function told(before, after) {
  if (before.rating !== after.rating) return after.rating ? `Rated ${after.rating} of 5` : "Rating cleared";
  if (before.starred !== after.starred) return after.starred ? "Starred" : "Star removed";
  if (before.decision !== after.decision) return { keep: "Kept", reject: "Rejected" }[after.decision] || "Decision cleared";
  return "Saved";
}

export default {
  render({ model, el: root }) {
    const shelf = new Shelf(model, root);
    return () => shelf.close();
  },
};
