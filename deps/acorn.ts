/** A parser of JavaScript: which variables functions use that are shipped, and what texts for `execute` declare. @module */
export { type Node, parse } from "npm:acorn@8.17.0";
