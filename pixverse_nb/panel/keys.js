// What ipywidgets leaves out: arrow keys on the panel's tabs are the tabs' own (Notebook 7 would take them for its
// headings), choices that belong together have a name, and in a field of figures the arrow keys step.

const FRAMES = 600; // the panel is drawn by and by
const STEP = { ArrowUp: 1, ArrowDown: -1 };

function markTabs(panel) {
  // On each tab itself: a shortcut for whatever has the focus is found there, before its bar is asked.
  const tabs = panel.querySelectorAll(".pixverse-right [role=tab]");
  for (const tab of tabs) {
    tab.dataset.lmSuppressShortcuts = "true"; // JupyterLab 4 and Notebook 7
    tab.dataset.pSuppressShortcuts = "true"; // JupyterLab 3
  }
  return tabs.length > 0;
}

function nameChoices(panel) {
  const boxes = panel.querySelectorAll(".pixverse-segments .widget-radio-box");
  for (const box of boxes) {
    box.setAttribute("role", "radiogroup");
    box.setAttribute("aria-label", box.parentElement.querySelector(".widget-label").textContent);
  }
  return boxes.length > 0;
}

function stepped(text, by, [low, high]) {
  return /^\s*[+-]?\d{1,9}\s*$/.test(text) ? Math.min(Math.max(Number(text) + by, low), high) : null;
}

export default {
  render({ model, el }) {
    let gone = false;
    let panel = null;
    const ranges = model.get("ranges");
    const onKey = (event) => {
      const input = event.target;
      const by = STEP[event.key];
      if (!by || event.ctrlKey || event.altKey || event.metaKey || !input.matches(".pixverse-step input")) return;
      const name = Object.keys(ranges).find((one) => input.closest(`.pixverse-field-${one}`));
      const next = name && stepped(input.value, by, ranges[name]);
      event.preventDefault();
      event.stopPropagation();
      if (next == null || String(next) === input.value) return;
      input.value = String(next);
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const mark = (left) => {
      panel = el.closest(".pixverse-panel");
      const done = panel !== null && [markTabs(panel), nameChoices(panel)].every(Boolean);
      if (!done && left && !gone) requestAnimationFrame(() => mark(left - 1));
      else panel?.addEventListener("keydown", onKey, true);
    };
    mark(FRAMES);
    return () => {
      gone = true;
      panel?.removeEventListener("keydown", onKey, true);
    };
  },
};
