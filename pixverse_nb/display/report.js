// The report's page: which clips the player shows, and small clips that play where the pointer is.
//
// Stands behind player.js in one module. Without script the page has everything but this: posters, words, plain players.
// Whatever came from elsewhere is set as text, never as markup.

function mountReport() {
  const MOST_CLIPS = 9;
  const NAMES = "ABCDEFGHI";
  const OWN = ["Cost", "Took"]; // said of each clip, whether it differs or not
  const SPACELESS = "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff";
  // A word with the blanks after it; a sign; and, in scripts that put no blanks between words, each character.
  const WORD = new RegExp(
    `[${SPACELESS}]\\s*|(?:(?![${SPACELESS}])[\\p{L}\\p{N}\\p{M}_])+(?:['’](?:(?![${SPACELESS}])[\\p{L}\\p{N}\\p{M}_])+)*\\s*|[^\\s]\\s*|\\s+`,
    "gu",
  );
  const AROUND = 60; // characters that are shown on each side of a change
  const MOST_CELLS = 4_000_000; // of the table that finds what two texts share: beyond, the whole middle is a change

  // ---- what differs between prompts ----

  function differences(old, fresh) {
    const before = old.match(WORD) || [];
    const after = fresh.match(WORD) || [];
    let head = 0;
    while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
    let tail = 0;
    while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
    const pieces = [["same", after.slice(0, head).join("")]];
    pieces.push(...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)));
    pieces.push(["same", after.slice(after.length - tail).join("")]);
    return merged(joined(merged(pieces)));
  }

  // A comma that two changes have between them belongs to both: scattered signs are hard to read.
  function joined(pieces) {
    return pieces.flatMap(([kind, text], place) => {
      const between = kind === "same" && place > 0 && place < pieces.length - 1;
      return between && !/[\p{L}\p{N}]/u.test(text) ? [["del", text], ["ins", text]] : [[kind, text]];
    });
  }

  // The longest that both have in common, in order.
  function middle(before, after) {
    const wide = after.length + 1;
    if ((before.length + 1) * wide > MOST_CELLS) return [["del", before.join("")], ["ins", after.join("")]];
    const shared = new Uint16Array((before.length + 1) * wide);
    for (let i = before.length - 1; i >= 0; i -= 1) {
      for (let j = after.length - 1; j >= 0; j -= 1) {
        const at = i * wide + j;
        shared[at] = before[i] === after[j] ? shared[at + wide + 1] + 1 : Math.max(shared[at + wide], shared[at + 1]);
      }
    }
    const pieces = [];
    let [i, j] = [0, 0];
    while (i < before.length && j < after.length) {
      if (before[i] === after[j]) {
        pieces.push(["same", after[j]]);
        [i, j] = [i + 1, j + 1];
      } else if (shared[(i + 1) * wide + j] >= shared[i * wide + j + 1]) pieces.push(["del", before[i++]]);
      else pieces.push(["ins", after[j++]]);
    }
    pieces.push(["del", before.slice(i).join("")], ["ins", after.slice(j).join("")]);
    return pieces;
  }

  // Neighbours of one kind as one; of a change, what went before what came; without empty ones.
  function merged(pieces) {
    const made = [];
    let [gone, come] = ["", ""];
    const flush = () => {
      if (gone) made.push(["del", gone]);
      if (come) made.push(["ins", come]);
      [gone, come] = ["", ""];
    };
    for (const [kind, text] of pieces) {
      if (kind === "del") gone += text;
      else if (kind === "ins") come += text;
      else if (text) {
        flush();
        if (made.at(-1)?.[0] === "same") made.at(-1)[1] += text;
        else made.push(["same", text]);
      }
    }
    flush();
    return made;
  }

  // Of a long stretch that is the same, what is near a change.
  function inShort(pieces) {
    return pieces.flatMap(([kind, text], place) => {
      if (kind !== "same" || text.length <= 2 * AROUND + 20) return [[kind, text]];
      const start = place ? [["same", `${text.slice(0, AROUND).replace(/\S+$/, "")} `]] : [];
      const end = place < pieces.length - 1 ? [["same", text.slice(-AROUND).replace(/^\S+\s*/, "")]] : [];
      return [...start, ["gap", "… "], ...end];
    });
  }

  function words(first, prompt) {
    const pieces = data.stand_ins && prompt !== first ? [["ins", prompt]] : differences(first, prompt);
    return pieces.every(([kind]) => kind === "same") ? [["same", "the same prompt as A"]] : inShort(pieces);
  }

  // ---- the player ----

  const section = document.querySelector(".rep-compare");
  const block = document.querySelector("#rep-data");
  if (!block) return;
  const data = JSON.parse(block.textContent);
  const known = new Map(data.clips.map((clip) => [clip.id, clip]));
  const ticks = [...document.querySelectorAll(".rep-tick input")];
  const lost = new Set(); // clips whose file beside the page did not play: their small ones are shown
  let player = null;

  // The media of the table: of a clip its still, its small copy, or the whole of it.
  const part = (what, id) => document.querySelector(`[data-${what}="${window.CSS.escape(id)}"]`);

  function clipOf(id, name) {
    const clip = { ...known.get(id), name };
    const [whole, small, still] = ["whole", "small", "still"].map((what) => part(what, id));
    clip.poster = still?.getAttribute("poster") || still?.getAttribute("src") || "";
    if (whole) clip.src = whole.src;
    else if (small && (lost.has(id) || !clip.src)) Object.assign(clip, { src: small.src, fps: clip.small_fps, sound: false });
    return clip;
  }

  // What the player is given of the chosen ones: below each only what differs between them.
  function selected(ids) {
    const clips = ids.map((id, place) => clipOf(id, NAMES[place]));
    const one = clips.every((clip) => clip.prompt === clips[0].prompt);
    const labels = [...new Set(clips.flatMap((clip) => clip.facts.map(([label]) => label)))];
    const same = [...data.same];
    for (const label of labels.filter((name) => !OWN.includes(name))) {
      const texts = clips.map((clip) => clip.facts.find(([name]) => name === label)?.[1]);
      if (texts.some((text) => text !== texts[0])) continue;
      same.push([label, texts[0]]);
      for (const clip of clips) clip.facts = clip.facts.filter(([name]) => name !== label);
    }
    for (const [place, clip] of clips.entries()) clip.words = one ? [] : place ? words(clips[0].prompt, clip.prompt) : [["same", clip.prompt]];
    return { prompt: one ? clips[0].prompt : "", same, clips };
  }

  function chosen() {
    return ticks.filter((tick) => tick.checked).map((tick) => tick.value);
  }

  function show() {
    const place = section.querySelector(".rep-player");
    const ids = chosen();
    const names = new Map(ids.map((id, at) => [id, NAMES[at]]));
    for (const tick of ticks) write(tick.parentElement.querySelector(".rep-letter"), names.get(tick.value) || "");
    place.style.minHeight = `${place.offsetHeight}px`; // the page must not jump while one goes and one comes
    player?.close();
    player = null;
    section.classList.toggle("is-idle", ids.length < 2);
    if (ids.length >= 2) player = mountPlayer(place, selected(ids));
    place.style.minHeight = "";
    const many = ids.length < 2 ? "Tick two to nine clips in the table below." : `${ids.length} of ${ticks.length} clips, ticked in the table below.`;
    const gone = ids.filter((id) => lost.has(id)).length;
    say(gone ? `${many} ${gone === 1 ? "One is" : `${gone} are`} shown small: the file beside this page does not play.` : many);
  }

  function say(text) {
    write(section.querySelector(".rep-many"), text);
  }

  function choose(ids) {
    for (const tick of ticks) tick.checked = ids.includes(tick.value);
    show();
  }

  if (section && ticks.length > 1) {
    section.hidden = false;
    document.documentElement.classList.add("is-scripted");
    for (const tick of ticks) {
      tick.addEventListener("change", () => {
        if (chosen().length <= MOST_CLIPS) show();
        else {
          tick.checked = false;
          say(`${MOST_CLIPS} clips are compared at most: take one out first.`);
        }
      });
    }
    section.querySelector(".rep-best").addEventListener("click", () => choose(data.best));
    section.querySelector(".rep-none").addEventListener("click", () => choose([]));
    // A page that was moved without its folder still has the small clips. Errors of media do not bubble.
    section.addEventListener("error", (event) => {
      const id = event.target.closest?.(".pxp-view")?.dataset.clip;
      if (!id || lost.has(id) || !part("small", id) || !event.target.getAttribute("src")) return;
      lost.add(id);
      setTimeout(show);
    }, true);
    show();
  }

  // ---- small clips in the table ----

  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const video of calm ? [] : document.querySelectorAll("video[data-small]")) {
    video.controls = false;
    video.tabIndex = 0;
    const play = () => video.play().catch(() => {});
    const rest = () => {
      video.pause();
      video.load(); // back to its poster
    };
    for (const event of ["pointerenter", "focus"]) video.addEventListener(event, play);
    for (const event of ["pointerleave", "blur"]) video.addEventListener(event, rest);
    video.addEventListener("click", () => (video.paused ? play() : video.pause()));
  }
}

mountReport();
