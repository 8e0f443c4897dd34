// Shows the box that it lies in above the page, so that nothing moves. Escape and a click beside it close it.

const FRAMES = 20;

export default {
  render({ model, el }) {
    let box = null;
    let gone = false;
    const toggled = (event) => event.newState === "closed" && model.send({ say: "closed" });
    const open = () => {
      if (gone) return;
      if (!el.isConnected) {
        requestAnimationFrame(open);
        return;
      }
      box = el.closest(".pixverse-box");
      if (!box?.showPopover) return; // an old browser shows it in its place
      box.popover = "auto";
      box.setAttribute("role", "dialog");
      box.setAttribute("aria-label", model.get("title"));
      box.addEventListener("toggle", toggled);
      box.showPopover();
      focus(FRAMES);
    };
    // What is in the box is drawn by and by: its text field gets the keyboard, or the first button.
    const focus = (left) => {
      if (gone) return;
      const place = box.querySelector("textarea, input[type=text]") || (left ? null : box.querySelector("button"));
      place?.focus({ preventScroll: true });
      if (left && !place?.matches(":focus")) requestAnimationFrame(() => focus(left - 1));
    };
    open();
    return () => {
      gone = true;
      box?.removeEventListener("toggle", toggled);
      for (const name of ["popover", "role", "aria-label"]) box?.removeAttribute(name);
    };
  },
};
