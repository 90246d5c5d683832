// One label out of several.
import { radios } from "./choices.js";

export function attach(element, question, changed) {
  return radios(element, question, changed, (value) => value);
}
