// The player: two to nine clips on one clock, to see which is better and to know why.
//
// One module for two places. In a notebook the widget renders it (the default export), and the clips' bytes come as
// messages. An exported page calls mountPlayer(root, data, callbacks) with clips that have a `src`.
//
//   data       {clips: [clip, ...], prompt, same: [[label, text], ...], hides}; prompt and same are what all clips share,
//              hides (may be absent) is a class: what has it stands in for a player that is gone, and is not shown beside one
//   clip       {id, name, src or null, poster, strip, prompt, words: [[kind, text], ...], facts: [[label, text], ...],
//              flag (in what it is not as asked for), fps, duration (s), width, height (px), sound, rating, decision, reason, mark_in_s, mark_out_s}
//   callbacks  annotate(id, changes): without it there is nothing to rate with;
//              load(id, {progress, ready, failed}): fetches a clip without `src`, and gives what stops that
//
// Whatever came from elsewhere (prompts, reasons, errors) is set as text, never as markup.

const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const MODES = [["side", "Side by side", "G"], ["flip", "A/B flip", "F"], ["wipe", "Wipe", "W"], ["diff", "Difference", "D"]];
const REASONS = ["hands", "faces", "motion", "flicker", "text", "off prompt", "sound"];
const NEAR_S = 0.006; // a clip that is so near to the clock is left alone
const FAR_FRAMES = 3; // one that stays so far from it does not catch up by itself: the others wait for it
const PATIENCE_MS = 700; // until they do, and twice as long each time: a machine that is too slow stops ever less often
const MOST_WAITS = 4;
const START_MS = 250; // in which a clip that was told to play comes to move
const SECOND_MS = 1000;
const REFRESH_MS = 17; // a picture that is due comes to the screen with its next refresh, so one clip's may come that much later
const SLOW_MS = 1500;
const MOST_ZOOM = 8;
const TALLEST = { side: 460, over: 560 }; // px
const KEYS = [
  ["Space", "play or pause"], [", .", "one frame back, on; also ← →"], ["Home End", "to the start, to the end"],
  ["< >", "slower, faster"], ["L", "loop on or off"], ["[ ]", "the loop starts, ends here"],
  ["↑ ↓", "choose another clip, and hear it"], ["Shift+1–9", "choose a clip by its place"], ["M", "sound on or off"],
  ["G", "side by side"], ["F", "A/B flip; again: the next clip"], ["W", "wipe; drag the line"],
  ["D", "difference; again: brighter"], ["+ − 0", "zoom in, out, whole picture; also the wheel, and drag"],
  ["Z", "full screen"], ["?", "these keys"],
];
const VERDICT_KEYS = [
  ["1–5", "rate the chosen clip"], ["K", "keep"], ["X", "reject"], ["I O", "usable part: starts, ends at this frame"],
  ["U", "the whole clip is usable again"],
];
const SHORT = [["Space", "plays"], [", .", "one frame"], ["↑ ↓", "choose"], ["G F W D", "views"]];
const VERDICT_SHORT = [["1–5", "rate"], ["K X", "keep, reject"], ["I O", "usable part"]];

// ---- small things ------------------------------------------------------------------------------------------------

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

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function clockWords(seconds) {
  const hundredths = Math.floor(seconds * 100 + 1e-6);
  return `${Math.floor(hundredths / 6000)}:${String(Math.floor(hundredths / 100) % 60).padStart(2, "0")}.${String(hundredths % 100).padStart(2, "0")}`;
}

