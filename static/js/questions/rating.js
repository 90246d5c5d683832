// A point on a scale: a row of radios whose values are numbers.
import { radios } from "./choices.js";

export function attach(element, question, changed) {
  return radios(element, question, changed, Number);
}
