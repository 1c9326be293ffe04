/** Acorn: the grammar of JavaScript, for finding what a text declares. @module */
export { parse } from "npm:acorn@8.15.0";
