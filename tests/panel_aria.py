"""What a screen reader finds in each part of the panel: the controls by role, name and state, in their order.

Of the texts between them only those that say what happens are pinned; a part may say more than it must.
"""


def _radios(label, names, chosen):
    marked = (f'  - radio "{name}"{" [checked]" if name == chosen else ""}\n' for name in names)
    return f'- radiogroup "{label}":\n' + "".join(marked)


def _checkboxes(*names):
    return "".join(f'- checkbox "{name}"\n' for name in names)


_REMARKS = (
    '  - group "Rating":\n'
    + "".join(f'    - button "Rate {number} of 5": "{number}"\n' for number in range(1, 6))
    + '  - button "Keep"\n  - button "Reject"\n'
)

FORM = (
    '- textbox "Prompt": a fox by keyboard\n'
    + _checkboxes("slow dolly in", "pull back", "pan right", "crane up", "orbit shot", "tracking shot", "handheld")
    + _checkboxes("golden hour", "blue hour", "soft window light", "backlit", "candlelight", "neon glow")
    + _checkboxes("dreamlike", "serene", "joyful", "melancholic", "tense", "epic")
    + """- textbox "Negative prompt"
- 'textbox "Picture: path or https URL"'
- button "Upload picture"
- combobox "Or the last frame of a clip":
  - option "none" [selected]
- button "Remove picture" [disabled]
- textbox "Duration (s)": "5"
- textbox "Takes": "1"
- checkbox "Audio" [checked]
"""
    + _radios("Quality", ("360p", "540p", "720p", "1080p"), "540p")
    + _radios("Aspect ratio", ("16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9"), "16:9")
    + """- button /Hide advanced settings/
- combobox "Motion mode":
  - option "not sent" [selected]
- combobox "Thinking":
  - option "not sent" [selected]
- textbox "Seed"
- textbox "Width (px)"
- textbox "Height (px)"
- textbox "Steps"
- textbox "Guidance scale"
- combobox "Scheduler":
  - option "not sent · DDIM" [selected]
- button "Generate · $0.28"
- status: /at most \\$0.281 · about \\d+:\\d+/
- status: 1 running · see the queue
- button /Hide the code/
- textbox "The call that does the same": studio.generate('a fox by keyboard', take=2)
- button "Copy"
"""
)

HEADER = '- heading "PixVerse" [level=2]\n- text: /127.0.0.1:\\d+ balance \\$\\d+\\.\\d+/'
TABS = '- tablist:\n  - tab "Queue and gallery" [selected]\n  - tab "History"\n  - tab "Settings"'
LINE = (
    "- text: /drawing 0:\\d+.* a fox by keyboard 540p · 5 s · \\$0.281 estimated/\n"
    '- button "Stop waiting · still billed"'
)
QUEUE = (
    '- heading "Queue" [level=3]\n- text: /running/\n- button "Not watched (1)"\n'
    "- status: /No longer watched.*still billed/"
)
CARD = (
    """- listitem /a fox by keyboard, 540p · .* s · \\$0.281/:
  - 'button "Play: a fox by keyboard"'
  - button "Star"
"""
    + _REMARKS
    + """  - 'checkbox "Compare: a fox by keyboard"'
  - 'button "More about: a fox by keyboard"'
"""
)
SHEET = (
    """- dialog /Clip of .* UTC/:
  - 'button "Play: a fox by keyboard"'
  - button "Star"
  - text: a fox by keyboard
  - group "Actions":
    - button "Use these settings"
    - button "New take"
    - button "Continue from last frame"
    - button "Finalise at 1080p · $0.72"
    - button "Copy as code"
    - button "Save as…"
  - heading /Clip of .* UTC/ [level=3]
  - button "Close"
"""
    + _REMARKS
    + """  - textbox "Tags, with commas between them"
  - textbox "Note"
  - status
  - term: Quality
  - definition: 540p
  - term: Duration
  - definition: 5 s
  - term: Length
  - term: Cost
  - definition: $0.281
"""
)
CODE = """- dialog "Copy as code":
  - heading "Copy as code" [level=3]
  - button "Close"
  - textbox "Code": studio.generate('a fox by keyboard')
  - button "Copy"
  - status
"""
HISTORY = """- textbox "Search"
- combobox "Status"
- combobox "Quality"
- combobox "Rating"
- textbox "From (UTC)"
- textbox "Until"
- textbox "Cost, $"
- combobox "Sort by"
- combobox "Order"
- combobox "Rows"
- region "History":
  - table "The history, a page of it":
    - rowgroup:
      - row:
        - columnheader "Still"
        - columnheader "Made (UTC)"
        - columnheader "Prompt"
        - columnheader "Status"
        - columnheader "Duration"
        - columnheader "Cost"
        - columnheader "Took"
        - columnheader "Rating"
        - columnheader "Remarks"
    - rowgroup:
      - row /a fox by keyboard .* completed 5 s 540p \\$0.281/
- button "Previous page" [disabled]
- button "Next page" [disabled]
- button "Clear filters"
- status: 1 row
- button "DataFrame in the next cell"
"""
SETTINGS = """- heading "Where it runs" [level=3]
- text: /Key from SEGMIND_API_KEY Home .* At once \\d+ requests and downloads/
- heading "Balance" [level=3]
- status: /\\$\\d+\\.\\d+/
- button "Refresh balance"
- heading "Budget" [level=3]
- textbox "Per day, USD"
- textbox "This studio, USD"
- textbox "This home, USD"
- button "Set budget"
- heading "Key" [level=3]
- textbox "Another key"
- button "Keep it in the keyring"
"""
