/** Generated values for property tests; tests only. @module */
export { default as fc } from "npm:fast-check@4.10.2";
