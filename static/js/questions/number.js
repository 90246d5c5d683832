// Any number, within limits. A text field: number fields change under the mouse wheel and hide what they do not like.

export function attach(element, question, changed) {
  const field = element.querySelector("input");
  const entered = () => field.value.trim().replace("−", "-").replace(",", ".");
  const number = () => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(entered()) ? Number(entered()) : NaN);
  const { min, max, step } = question;
  const fault = () => {
    if (!entered()) return "";
    const value = number();
    if (!Number.isFinite(value)) return "Enter a number.";
    if (min !== null && value < min) return `Enter at least ${min}.`;
    if (max !== null && value > max) return `Enter at most ${max}.`;
    if (step !== null && !onStep(value, min ?? 0, step)) return `Enter a number in steps of ${step}.`;
    return Math.abs(value) > 1e15 ? "This number is too large." : "";
  };
  field.addEventListener("input", changed);
  field.addEventListener("keydown", (event) => event.key === "Escape" && field.blur());
  return {
    read: () => (Number.isFinite(number()) ? number() : null),
    write: (value) => (field.value = value === null ? "" : String(value)),
    said: () => (Number.isFinite(number()) ? [String(number())] : []),
    fault,
    focus: () => field.focus(),
    press: () => false,
  };
}

function onStep(value, start, step) {
  const steps = (value - start) / step;
  return Math.abs(steps - Math.round(steps)) < 1e-6 * Math.max(1, Math.abs(steps) * 1e-6);
}
