/** A parser of JavaScript, for the free variables of functions that are shipped; loaded by `client/script_parser.ts` alone. @module */
export { type Node, parse } from "npm:acorn@8.17.0";
