// A button that takes a text to where it is wanted: to the clipboard, or into a new cell below the panel, and runs it.

// JupyterLab's and Notebook 7's own buttons: a widget is given no command of theirs, only the page.
const ADD_CELL = "[data-command='notebook:insert-cell-below']";
const RUN_CELL = "[data-command='notebook:run-cell-and-select-next']";
const TRIES = 40;
const PAUSE_MS = 25;
const SAID_MS = 4000;

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOldWay(text); // a page that is not served by https or from this machine has no clipboard
  }
}

function copyOldWay(text) {
  const held = document.activeElement;
  const place = document.createElement("textarea");
  place.value = text;
  Object.assign(place.style, { position: "fixed", opacity: "0" });
  document.body.append(place);
  place.select();
  const done = document.execCommand("copy");
  place.remove();
  held?.focus({ preventScroll: true });
  return done;
}

function press(button) {
  button.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, button: 0 })); // it does not wait for the click
}

// Front ends tell a widget nothing of their notebook: it presses their own buttons, and types. Gives what to say, or
// nothing where there is no such button.
async function insert(node, text) {
  const notebook = node.closest(".jp-NotebookPanel");
  const add = notebook?.querySelector(ADD_CELL);
  if (!add || !notebook.querySelector(".cm-content")) return ""; // JupyterLab 3 has another editor
  const editor = () => notebook.querySelector(".jp-Cell.jp-mod-active .cm-content");
  const before = editor();
  press(add);
  for (let count = 0; count < TRIES; count++) {
    await new Promise((done) => setTimeout(done, PAUSE_MS));
    const place = editor();
    if (place && place !== before && !place.contains(node) && place.textContent === "") {
      place.focus();
      if (!document.execCommand("insertText", false, text)) return "";
      return (await run(notebook, editor, text)) ? "It runs in the next cell" : "It is in the next cell: run it";
    }
  }
  return "";
}

// Nothing but the text that was written, and only where a button for it is on the page.
async function run(notebook, editor, text) {
  const button = notebook.querySelector(RUN_CELL);
  for (let count = 0; button && count < TRIES; count++) {
    await new Promise((done) => setTimeout(done, PAUSE_MS)); // the editor takes in what was typed a moment later
    if (editor()?.textContent === text) {
      press(button);
      return true;
    }
  }
  return false;
}

export default {
  render({ model, el }) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "pxc-button", textContent: model.get("label") });
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    const node = document.createElement("div");
    node.className = "pixverse-copy";
    node.append(button, said);
    el.append(node);
    let later = null;
    const say = (words) => {
      clearTimeout(later);
      said.textContent = words;
      later = setTimeout(() => (said.textContent = ""), SAID_MS);
    };
    button.addEventListener("click", async () => {
      const text = model.get("text");
      const done = model.get("into_cell") && (await insert(node, text));
      if (done) say(done);
      else if (await copy(text)) say(model.get("into_cell") ? "Copied: paste it into a cell, and run it" : "Copied");
      else say("The browser does not let it be copied");
    });
    return () => clearTimeout(later);
  },
};
