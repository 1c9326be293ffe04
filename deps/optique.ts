/** The command line: typed options, subcommands, help and shell completions; loaded by `cli/` alone. @module */
export {
  argument,
  choice,
  command,
  constant,
  group,
  type InferValue,
  integer,
  map,
  merge,
  message,
  multiple,
  object,
  option,
  optional,
  or,
  string,
  text,
  type ValueParser,
  withDefault,
} from "npm:@optique/core@1.3.6";
export { run } from "npm:@optique/run@1.3.6";
