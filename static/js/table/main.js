// The data table.
import "./bar.js";
import "./columns.js";
import "./rows.js";
import "./select.js";
import "./bulk.js";
import "../lib/filters.js";