// One stop of the Tab key for a group of controls; the arrows go from one to the next.
function rove(group) {
  const all = () => [...group.querySelectorAll("button, select")].filter((node) => !node.hidden && !node.closest("[hidden]"));
  const only = (chosen) => all().forEach((node) => { node.tabIndex = node === chosen ? 0 : -1; });
  group.addEventListener("focusin", (event) => all().includes(event.target) && only(event.target));
  group.addEventListener("keydown", (event) => {
    const nodes = all();
    const at = nodes.indexOf(event.target);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (at < 0 || step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    nodes[(at + step + nodes.length) % nodes.length].focus();
  });
  group.querySelectorAll("button, select").forEach((node, index) => { node.tabIndex = index ? -1 : 0; });
}

// ---- the clock ---------------------------------------------------------------------------------------------------

class Clock {
  constructor() {
    this.at = 0; // s
    this.since = null; // ms of performance.now(), while it runs
    this.rate = 1;
  }

  get running() {
    return this.since !== null;
  }

  now(moment = performance.now()) {
    return this.running ? this.at + ((moment - this.since) / 1000) * this.rate : this.at;
  }

  set(at, running = this.running) {
    this.at = at;
    this.since = running ? performance.now() : null;
  }

  speed(rate) {
    this.set(this.now());
    this.rate = rate;
  }
}

// ---- one clip's video --------------------------------------------------------------------------------------------

class Deck {
  constructor(clip) {
    this.clip = clip;
    this.fps = clip.fps > 0 ? clip.fps : 24;
    this.wish = null; // where to go when the seek that is under way has ended
    this.state = "loading"; // then "ready" or "broken"
    this.errors = []; // [moment, how far the picture on the screen was ahead of the clock, s]
    this.off = 0; // how far it is ahead of the clock, s, smoothed
    this.far = null; // since when it has been far off
    this.shown = null;
    this.video = el("video", { playsinline: true, preload: "auto", tabindex: "-1", "aria-label": `Clip ${clip.name}` });
    this.video.muted = true;
    this.video.addEventListener("seeked", () => this.wish !== null && this.seek(this.wish, true));
    this.video.addEventListener("loadedmetadata", () => this.wish !== null && this.seek(this.wish, true));
  }

  get frame() {
    return 1 / this.fps;
  }

  get length() {
    const { duration } = this.video;
    return Number.isFinite(duration) && duration > 0 ? Math.min(duration, this.clip.duration || duration) : this.clip.duration;
  }

  // The frame that is on the screen at a time.
  index(time) {
    return clamp(Math.floor(time * this.fps + 1e-4), 0, Math.max(Math.round(this.length * this.fps) - 1, 0));
  }

  // The middle of the frame of a time: a seek to a frame's very edge may show its neighbour.
  middle(time) {
    return (this.index(time) + 0.5) / this.fps;
  }

  ended(time) {
    return time >= this.length - 1e-3;
  }

  seek(spot, again = false) {
    const { video } = this;
    if (video.readyState < 1 || (video.seeking && !again)) {
      this.wish = spot;
      return;
    }
    this.wish = null;
    if (Math.abs(video.currentTime - spot) > 1e-4) video.currentTime = spot;
  }

  get settled() {
    return this.state === "broken" || (this.video.readyState >= 2 && !this.video.seeking && this.wish === null);
  }

  // Resolves when it shows what it was sent to.
  settle() {
    const events = ["seeked", "loadeddata", "canplay", "error", "broken"];
    return new Promise((done) => {
      const look = () => {
        if (!this.settled) return;
        events.forEach((event) => this.video.removeEventListener(event, look));
        done();
      };
      events.forEach((event) => this.video.addEventListener(event, look));
      look();
    });
  }

  async play() {
    try {
      await this.video.play();
    } catch (reason) {
      // A browser that wants a click before there may be sound plays without it.
      if (reason.name !== "NotAllowedError") return;
      this.video.muted = true;
      await this.video.play().catch(() => {});
    }
  }

  // Calls back for every picture that comes to the screen, with its time and the moment that it is seen.
  watch(seen) {
    const { video } = this;
    if (!video.requestVideoFrameCallback) return;
    const next = (_, frame) => {
      seen(frame.mediaTime, frame.expectedDisplayTime);
      this.watching = video.requestVideoFrameCallback(next);
    };
    this.watching = video.requestVideoFrameCallback(next);
  }

  note(error, moment) {
    this.errors.push([moment, error]);
    while (this.errors.length > 1 && this.errors[0][0] < moment - SECOND_MS) this.errors.shift();
  }

  // By its own clock, which is steadier than the moments at which pictures come to the screen.
  sample(time) {
    this.off += 0.25 * (this.video.currentTime - time - this.off);
  }

  forget() {
    this.errors = [];
    this.shown = null; // the time of the picture on the screen, s
    this.off = 0;
    this.far = null;
  }

  // A little faster or slower rather than a seek, which would be seen.
  steer(rate, leads) {
    const { off } = this;
    const nudge = leads || Math.abs(off) < NEAR_S ? 1 : clamp(1 - 4 * off, 0.6, 1.6);
    const wanted = rate * (Math.round(nudge * 50) / 50); // in steps: each change costs the browser something
    if (this.video.playbackRate !== wanted) this.video.playbackRate = wanted;
  }

  close() {
    this.video.pause();
    if (this.watching) this.video.cancelVideoFrameCallback(this.watching);
    this.video.removeAttribute("src");
    this.video.load();
  }
}

// ---- one clip's picture ------------------------------------------------------------------------------------------

class View {
  constructor(player, deck, place) {
    const { clip } = deck;
    this.player = player;
    this.deck = deck;
    this.poster = clip.poster ? el("img", { src: clip.poster, alt: "", draggable: "false" }) : null;
    this.ear = el("span", { class: "pxp-ear" });
    this.end = el("span", { class: "pxp-end", hidden: true }, "ended");
    this.chip = el("div", { class: "pxp-chip" }, el("b", {}, clip.name), this.ear, this.end);
    this.word = el("div", { class: "pxp-word" });
    this.node = el("div", { class: "pxp-view" }, this.poster, deck.video, this.chip, this.word);
    this.node.dataset.clip = clip.id;
    this.place = place;
    deck.video.addEventListener("loadeddata", () => {
      deck.state = "ready";
      deck.video.classList.add("is-shown");
      this.tell("");
      player.arrived();
    });
    deck.video.addEventListener("error", () => deck.video.getAttribute("src") && this.fail("This browser cannot play the clip."));
    this.load();
  }

  load() {
    const { clip, video } = this.deck;
    if (clip.src) video.src = clip.src;
    else if (this.player.callbacks.load) {
      const slow = setTimeout(() => this.tell("Waiting for the kernel, which may be busy with a cell …"), SLOW_MS);
      const stop = this.player.callbacks.load(clip.id, {
        progress: (share) => { clearTimeout(slow); if (share < 1) this.tell(`Loading ${Math.round(share * 100)} %`); },
        ready: (url) => { clearTimeout(slow); this.tell(""); video.src = url; },
        failed: (text) => { clearTimeout(slow); this.fail(text); },
      });
      this.stop = () => { clearTimeout(slow); stop?.(); };
    } else this.fail("There is no clip here.");
  }

  fail(text) {
    this.deck.state = "broken";
    this.tell(text, true);
    this.deck.video.dispatchEvent(new Event("broken"));
    this.player.arrived();
  }

  tell(text, bad = false) {
    this.word.className = bad ? "pxp-word is-bad" : "pxp-word";
    write(this.word, text);
  }

  draw(time, heard) {
    const { deck } = this;
    const ended = deck.state === "ready" && deck.ended(time) && deck.length < this.player.total - deck.frame;
    this.end.hidden = !ended;
    write(this.ear, !deck.clip.sound ? "silent" : heard ? "♪ heard" : "");
  }
}

// ---- under each clip: what differs, and what is said of it -------------------------------------------------------

class Card {
  constructor(player, deck) {
    const { clip } = deck;
    this.player = player;
    this.deck = deck;
    this.head = el("div", { class: "pxp-strip", "aria-hidden": "true" });
    this.usable = el("span", { class: "pxp-usable" });
    this.played = el("span", { class: "pxp-played" });
    this.head.append(this.usable, this.played);
    this.strip(clip.strip);
    this.head.addEventListener("pointerdown", (event) => this.grab(event));
    const words = el("p", { class: "pxp-words", dir: "auto", title: clip.prompt });
    for (const [kind, text] of clip.words) {
      if (kind !== "ins" && kind !== "del") words.append(text);
      else words.append(el(kind, {}, text.trimEnd()), text.slice(text.trimEnd().length) || (kind === "del" ? " " : ""));
    }
    const facts = el("dl", { class: "pxp-facts" });
    for (const [label, text] of clip.facts) facts.append(el("div", {}, el("dt", {}, label), el("dd", { dir: "auto" }, text)));
    this.flag = el("p", { class: "pxp-flag" });
    this.flagged(clip.flag);
    this.pick = button(clip.name, () => player.choose(this.at), { class: "pxp-name" });
    this.says = el("div", { class: "pxp-says" });
    this.node = el("div", { class: "pxp-card", role: "group", "aria-label": `Clip ${clip.name}`, on: {
      focusin: () => player.choose(this.at),
      pointerdown: () => player.choose(this.at),
    } }, this.head, el("div", { class: "pxp-line" }, this.pick, this.says), clip.words.length ? words : null, this.flag, facts);
    this.node.dataset.clip = clip.id;
    if (player.callbacks.annotate) this.node.append(this.controls());
    this.wrong = el("div", { class: "pxp-wrong", role: "alert" });
    this.node.append(this.wrong);
  }

  // In what it differs from what was asked for: a sign and a word, for colour alone says nothing.
  flagged(text) {
    this.flag.replaceChildren(...(text ? [el("b", {}, "⚑ not as asked:"), ` ${text}`] : []));
  }

  get at() {
    return this.player.cards.indexOf(this);
  }

  controls() {
    const { name } = this.deck.clip;
    this.rates = [1, 2, 3, 4, 5].map((n) => button(String(n), () => this.rate(n), { "aria-label": `Rate ${name} ${n} of 5` }));
    this.keep = button("Keep", () => this.decide("keep"), { "aria-label": `Keep ${name}` });
    this.reject = button("Reject", () => this.decide("reject"), { class: "is-reject", "aria-label": `Reject ${name}` });
    this.from = button("In", () => this.mark("in"), { "aria-label": `Usable part of ${name} starts at this frame` });
    this.to = button("Out", () => this.mark("out"), { "aria-label": `Usable part of ${name} ends at this frame` });
    this.whole = button("Whole", () => this.unmark(), { "aria-label": `The whole of ${name} is usable`, title: "The whole clip is usable" });
    const bar = el("div", { class: "pxp-verdict", role: "toolbar", "aria-label": `Verdict on ${name}` },
      el("span", { class: "pxp-rate", role: "group", "aria-label": "Rating" }, ...this.rates),
      el("span", { class: "pxp-group" }, this.keep, this.reject),
      el("span", { class: "pxp-group" }, this.from, this.to, this.whole));
    this.why = el("input", { type: "text", maxlength: "500", list: this.player.listId, placeholder: "hands, flicker, …" });
    this.form = el("form", { class: "pxp-why", hidden: true, on: {
      submit: (event) => { event.preventDefault(); this.explain(); this.player.node.focus({ preventScroll: true }); },
      focusout: () => this.explain(),
      keydown: (event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        this.why.value = this.deck.clip.reason;
        this.player.node.focus({ preventScroll: true });
      },
    } }, el("label", {}, "Why?", this.why));
    this.bar = bar;
    rove(bar);
    return el("div", { class: "pxp-say" }, bar, this.form);
  }

  strip(source) {
    if (source) this.head.style.backgroundImage = `url("${source}")`; // a data URI of ours: base64 has no quotes
    this.head.classList.toggle("is-bare", !source);
  }

  grab(event) {
    const { player, head } = this;
    const go = (moved) => {
      const box = head.getBoundingClientRect();
      player.scrub(clamp((moved.clientX - box.left) / box.width, 0, 1) * this.deck.length);
    };
    const drop = () => {
      head.removeEventListener("pointermove", go);
      player.scrubbed();
    };
    head.setPointerCapture(event.pointerId);
    head.addEventListener("pointermove", go);
    head.addEventListener("lostpointercapture", drop, { once: true });
    go(event);
  }

  draw(time) {
    const { clip, length } = this.deck;
    this.played.style.left = `${clamp(time / length, 0, 1) * 100}%`;
    const [from, to] = [clip.mark_in_s ?? 0, clip.mark_out_s ?? length];
    const marked = clip.mark_in_s !== null || clip.mark_out_s !== null;
    this.usable.hidden = !marked;
    this.usable.style.left = `${(from / length) * 100}%`;
    this.usable.style.right = `${clamp(1 - to / length, 0, 1) * 100}%`;
  }

  // ---- what people say of it ----

  say(changes) {
    this.wrong.textContent = "";
    this.player.annotate(this, changes);
  }

  rate(n) {
    this.say({ rating: this.deck.clip.rating === n ? null : n });
  }

  decide(decision) {
    const taken = this.deck.clip.decision === decision;
    this.say({ decision: taken ? null : decision });
    if (decision === "reject" && !taken) {
      this.form.hidden = false;
      this.why.focus({ preventScroll: true });
    }
  }

  explain() {
    const { clip } = this.deck;
    const reason = this.why.value.trim();
    if (reason !== clip.reason) this.say({ decision: "reject", reason });
  }

  // From the first moment of the frame on the screen, or to its last; a mark that would turn the part round clears the other.
  mark(which) {
    const { deck } = this;
    const { clip } = deck;
    const frame = deck.index(this.player.time);
    if (which === "in") {
      const at = clamp(Math.floor((frame / deck.fps) * 1000) / 1000, 0, Math.max(clip.duration - 0.001, 0));
      this.say(clip.mark_out_s !== null && clip.mark_out_s <= at ? { mark_in_s: at, mark_out_s: null } : { mark_in_s: at });
    } else {
      const at = clamp(Math.floor(((frame + 1) / deck.fps) * 1000) / 1000, 0.001, clip.duration);
      this.say(clip.mark_in_s !== null && clip.mark_in_s >= at ? { mark_in_s: null, mark_out_s: at } : { mark_out_s: at });
    }
  }

  unmark() {
    this.say({ mark_in_s: null, mark_out_s: null });
  }

  update() {
    const { clip } = this.deck;
    const part = clip.mark_in_s !== null || clip.mark_out_s !== null;
    const [from, to] = [clip.mark_in_s ?? 0, clip.mark_out_s ?? clip.duration];
    const told = [
      clip.rating ? `${"★".repeat(clip.rating)}${"☆".repeat(5 - clip.rating)}` : "",
      { keep: "kept", reject: clip.reason ? `rejected: ${clip.reason}` : "rejected" }[clip.decision] || "",
      part ? `usable ${from.toFixed(2)}–${to.toFixed(2)} s` : "",
    ];
    write(this.says, told.filter(Boolean).join(" · "));
    this.says.title = this.says.textContent;
    this.node.classList.toggle("is-kept", clip.decision === "keep");
    this.node.classList.toggle("is-rejected", clip.decision === "reject");
    const words = [`Clip ${clip.name}`, clip.rating ? `rated ${clip.rating} of 5` : "", ...told.slice(1)];
    this.node.setAttribute("aria-label", words.filter(Boolean).join(", "));
    if (!this.rates) return;
    this.rates.forEach((node, index) => {
      node.classList.toggle("is-lit", index < (clip.rating || 0));
      press(node, clip.rating === index + 1);
    });
    press(this.keep, clip.decision === "keep");
    press(this.reject, clip.decision === "reject");
    press(this.from, clip.mark_in_s !== null);
    press(this.to, clip.mark_out_s !== null);
    this.whole.setAttribute("aria-disabled", String(!part));
    const typing = this.form.contains(this.player.focused());
    if (!typing) {
      this.form.hidden = clip.decision !== "reject";
      this.why.value = clip.reason;
    }
  }
}

// ---- the player --------------------------------------------------------------------------------------------------

class Player {
  constructor(root, data, callbacks) {
    this.callbacks = callbacks;
    this.clock = new Clock();
    this.listId = `pxp-${Math.random().toString(36).slice(2)}`;
    this.mode = "side";
    this.chosen = Math.max(data.clips.findIndex((clip) => clip.sound), 0);
    this.base = 0; // what the chosen one is laid over
    this.silent = false;
    this.wants = false; // to play
    this.turn = 0; // counts what was asked for: an answer to an older wish is none
    this.waits = 0; // how often the others have waited for a clip since Play
    this.loop = { on: false, from: null, to: null };
    this.zoom = { scale: 1, x: 0, y: 0 }; // x and y as shares of the picture
    this.wipe = 0.5;
    this.bright = false;
    this.spreads = [];
    this.decks = data.clips.map((clip) => new Deck({ ...clip, reason: clip.reason || "" }));
    this.node = this.build(data);
    root.append(this.node);
    this.shape = new ResizeObserver(() => this.lay());
    this.shape.observe(this.node);
    this.decks.forEach((deck, place) => deck.watch((media, moment) => this.seen(deck, place, media, moment)));
    this.cards.forEach((card) => card.update());
    this.lay();
    this.show();
    this.decks.forEach((deck) => deck.seek(deck.middle(0)));
    this.hidden = () => document.hidden && this.clock.running && this.pause();
    document.addEventListener("visibilitychange", this.hidden);
  }

  // ---- what is on the screen ----

  build(data) {
    const names = data.clips.map((clip) => clip.name);
    this.views = this.decks.map((deck, place) => new View(this, deck, place));
    this.cards = this.decks.map((deck) => new Card(this, deck));
    this.line = el("div", { class: "pxp-handle", role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-valuemax": "100" });
    this.glow = el("div", { class: "pxp-glow" });
    this.grid = el("div", { class: "pxp-grid" });
    this.transport = this.buildBar();
    this.grid.append(this.transport);
    this.views.forEach((view, place) => this.grid.append(view.node, this.cards[place].node));
    this.grid.append(this.glow, this.line);
    this.stage();
    const common = el("p", { class: "pxp-common", dir: "auto" });
    if (data.prompt) common.append(el("span", { class: "pxp-prompt", title: data.prompt }, data.prompt));
    const same = data.same.map(([label, text]) => `${label} ${text}`).join(" · ");
    if (same) common.append(el("span", { class: "pxp-same", title: same }, same));
    this.live = el("div", { class: "pxp-hidden", role: "status", "aria-live": "polite" });
    const node = el("div", { class: "pixverse-player mathjax_ignore tex2jax_ignore", role: "region", tabindex: "0",
      "aria-label": `Player of ${names.length} clips`, "aria-keyshortcuts": "Space" },
      el("style", {}, CSS, /^[\w-]+$/.test(data.hides ?? "") ? `.${data.hides} { display: none; }` : null), common.childNodes.length ? common : null, this.buildViews(names), this.grid,
      this.buildFoot(), el("datalist", { id: this.listId }, ...REASONS.map((value) => el("option", { value }))),
      this.live);
    // The notebook has shortcuts of its own: 1 would make a heading of the cell, x cut it.
    node.addEventListener("keydown", (event) => this.key(event));
    // A mouse leaves the keyboard with the player, so that Space plays and does not press the last button again.
    node.addEventListener("click", (event) => event.detail && event.target.closest("button") && !this.asks() && node.focus({ preventScroll: true }));
    return node;
  }

  // Whether a reason is being asked for.
  asks() {
    return this.focused()?.tagName === "INPUT" && this.focused().type === "text";
  }

  focused() {
    return this.node?.getRootNode().activeElement;
  }

  buildViews(names) {
    this.modes = MODES.map(([mode, words, key]) => button(words, () => this.setMode(mode), { title: `Key ${key}` }));
    this.against = el("select", { "aria-label": "Compared with", on: { change: () => this.setBase(Number(this.against.value)) } },
      ...names.map((name, value) => el("option", { value }, name)));
    this.pair = el("label", { class: "pxp-pair", hidden: true }, "against", this.against);
    this.brighter = button("Brighter", () => this.setBright(!this.bright), { hidden: true, title: "Key D again" });
    this.out = button("−", () => this.zoomBy(1 / 1.5), { "aria-label": "Zoom out", title: "Zoom out, key −" });
    this.whole = button("100 %", () => this.zoomTo(1, 0, 0), { "aria-label": "Whole picture", title: "Whole picture, key 0" });
    this.in = button("+", () => this.zoomBy(1.5), { "aria-label": "Zoom in", title: "Zoom in, key +" });
    this.full = button("Full screen", () => this.fullScreen(), { title: "Key Z" });
    const bar = el("div", { class: "pxp-bar", role: "toolbar", "aria-label": "View" },
      el("span", { class: "pxp-group", role: "group", "aria-label": "View" }, ...this.modes), this.pair, this.brighter,
      el("span", { class: "pxp-space" }),
      el("span", { class: "pxp-group", role: "group", "aria-label": "Zoom" }, this.out, this.whole, this.in),
      document.fullscreenEnabled ? this.full : null);
    rove(bar);
    return bar;
  }

  buildBar() {
    this.go = button("▶ Play", () => this.toggle(), { class: "pxp-go", title: "Key Space" });
    this.back = button("◂", () => this.step(-1), { "aria-label": "One frame back", title: "One frame back, key ," });
    this.on = button("▸", () => this.step(1), { "aria-label": "One frame on", title: "One frame on, key ." });
    this.range = el("input", { type: "range", min: "0", max: "1000", step: "1", value: "0", "aria-label": "Time", class: "pxp-range", on: {
      input: () => this.scrub((Number(this.range.value) / 1000) * this.total),
      change: () => this.scrubbed(),
    } });
    this.part = el("span", { class: "pxp-part", hidden: true });
    this.when = el("span", { class: "pxp-when" });
    this.looped = button("Loop", () => this.setLoop({ on: !this.loop.on }), { title: "Key L; [ and ] set where it starts and ends" });
    this.loopFrom = button("[", () => this.loopAt("from"), { "aria-label": "The loop starts here", title: "The loop starts here, key [" });
    this.loopTo = button("]", () => this.loopAt("to"), { "aria-label": "The loop ends here", title: "The loop ends here, key ]" });
    this.speed = el("select", { "aria-label": "Speed", title: "Keys < and >", on: { change: () => this.setSpeed(Number(this.speed.value)) } },
      ...SPEEDS.map((rate) => el("option", { value: rate, selected: rate === 1 }, `${rate}×`)));
    this.sound = button("", () => this.setSilent(!this.silent), { title: "Key M; ↑ ↓ choose whom to hear" });
    const left = el("div", { class: "pxp-bar", role: "toolbar", "aria-label": "Play" }, el("span", { class: "pxp-group" }, this.go, this.back, this.on));
    const right = el("div", { class: "pxp-bar", role: "toolbar", "aria-label": "Loop, speed, sound" },
      el("span", { class: "pxp-group" }, this.loopFrom, this.looped, this.loopTo), this.speed, this.sound);
    rove(left);
    rove(right);
    return el("div", { class: "pxp-transport" }, left, el("div", { class: "pxp-track" }, this.part, this.range), this.when, right);
  }

  buildFoot() {
    const short = el("div", { class: "pxp-keys" });
    const writes = Boolean(this.callbacks.annotate);
    for (const [key, words] of [...SHORT, ...(writes ? VERDICT_SHORT : []), ["?", "all keys"]]) short.append(el("span", {}, el("kbd", {}, key), ` ${words}`));
    this.told = el("span", { class: "pxp-told" });
    const list = el("dl", { class: "pxp-help", hidden: true, "aria-label": "Keys" });
    for (const [key, words] of [...KEYS, ...(writes ? VERDICT_KEYS : [])]) list.append(el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, words)));
    this.help = list;
    return el("div", { class: "pxp-foot" }, short, this.told, list);
  }

  // ---- laying out ----

  get over() {
    return this.mode !== "side";
  }

  get aspect() {
    return Math.max(...this.decks.map(({ clip }) => (clip.width && clip.height ? clip.width / clip.height : 16 / 9)));
  }

  columns(width) {
    const count = this.decks.length;
    const wished = this.aspect < 1 ? Math.min(count, 5) : count === 4 ? 2 : Math.min(count, 3);
    return clamp(Math.floor(width / 215), 1, wished);
  }

  // Pictures are never moved within the page, only placed: a video that is moved stops.
  lay() {
    const width = this.grid.clientWidth || 900;
    const columns = this.columns(width);
    const across = this.over ? width : (width - 14 * (columns - 1)) / columns;
    const rows = this.over ? 1 : Math.ceil(this.decks.length / columns);
    this.place(Math.ceil(this.decks.length / columns) > 1);
    const full = document.fullscreenElement === this.node;
    const share = window.innerHeight * (this.over ? 0.7 : 0.5);
    const tallest = full ? share : Math.min(TALLEST[this.over ? "over" : "side"], share);
    this.grid.style.setProperty("--columns", columns);
    this.grid.style.setProperty("--tall", `${Math.round(Math.min(across / this.aspect, tallest))}px`);
    this.views.forEach(({ node }, place) => {
      const [row, column] = [Math.floor(place / columns), (place % columns) + 1];
      node.style.gridArea = this.over ? "1 / 1 / 2 / -1" : `${2 * row + 1} / ${column}`;
      this.cards[place].node.style.gridArea = `${this.over ? row + 3 : rows === 1 ? 3 : 2 * row + 2} / ${column}`;
    });
  }

  // The controls stand right below the pictures where these are in one row; else above all, and stay in sight: below
  // nine clips they would be a screen away.
  place(above) {
    const { transport } = this;
    transport.style.gridArea = "2 / 1 / auto / -1";
    if (transport.classList.contains("is-above") === above) return;
    const held = transport.contains(this.focused()) ? this.focused() : null;
    transport.classList.toggle("is-above", above);
    if (above) this.grid.before(transport);
    else this.grid.append(transport);
    held?.focus({ preventScroll: true });
  }

  // What is seen of each in this view.
  show() {
    const { mode, chosen } = this;
    const held = this.focused(); // if that is hidden, the keyboard comes back to the player
    const pair = this.pairOf();
    this.node.dataset.mode = mode;
    this.views.forEach(({ node, deck }, place) => {
      const under = (mode === "wipe" || mode === "diff") && place === pair[0];
      const over = (mode === "wipe" || mode === "diff") && place === pair[1];
      node.classList.toggle("is-under", under);
      node.classList.toggle("is-over", over);
      node.classList.toggle("is-out", this.over && !(mode === "flip" ? place === chosen : under || over));
      node.classList.toggle("is-chosen", place === chosen);
      this.cards[place].node.classList.toggle("is-chosen", place === chosen);
      this.cards[place].pick.setAttribute("aria-pressed", String(place === chosen));
      deck.video.muted = !(place === chosen && !this.silent);
    });
    this.modes.forEach((node, index) => press(node, MODES[index][0] === mode));
    this.pair.hidden = !(this.decks.length > 2 && (mode === "wipe" || mode === "diff"));
    this.against.value = String(pair[0]);
    this.brighter.hidden = mode !== "diff";
    press(this.brighter, this.bright);
    this.glow.hidden = mode !== "diff";
    this.glow.classList.toggle("is-bright", this.bright);
    const [left, right] = pair.map((place) => this.decks[place].clip.name);
    this.glow.dataset.words = `${left} − ${right}${this.bright ? ", brightened" : ""}`;
    this.line.hidden = mode !== "wipe";
    this.line.setAttribute("aria-label", `Wipe between ${left} and ${right}`);
    const { clip } = this.decks[chosen];
    write(this.sound, this.silent ? "Sound off" : clip.sound ? `♪ ${clip.name}` : `${clip.name} is silent`);
    this.sound.setAttribute("aria-label", this.silent ? "Sound is off" : `Clip ${clip.name} is heard`);
    press(this.sound, !this.silent);
    this.lay();
    this.move();
    this.draw();
    if (this.node.contains(held) && held.closest("[hidden]")) this.node.focus({ preventScroll: true });
  }

  // What lies below, and what above it.
  pairOf() {
    const count = this.decks.length;
    const base = this.base;
    return [base, this.chosen === base ? (base + 1) % count : this.chosen];
  }

  // Zoom and wipe.
  move() {
    const { scale, x, y } = this.zoom;
    for (const { video } of this.decks) video.style.transform = scale === 1 ? "" : `translate(${x * 100}%, ${y * 100}%) scale(${scale})`;
    write(this.whole, `${Math.round(scale * 100)} %`);
    this.node.classList.toggle("is-zoomed", scale > 1);
    this.grid.style.setProperty("--wipe", `${this.wipe * 100}%`);
    this.line.setAttribute("aria-valuenow", String(Math.round(this.wipe * 100)));
  }

  draw(time = this.time) {
    const heard = this.silent ? -1 : this.chosen;
    this.views.forEach((view, place) => view.draw(time, place === heard));
    this.cards.forEach((card) => card.draw(time));
    const value = String(Math.round((time / this.total) * 1000));
    if (this.range.value !== value && !this.scrubbing) this.range.value = value;
    const words = `${clockWords(time)} / ${clockWords(this.total)}`;
    write(this.when, words);
    this.range.setAttribute("aria-valuetext", `${time.toFixed(2)} seconds`);
    const { on, from, to } = this.loop;
    this.part.hidden = from === null && to === null;
    this.part.classList.toggle("is-on", on);
    this.part.style.left = `${((from ?? 0) / this.total) * 100}%`;
    this.part.style.right = `${(1 - (to ?? this.total) / this.total) * 100}%`;
    write(this.go, this.wants ? "❚❚ Pause" : "▶ Play");
    press(this.looped, on);
  }

  tell(text) {
    write(this.live, text);
  }

  // A clip has come, or will not.
  arrived() {
    this.draw();
    if (this.decks.every((deck) => deck.state !== "loading")) this.node.dataset.ready = "true";
  }

  // ---- the clock ----

  get total() {
    return Math.max(...this.decks.map((deck) => deck.length), 0.04);
  }

  get time() {
    return clamp(this.clock.now(), 0, this.total);
  }

  get finest() {
    return Math.max(...this.decks.map((deck) => deck.fps));
  }

  get turns() {
    const { on, from, to } = this.loop;
    return { from: on ? from ?? 0 : 0, to: on ? to ?? this.total : this.total };
  }

  toggle() {
    if (this.wants) this.pause();
    else this.play();
  }

  play() {
    const { from, to } = this.turns;
    const half = 0.5 / this.finest;
    const time = this.time >= to - half || (this.loop.on && this.time < from - half) ? from : this.time;
    this.wants = true;
    this.waits = 0;
    this.tell("Playing");
    this.gather(time);
  }

  // All clips stand at the same moment before they go on: the one costly step, at the start, after a jump, in a loop.
  async gather(time) {
    const turn = ++this.turn;
    this.clock.set(time, false);
    this.draw();
    const playing = this.decks.filter((deck) => !deck.ended(time));
    for (const deck of this.decks) {
      deck.video.pause();
      deck.forget();
      if (!playing.includes(deck)) deck.seek(deck.middle(time));
      else if (deck.wish !== null || Math.abs(deck.video.currentTime - time) > deck.frame) deck.seek(time);
    }
    await Promise.all(this.decks.map((deck) => deck.settle()));
    if (turn !== this.turn || !this.wants) return;
    const able = playing.filter((deck) => deck.state === "ready");
    for (const deck of able) deck.video.playbackRate = this.clock.rate;
    await Promise.all(able.map((deck) => deck.play()));
    if (turn !== this.turn || !this.wants) return;
    const lead = this.lead(time) ?? able[0];
    this.clock.set(lead ? Math.max(lead.video.currentTime, time) : time, true);
    this.spreads = [];
    this.run(turn, able);
  }

  // The clip that is heard is never hurried: the clock follows it, and the others follow the clock.
  lead(time) {
    const deck = this.decks[this.chosen];
    return !this.silent && deck.clip.sound && deck.state === "ready" && !deck.ended(time) && !deck.video.paused ? deck : null;
  }

  run(turn, able) {
    const begun = performance.now();
    let told = begun;
    const tick = () => {
      if (turn !== this.turn || !this.clock.running) return;
      const now = performance.now();
      const lead = this.lead(this.clock.now(now));
      const time = this.follow(now, lead || (now - begun < START_MS ? able[0] : null), now - begun < START_MS);
      const { to } = this.turns;
      if (time >= to) {
        if (this.loop.on) this.gather(this.turns.from);
        else this.pause(this.total);
        return;
      }
      for (const deck of this.decks) {
        if (deck.state !== "ready" || deck.ended(time)) continue;
        if (deck.video.paused) deck.play(); // such as one that the browser has stopped
        if (!deck.video.requestVideoFrameCallback) deck.note(deck.video.currentTime - time, now);
        deck.sample(time);
        deck.steer(this.clock.rate, deck === lead);
        deck.far = Math.abs(deck.off) > FAR_FRAMES * deck.frame ? deck.far ?? now : null;
        if (deck.far !== null && now - deck.far > PATIENCE_MS * 2 ** this.waits) {
          this.waits = Math.min(this.waits + 1, MOST_WAITS);
          this.tell(`Waiting for clip ${deck.clip.name}`);
          this.gather(time);
          return;
        }
      }
      this.draw(time);
      this.compare(now, time);
      if (now - told > 250) {
        told = now;
        this.measure(now);
      }
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  // The clock goes where a clip is: at once while that one starts, then so gently that nobody sees it.
  follow(now, lead, starts) {
    const time = this.clock.now(now);
    if (!lead || lead.ended(time)) return time;
    const ahead = lead.video.currentTime - time;
    if (Math.abs(ahead) < 0.002) return time;
    const part = starts ? ahead : clamp(0.1 * ahead, -0.005, 0.005);
    this.clock.set(time + part);
    for (const deck of this.decks) {
      deck.off -= part;
      if (starts && Math.abs(part) > 0.004) deck.errors = [];
    }
    if (starts && Math.abs(part) > 0.004) this.spreads = [];
    return time + part;
  }

  // A picture has come to the screen.
  seen(deck, place, media, moment) {
    if (!this.clock.running || deck.video.paused || deck.video.seeking) return;
    const time = this.clock.now(moment);
    deck.note(media - time, moment);
    deck.shown = media;
  }

  // What is on the screen together: the pictures of this very moment, which come before the tick that calls this.
  compare(now, time) {
    const shown = this.decks.filter((deck) => deck.shown !== null && !deck.ended(time + deck.frame)).map((deck) => deck.shown);
    if (shown.length > 1) this.spreads.push([now, Math.max(...shown) - Math.min(...shown)]);
    while (this.spreads.length && this.spreads[0][0] < now - SECOND_MS) this.spreads.shift();
  }

  // How far nearly all of each clip's pictures were from the clock in the last second, ms; and any two from each other.
  // One in twenty may be late: on a busy machine a word about a picture comes late now and then, and the picture did not.
  measure(now) {
    const most = (pairs) => {
      const found = pairs.filter(([moment]) => moment > now - SECOND_MS).map(([, one]) => Math.abs(one)).sort((one, other) => one - other);
      return found.length ? found[Math.ceil(found.length * 0.95) - 1] * 1000 : 0;
    };
    this.views.forEach(({ node, deck }) => {
      const moving = deck.errors.length && !deck.ended(this.time);
      if (moving) Object.assign(node.dataset, { offsetMs: most(deck.errors).toFixed(1), pictures: deck.errors.length, rate: deck.video.playbackRate });
      else ["offsetMs", "pictures", "rate"].forEach((name) => delete node.dataset[name]);
    });
    const running = this.decks.filter((deck) => deck.state === "ready" && !deck.ended(this.time));
    if (running.length < 2 || !this.spreads.length) {
      this.unmeasured();
      return;
    }
    const apart = most(this.spreads);
    this.node.dataset.apartMs = apart.toFixed(1);
    const frames = Math.ceil((Math.max(apart - REFRESH_MS, 0) * Math.min(...this.decks.map((deck) => deck.fps))) / 1000 - 0.05);
    write(this.told, frames < 1 ? "in step" : `in step to ${frames} frame${frames > 1 ? "s" : ""}`);
    this.told.title = `In the last second, 19 of 20 pictures shown together were at most ${Math.round(apart)} ms apart`;
  }

  // Nothing runs beside another: what was measured holds no longer.
  unmeasured() {
    this.spreads = [];
    delete this.node.dataset.apartMs;
    write(this.told, "");
    this.told.title = "";
  }

  pause(time = this.time) {
    this.turn += 1;
    this.wants = false;
    this.stand(time);
    this.tell(time >= this.total ? "Ended" : `Paused at ${time.toFixed(2)} seconds`);
  }

  // Stand still, all on the frame of one moment.
  stand(time) {
    this.clock.set(time, false);
    for (const deck of this.decks) {
      deck.video.pause();
      deck.forget();
      const spot = deck.middle(time);
      if (deck.wish !== null || deck.video.seeking || deck.index(deck.video.currentTime) !== deck.index(time)) deck.seek(spot);
    }
    this.views.forEach(({ node }) => ["offsetMs", "pictures", "rate"].forEach((name) => delete node.dataset[name]));
    this.unmeasured();
    this.draw();
  }

  step(frames) {
    const at = Math.floor(this.time * this.finest + 0.01);
    const last = Math.round(this.total * this.finest) - 1;
    const to = this.time >= this.total ? last + Math.min(frames + 1, 0) : clamp(at + frames, 0, last);
    this.turn += 1;
    this.wants = false;
    this.stand((to + 0.5) / this.finest);
    this.tell(`Frame ${to + 1} of ${last + 1}`);
  }

  goTo(time) {
    if (this.wants) this.gather(time);
    else {
      this.turn += 1;
      this.stand(time);
    }
  }

  scrub(time) {
    this.scrubbing = true;
    this.turn += 1;
    this.stand(clamp(time, 0, this.total));
  }

  scrubbed() {
    this.scrubbing = false;
    if (this.wants) this.gather(this.time >= this.total ? 0 : this.time);
  }

  setSpeed(rate) {
    this.clock.speed(rate);
    for (const deck of this.decks) deck.video.playbackRate = rate;
    this.speed.value = String(rate);
    this.tell(`Speed ${rate}`);
  }

  speedBy(step) {
    this.setSpeed(SPEEDS[clamp(SPEEDS.indexOf(this.clock.rate) + step, 0, SPEEDS.length - 1)]);
  }

  setLoop(changes) {
    Object.assign(this.loop, changes);
    const { on, from, to } = this.loop;
    const part = from === null && to === null ? "the whole" : `${(from ?? 0).toFixed(2)} to ${(to ?? this.total).toFixed(2)} seconds`;
    this.tell(on ? `Loop: ${part}` : "Loop off");
    this.draw();
  }

  // The frame on the screen is the loop's first or its last; a border that would turn it round clears the other.
  loopAt(which) {
    const frame = Math.floor(this.time * this.finest + 0.01);
    const { from, to } = this.loop;
    if (which === "from") {
      const at = Math.min(frame, Math.round(this.total * this.finest) - 1) / this.finest;
      this.setLoop({ on: true, from: at, to: to !== null && to <= at ? null : to });
    } else {
      const at = Math.min((frame + 1) / this.finest, this.total);
      this.setLoop({ on: true, to: at, from: from !== null && from >= at ? null : from });
    }
  }

  // ---- views ----

  choose(place) {
    if (place === this.chosen || place < 0 || place >= this.decks.length) return;
    this.chosen = place;
    this.show();
    this.tell(`Clip ${this.decks[place].clip.name}`);
  }

  chooseBy(step) {
    const count = this.decks.length;
    let next = (this.chosen + step + count) % count;
    const pairs = this.mode === "wipe" || this.mode === "diff";
    if (pairs && count > 2 && next === this.base) next = (next + step + count) % count;
    this.choose(next);
  }

  setMode(mode) {
    if (mode === "flip" && this.mode === "flip") this.chooseBy(1);
    else if (mode === "diff" && this.mode === "diff") this.setBright(!this.bright);
    this.mode = mode;
    this.show();
    this.tell(MODES.find(([name]) => name === mode)[1]);
  }

  setBase(place) {
    this.base = place;
    this.show();
  }

  setBright(on) {
    this.bright = on;
    this.show();
  }

  setSilent(on) {
    this.silent = on;
    this.show();
    this.tell(on ? "Sound off" : "Sound on");
  }

  zoomTo(scale, x, y) {
    const size = clamp(scale, 1, MOST_ZOOM);
    this.zoom = { scale: size, x: clamp(x, 1 - size, 0), y: clamp(y, 1 - size, 0) };
    this.move();
  }

  // About a point of the picture, 0 to 1; the middle when none is said.
  zoomBy(factor, at = [0.5, 0.5]) {
    const { scale, x, y } = this.zoom;
    const size = clamp(scale * factor, 1, MOST_ZOOM);
    this.zoomTo(size, at[0] - ((at[0] - x) / scale) * size, at[1] - ((at[1] - y) / scale) * size);
    this.tell(`Zoom ${Math.round(this.zoom.scale * 100)} percent`);
  }

  showHelp() {
    this.help.hidden = !this.help.hidden;
    if (!this.help.hidden) this.help.scrollIntoView({ block: "nearest" });
  }

  async fullScreen() {
    if (document.fullscreenElement === this.node) await document.exitFullscreen();
    else await this.node.requestFullscreen().catch(() => {});
    this.lay();
  }

  // Mouse, pen and finger on the pictures: click chooses and plays, drag moves the wipe or the zoomed picture.
  stage() {
    for (const [place, { node }] of this.views.entries()) {
      node.addEventListener("pointerdown", (event) => event.button === 0 && this.grab(event, node, place));
      node.addEventListener("wheel", (event) => this.wheel(event, node), { passive: false });
    }
    this.line.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.line.focus({ preventScroll: true });
      this.drag(event, this.line, (moved) => this.wipeTo(moved.clientX));
    });
    this.line.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.wipe = clamp(this.wipe + step, 0, 1);
      this.move();
    });
  }

  grab(event, node, place) {
    const box = node.getBoundingClientRect();
    const { x, y } = this.zoom;
    const from = [event.clientX, event.clientY];
    let moved = false;
    this.drag(event, node, (now) => {
      const [right, down] = [now.clientX - from[0], now.clientY - from[1]];
      moved = moved || Math.hypot(right, down) > 4;
      if (!moved) return;
      if (this.zoom.scale > 1) this.zoomTo(this.zoom.scale, x + right / box.width, y + down / box.height);
      else if (this.mode === "wipe") this.wipeTo(now.clientX);
    }, () => {
      this.node.focus({ preventScroll: true });
      if (moved) return;
      if (this.over || place === this.chosen) this.toggle();
      else this.choose(place);
    });
  }

  drag(event, node, move, drop = () => {}) {
    node.setPointerCapture(event.pointerId);
    node.addEventListener("pointermove", move);
    node.addEventListener("lostpointercapture", () => {
      node.removeEventListener("pointermove", move);
      drop();
    }, { once: true });
  }

  wipeTo(clientX) {
    const box = this.views[0].node.getBoundingClientRect();
    this.wipe = clamp((clientX - box.left) / box.width, 0, 1);
    this.move();
  }

  // The wheel zooms in a player that has the keyboard; else, and when there is nothing to zoom out of, the page scrolls.
  wheel(event, node) {
    if (!(event.ctrlKey || this.node.contains(this.focused()))) return;
    if (event.deltaY >= 0 && this.zoom.scale === 1) return;
    event.preventDefault();
    const box = node.getBoundingClientRect();
    const at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.zoomBy(Math.exp(-clamp(event.deltaY, -100, 100) / 250), at);
  }

  // ---- remarks ----

  annotate(card, changes) {
    card.node.setAttribute("aria-busy", "true");
    clearTimeout(card.slow);
    card.slow = setTimeout(() => write(card.wrong, "Not written yet: waiting for the kernel …"), SLOW_MS);
    this.callbacks.annotate(card.deck.clip.id, changes);
  }

  // What is written down now; only then it is shown.
  remarked(id, remarks) {
    for (const card of this.cards) {
      if (card.deck.clip.id !== id) continue;
      const before = { ...card.deck.clip };
      this.answered(card, "");
      Object.assign(card.deck.clip, remarks);
      card.update();
      if (card.deck === this.decks[this.chosen]) this.tell(changeWords(before, card.deck.clip));
    }
    this.draw();
  }

  refused(id, text) {
    for (const card of this.cards) if (card.deck.clip.id === id) this.answered(card, text);
  }

  answered(card, text) {
    clearTimeout(card.slow);
    card.node.removeAttribute("aria-busy");
    write(card.wrong, text);
  }

  flagged(id, text) {
    for (const card of this.cards) if (card.deck.clip.id === id) card.flagged(text);
  }

  strip(id, source) {
    for (const card of this.cards) if (card.deck.clip.id === id) card.strip(source);
  }

  // ---- keys ----

  key(event) {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    const writes = target.tagName === "SELECT" || (target.tagName === "INPUT" && target.type === "text");
    if (writes || event.isComposing || (target.tagName === "BUTTON" && (event.key === " " || event.key === "Enter"))) return;
    if (this.does(event)) event.preventDefault();
  }

  does(event) {
    const place = /^Digit[1-9]$/.test(event.code) && event.shiftKey && !/^[1-9]$/.test(event.key) ? Number(event.code.slice(5)) : 0;
    if (place) {
      this.choose(place - 1);
      return true;
    }
    const card = this.cards[this.chosen];
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const plain = {
      " ": () => !event.repeat && this.toggle(), ",": () => this.step(-1), ".": () => this.step(1),
      ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1),
      ArrowUp: () => this.chooseBy(-1), ArrowDown: () => this.chooseBy(1),
      Home: () => this.goTo(this.turns.from), End: () => this.pause(this.total),
      "<": () => this.speedBy(-1), ">": () => this.speedBy(1), l: () => this.setLoop({ on: !this.loop.on }),
      "[": () => this.loopAt("from"), "]": () => this.loopAt("to"), m: () => this.setSilent(!this.silent),
      g: () => this.setMode("side"), f: () => this.setMode("flip"), w: () => this.setMode("wipe"), d: () => this.setMode("diff"),
      "+": () => this.zoomBy(1.5), "=": () => this.zoomBy(1.5), "-": () => this.zoomBy(1 / 1.5), 0: () => this.zoomTo(1, 0, 0),
      z: () => this.fullScreen(), "?": () => this.showHelp(),
    };
    const says = {
      1: () => card.rate(1), 2: () => card.rate(2), 3: () => card.rate(3), 4: () => card.rate(4), 5: () => card.rate(5),
      k: () => card.decide("keep"), x: () => card.decide("reject"), i: () => card.mark("in"), o: () => card.mark("out"),
      u: () => card.unmark(),
    };
    const action = plain[key] || (this.callbacks.annotate && !event.repeat ? says[key] : null);
    action?.();
    return Boolean(action);
  }

  close() {
    this.turn += 1;
    this.clock.set(0, false);
    this.shape.disconnect();
    document.removeEventListener("visibilitychange", this.hidden);
    this.views.forEach((view) => view.stop?.());
    this.decks.forEach((deck) => deck.close());
    this.node.remove();
  }
}

