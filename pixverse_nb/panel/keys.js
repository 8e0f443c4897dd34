// Arrow keys on the panel's tabs belong to the tabs: Notebook 7 would take them for its headings.

const FRAMES = 600; // the tabs are drawn by and by

export default {
  render({ el }) {
    let gone = false;
    const mark = (left) => {
      // On each tab itself: a shortcut for whatever has the focus is found there, before its bar is asked.
      const tabs = el.closest(".pixverse-panel")?.querySelectorAll(".pixverse-right [role=tab]") || [];
      for (const tab of tabs) {
        tab.dataset.lmSuppressShortcuts = "true"; // JupyterLab 4 and Notebook 7
        tab.dataset.pSuppressShortcuts = "true"; // JupyterLab 3
      }
      if (!tabs.length && left && !gone) requestAnimationFrame(() => mark(left - 1));
    };
    mark(FRAMES);
    return () => (gone = true);
  },
};
