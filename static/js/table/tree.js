// A filter as a tree, as the server tells it, and as text, as the server reads it. docs/filters.md has the language.
const KEYWORDS = new Set(["and", "or", "not", "in", "is", "missing"]);

export const quoted = (value) =>
  /^[A-Za-z0-9][\w.:@/+-]*$/.test(value) && !KEYWORDS.has(value.toLowerCase())
    ? value
    : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

const named = ({ field, part }) => (part ? `${field}.${/^\w[\w-]*(\.\w[\w-]*)*$/.test(part) ? part : quoted(part)}` : field);

function condition(node) {
  const name = named(node);
  if (!node.operator) return name;
  if (node.operator === "missing") return `${name} is missing`;
  if (node.operator === "in") return `${name} in (${node.values.map(quoted).join(", ")})`;
  return `${name} ${node.operator} ${quoted(node.values[0] ?? "")}`;
}

/** The text of a tree; empty for everything. */
export function write(node, inside = false) {
  if (node.kind === "is") return (node.negated ? "not " : "") + condition(node);
  const parts = node.parts.map((part) => write(part, true)).filter(Boolean);
  if (!parts.length) return "";
  const text = parts.join(node.kind === "all" ? " and " : " or ");
  if (node.negated) return `not (${text})`;
  return inside && parts.length > 1 ? `(${text})` : text;
}

/** A tree whose root is a group, so that there is always something to add to. */
export function rooted(node) {
  return node.kind === "is" || node.negated ? { kind: "all", negated: false, parts: [node] } : node;
}

/** A group that holds nothing but another is that other. */
const unwrapped = (group) => {
  const [only, more] = group.parts;
  return only && !more && only.kind !== "is" && !only.negated ? unwrapped(only) : group;
};

/** A root without empty groups, and without groups of one. */
export const tidied = (root) => unwrapped(pruned(root));

function pruned(group) {
  group.parts = group.parts.flatMap((part) => {
    if (part.kind === "is") return [part];
    pruned(part);
    if (!part.parts.length) return [];
    return part.parts.length === 1 && !part.negated ? part.parts : [part];
  });
  return group;
}