// What has changed, for who cannot see it.
function changeWords(before, after) {
  if (before.rating !== after.rating) return after.rating ? `Rated ${after.rating} of 5` : "Rating cleared";
  if (before.decision !== after.decision) return { keep: "Kept", reject: "Rejected" }[after.decision] || "Decision cleared";
  const marked = before.mark_in_s !== after.mark_in_s || before.mark_out_s !== after.mark_out_s;
  return marked ? `Usable from ${(after.mark_in_s ?? 0).toFixed(2)} to ${(after.mark_out_s ?? after.duration).toFixed(2)} seconds` : "Saved";
}

// Put a player into an element; see the top for what goes in. What comes back has remarked(id, remarks) for what was
// written down, refused(id, text) for what was not, strip(id, source), flagged(id, text), and close().
export function mountPlayer(root, data, callbacks = {}) {
  return new Player(root, data, callbacks);
}

// ---- in a notebook: everything comes as messages from the kernel -------------------------------------------------

class Wire {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.view = Math.random().toString(36).slice(2);
    this.coming = new Map(); // ticket -> what has come so far of a clip
    this.urls = [];
    this.hear = (message, buffers) => this.heard(message, buffers);
    model.on("msg:custom", this.hear);
    this.wait = el("div", { role: "status" });
    root.append(this.wait);
    this.late = setTimeout(() => write(this.wait, "Waiting for the kernel …"), SLOW_MS);
    model.send({ ask: "data" });
  }

  heard(message, buffers) {
    const { say, id } = message;
    if (say === "data" && !this.player) {
      clearTimeout(this.late);
      this.wait.remove();
      const annotate = (key, changes) => this.model.send({ ask: "annotate", id: key, changes });
      this.player = mountPlayer(this.root, message.data, { annotate, load: (key, heard) => this.load(key, heard) });
    } else if (say === "strip") this.player?.strip(id, message.source);
    else if (say === "flag") this.player?.flagged(id, message.text);
    else if (say === "remarks") this.player?.remarked(id, message.remarks);
    else if (say === "wrong") this.player?.refused(id, message.text);
    else if (say === "clip") this.piece(message, buffers);
    else if (say === "noclip") this.ended(message.ticket)?.failed(message.text);
  }

  load(id, heard) {
    const ticket = `${this.view}-${this.coming.size}-${id}`;
    this.coming.set(ticket, { id, parts: [], size: 0, heard });
    this.model.send({ ask: "clip", id, ticket, start: 0 });
    return () => this.coming.delete(ticket);
  }

  ended(ticket) {
    const clip = this.coming.get(ticket);
    this.coming.delete(ticket);
    return clip?.heard;
  }

  piece(message, buffers) {
    const clip = this.coming.get(message.ticket);
    if (!clip || message.at !== clip.size) return; // another view's
    clip.parts.push(buffers[0]);
    clip.size += buffers[0].byteLength;
    clip.heard.progress(clip.size / message.total);
    if (clip.size >= message.total) {
      const url = URL.createObjectURL(new Blob(clip.parts, { type: "video/mp4" }));
      this.urls.push(url);
      this.ended(message.ticket).ready(url);
    } else if (message.last) this.model.send({ ask: "clip", id: clip.id, ticket: message.ticket, start: clip.size });
  }

  close() {
    clearTimeout(this.late);
    this.model.off("msg:custom", this.hear);
    this.coming.clear();
    this.player?.close();
    this.urls.forEach((url) => URL.revokeObjectURL(url));
    this.wait.remove();
  }
}

