"""The magics `%pixverse` and `%%pixverse`: a prompt as a line or as a cell, with options made from the schema."""
