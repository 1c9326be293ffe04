/** Scopes and references of parsed JavaScript; loaded by `client/script_parser.ts` alone. @module */
export { analyze, type Reference, type Scope, type Variable } from "npm:eslint-scope@9.1.2";
