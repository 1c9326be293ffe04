/**
 * The numbers by which two processes know whether they understand each other.
 *
 * Constants only. Equal protocol numbers work together; another package version alone is a warning.
 * @module
 */

/** Raised whenever a message changes in a way that an older process would misread. */
export const PROTOCOL_VERSION = 1;

/** The version of the package, the same as in `deno.json`. */
export const PACKAGE_VERSION = "0.1.0";
