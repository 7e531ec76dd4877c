// The page's one script: it loads everything else.
import "./engine.js";
import "./form/edits.js";
import "./form/files.js";
import "./form/keys.js";
import "./form/modes.js";
import "./form/rows.js";
import "./queue/page.js";