export default {
  render({ model, el: root }) {
    const wire = new Wire(model, root);
    return () => wire.close();
  },
};

// ---- how it looks: the notebook's own colours, with fallbacks for a page without them ----------------------------

const INK = "var(--jp-ui-font-color1, inherit)";
const WARN = "var(--jp-warn-color1, #b26a00)";
const MUTED = "var(--jp-ui-font-color2, color-mix(in srgb, currentColor 68%, transparent))";
const EDGE = "var(--jp-border-color2, rgba(128, 128, 128, 0.35))";
const SUNKEN = "var(--jp-layout-color2, rgba(128, 128, 128, 0.12))";
const PAPER = "var(--jp-layout-color1, Canvas)";
const UNDER = "var(--jp-layout-color0, var(--rep-paper, Canvas))"; // what it lies on, in a notebook and in a report
const ACCENT = "var(--jp-brand-color1, #4f6bed)";
const GOOD = "var(--jp-success-color1, #2e8540)";
const BAD = "var(--jp-error-color1, #c62828)";
const SHADE = "rgba(20, 22, 26, 0.74)"; // on pictures, whatever the theme
const LIGHT = "#f4f5f7";
const STAGE = "#14161a";

const CSS = `
.pixverse-player { font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 13px; line-height: 1.5;
  color: ${INK}; container-type: inline-size; display: flex; flex-direction: column; gap: 10px; min-width: 0;
  padding: 8px; border-radius: 10px; text-align: start; }
.pixverse-player *, .pixverse-player *::before, .pixverse-player *::after { box-sizing: border-box; }
.pixverse-player [hidden] { display: none !important; }
.pixverse-player :focus-visible { outline: 2px solid ${ACCENT}; outline-offset: 2px; }
.pixverse-player:focus-visible { outline: 2px solid ${ACCENT}; outline-offset: -2px; }
.pixverse-player:fullscreen { background: ${PAPER}; padding: 16px; overflow: auto; border-radius: 0; }
.pixverse-player p, .pixverse-player dl, .pixverse-player dd, .pixverse-player dt { margin: 0; padding: 0; }
.pixverse-player button, .pixverse-player select, .pixverse-player input { font: inherit; color: inherit; margin: 0; }
.pixverse-player button, .pixverse-player select { background: transparent; border: 1px solid ${EDGE}; border-radius: 6px;
  padding: 3px 9px; line-height: 18px; height: 26px; cursor: pointer; white-space: nowrap; }
.pixverse-player select { padding: 0 4px; background: ${PAPER}; color: var(--jp-ui-font-color1, CanvasText); }
.pixverse-player button:hover:not([aria-disabled=true]) { border-color: ${ACCENT}; color: ${ACCENT}; }
.pixverse-player button[aria-pressed=true] { border-color: ${ACCENT}; color: ${ACCENT}; font-weight: 600;
  background: color-mix(in srgb, ${ACCENT} 12%, transparent); }
.pixverse-player button[aria-disabled=true] { opacity: 0.45; cursor: default; }
.pixverse-player .is-reject[aria-pressed=true] { border-color: ${BAD}; color: ${BAD};
  background: color-mix(in srgb, ${BAD} 10%, transparent); }
.pxp-common { display: flex; flex-direction: column; gap: 1px; }
.pxp-prompt { font-weight: 500; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
  overflow: hidden; overflow-wrap: anywhere; }
.pxp-same { color: ${MUTED}; font-size: 12px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.pxp-bar { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.pxp-space { flex: 1; }
.pxp-group { display: inline-flex; }
.pixverse-player .pxp-group button { border-radius: 0; margin-left: -1px; }
.pixverse-player .pxp-group button:first-child { border-radius: 6px 0 0 6px; margin-left: 0; }
.pixverse-player .pxp-group button:last-child { border-radius: 0 6px 6px 0; }
.pixverse-player .pxp-group button:is(:hover, :focus-visible, [aria-pressed=true]) { position: relative; z-index: 1; }
.pxp-pair { display: inline-flex; gap: 5px; align-items: center; color: ${MUTED}; }

.pxp-grid { display: grid; grid-template-columns: repeat(var(--columns, 2), minmax(0, 1fr)); gap: 6px 14px;
  align-items: start; isolation: isolate; position: relative; }
.pxp-view { position: relative; height: var(--tall, 270px); border-radius: 6px; overflow: hidden; background: ${STAGE};
  cursor: pointer; touch-action: pan-y; user-select: none; }
.pxp-view video, .pxp-view img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; margin: 0;
  max-width: none; transform-origin: 0 0; pointer-events: none; }
.pxp-view video { opacity: 0; }
.pxp-view video.is-shown { opacity: 1; }
.pxp-view:has(video.is-shown) img { display: none; }
[data-mode=side] .pxp-view.is-chosen { box-shadow: 0 0 0 2px ${ACCENT}; }
.is-zoomed .pxp-view { cursor: grab; touch-action: none; }
.pxp-view.is-out { visibility: hidden; }
.pxp-view.is-under { z-index: 1; }
.pxp-view.is-over { z-index: 2; background: transparent; }
[data-mode=wipe] .pxp-view { cursor: ew-resize; touch-action: none; }
[data-mode=wipe] .pxp-view.is-over { clip-path: inset(0 0 0 var(--wipe)); background: ${STAGE}; }
[data-mode=wipe] .pxp-view.is-over .pxp-chip { left: auto; right: 8px; }
[data-mode=diff] .pxp-view.is-over { mix-blend-mode: difference; }
[data-mode=diff] .pxp-chip { display: none; }
.pxp-chip { position: absolute; left: 8px; top: 8px; display: flex; gap: 7px; padding: 0 8px; border-radius: 10px;
  font-size: 12px; line-height: 20px; background: ${SHADE}; color: ${LIGHT}; pointer-events: none; }
.pxp-chip span:empty { display: none; }
.pxp-ear { opacity: 0.85; }
.pxp-word { position: absolute; left: 8px; right: 8px; bottom: 8px; padding: 4px 9px; border-radius: 6px; font-size: 12px;
  background: ${SHADE}; color: ${LIGHT}; overflow-wrap: anywhere; max-height: 70%; overflow-y: auto; }
.pxp-word.is-bad { border-left: 3px solid ${BAD}; }
.pxp-word:empty { display: none; }
.pxp-glow { grid-area: 1 / 1 / 2 / -1; align-self: stretch; z-index: 3; pointer-events: none; position: relative; border-radius: 6px; }
.pxp-glow.is-bright { backdrop-filter: brightness(5); }
.pxp-glow::after { content: attr(data-words); position: absolute; left: 8px; top: 8px; padding: 0 8px; border-radius: 10px;
  font-size: 12px; line-height: 20px; background: ${SHADE}; color: ${LIGHT}; }
.pxp-handle { grid-area: 1 / 1 / 2 / -1; align-self: stretch; z-index: 4; position: relative; left: var(--wipe); width: 24px;
  margin-left: -12px; cursor: ew-resize; touch-action: none; }
.pxp-handle::before { content: ""; position: absolute; left: 11px; top: 0; bottom: 0; width: 2px; background: ${LIGHT};
  box-shadow: 0 0 4px rgba(0, 0, 0, 0.6); }
.pxp-handle::after { content: "◂▸"; position: absolute; left: -4px; top: calc(50% - 16px); width: 32px; height: 32px;
  border-radius: 50%; background: ${LIGHT}; color: ${STAGE}; display: flex; align-items: center; justify-content: center;
  font-size: 11px; box-shadow: 0 1px 6px rgba(0, 0, 0, 0.45); }

.pxp-card { display: flex; flex-direction: column; gap: 5px; min-width: 0; padding-bottom: 10px; }
.pxp-strip { position: relative; height: 34px; border-radius: 4px; overflow: hidden; background: ${SUNKEN};
  background-size: 100% 100%; cursor: ew-resize; touch-action: none; }
.pxp-strip.is-bare { height: 14px; }
.pxp-played { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; background: ${LIGHT};
  box-shadow: 0 0 0 1px rgba(20, 22, 26, 0.7); }
.pxp-usable { position: absolute; top: 0; bottom: 0; border: 2px solid ${GOOD}; border-radius: 4px;
  box-shadow: 0 0 0 2000px rgba(20, 22, 26, 0.62); }
.pxp-line { display: flex; gap: 8px; align-items: center; min-width: 0; }
.pixverse-player button.pxp-name { width: 26px; padding: 0; flex: none; font-weight: 600; border-radius: 50%; }
.pixverse-player button.pxp-name[aria-pressed=true] { background: ${ACCENT}; color: ${LIGHT}; }
.pxp-says { color: ${MUTED}; font-size: 12px; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pxp-card.is-kept .pxp-says { color: ${GOOD}; }
.pxp-card.is-rejected .pxp-says { color: ${BAD}; }
.pixverse-player .pxp-words { overflow-wrap: anywhere; max-height: 9em; overflow-y: auto; line-height: 1.45; }
.pxp-words ins { text-decoration: none; border-radius: 3px; padding: 0 2px; font-weight: 600;
  background: color-mix(in srgb, ${GOOD} 20%, transparent); border-bottom: 2px solid ${GOOD}; }
.pxp-words del { color: ${MUTED}; text-decoration: line-through; text-decoration-color: ${BAD}; padding: 0 2px; }
.pixverse-player dl.pxp-facts { display: flex; flex-wrap: wrap; gap: 1px 14px; font-size: 12px; font-variant-numeric: tabular-nums; }
.pixverse-player .pxp-facts > div { display: flex; gap: 5px; min-width: 0; }
.pxp-facts dt { color: ${MUTED}; font-weight: 400; float: none; width: auto; flex: none; }
.pxp-facts dt::after { content: none; }
.pxp-facts dd { overflow-wrap: anywhere; width: auto; }
.pxp-verdict { display: flex; flex-wrap: wrap; gap: 6px; }
.pixverse-player .pxp-verdict button { padding: 3px 8px; }
.pxp-rate { display: inline-flex; }
.pixverse-player .pxp-rate button { border-radius: 0; padding: 3px 0; width: 23px; margin-left: -1px; color: ${MUTED}; }
.pixverse-player .pxp-rate button:first-child { border-radius: 6px 0 0 6px; margin-left: 0; }
.pixverse-player .pxp-rate button:last-child { border-radius: 0 6px 6px 0; }
.pixverse-player .pxp-rate button.is-lit { color: ${ACCENT}; background: color-mix(in srgb, ${ACCENT} 14%, transparent); }
.pixverse-player .pxp-rate button:focus-visible { position: relative; z-index: 1; }
.pxp-why { margin-top: 6px; }
.pxp-why label { display: flex; gap: 6px; align-items: center; font-size: 12px; color: ${MUTED}; }
.pixverse-player .pxp-why input { flex: 1; min-width: 0; height: 26px; padding: 2px 8px; border-radius: 6px;
  border: 1px solid ${EDGE}; background: ${PAPER}; color: var(--jp-ui-font-color1, CanvasText); }
.pxp-wrong { color: ${BAD}; font-size: 12px; overflow-wrap: anywhere; }
.pixverse-player p.pxp-flag { color: ${MUTED}; font-size: 12px; margin: 2px 0 0; overflow-wrap: anywhere; }
.pxp-flag b { color: ${WARN}; font-weight: 600; }
.pixverse-player p.pxp-flag:empty { display: none; }
.pxp-wrong:empty { display: none; }

.pxp-transport { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; padding: 3px 0; }
.pxp-transport.is-above { position: sticky; top: 0; z-index: 6; background: ${UNDER}; border-bottom: 1px solid ${EDGE}; padding: 6px 0; }
/* JupyterLab's own boxes around an output would scroll, which they never need to, and nothing in them would stay in sight. */
.jp-Cell:not(.jp-mod-outputsScrolled) .jp-Cell-outputArea:has(.pixverse-player),
.jp-OutputArea-child:has(.pixverse-player), .jp-OutputArea-output:has(.pixverse-player) { overflow: visible; }
.pixverse-player button.pxp-go { min-width: 84px; font-weight: 600; }
.pxp-track { position: relative; flex: 1 1 160px; height: 26px; display: flex; align-items: center; }
.pixverse-player input.pxp-range { width: 100%; accent-color: ${ACCENT}; height: 26px; cursor: pointer; position: relative; padding: 0; }
.pxp-part { position: absolute; bottom: 1px; height: 4px; border-radius: 2px; background: ${EDGE}; }
.pxp-part.is-on { background: ${ACCENT}; }
.pxp-when { font-variant-numeric: tabular-nums; color: ${MUTED}; white-space: nowrap; }
.pxp-foot { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; color: ${MUTED}; font-size: 12px; }
.pxp-keys { display: flex; flex-wrap: wrap; gap: 3px 12px; flex: 1; }
.pixverse-player kbd { font: inherit; font-size: 11px; border: 1px solid ${EDGE}; border-radius: 4px; padding: 0 5px;
  background: ${SUNKEN}; box-shadow: none; color: inherit; white-space: nowrap; }
.pxp-told { font-variant-numeric: tabular-nums; min-width: 120px; text-align: end; }
.pixverse-player dl.pxp-help { flex-basis: 100%; display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 4px 18px;
  border: 1px solid ${EDGE}; border-radius: 8px; padding: 10px 12px; }
.pixverse-player .pxp-help > div { display: flex; gap: 8px; }
.pxp-help dt { flex: 0 0 74px; float: none; width: auto; font-weight: 400; }
.pxp-help dd { color: ${INK}; width: auto; }
.pxp-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@container (max-width: 620px) { .pxp-track { flex-basis: 100%; order: -1; } }
`;
