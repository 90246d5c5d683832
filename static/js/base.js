// What every page needs. Each module listens on the document, so that fragments which htmx swaps in work as well.
import "./lib/theme.js";
import "./lib/toasts.js";
import "./lib/dialogs.js";
import "./lib/menus.js";
import "./lib/forms.js";
import "./lib/htmx.js";
import "./lib/keep-open.js";
import "./lib/tabs.js";
import "./lib/clipboard.js";
import "./lib/times.js";
import "./lib/keys.js";
import "./lib/ready.js";
