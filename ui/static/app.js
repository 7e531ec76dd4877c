// The page's one script: it loads everything else. What belongs to a component is started by that component; see
// `on_load` in ui/scripts.py.
import "./engine.js";
import "./form/announcement.js";
import "./form/graph_file.js";
import "./form/list_editor.js";
import "./form/mode_list.js";
import "./queue/page.js";
