/**
 * What tasks may touch, for the command line: it reads flags, and passes on what they come to.
 * @module
 */
export { DEFAULT_PERMISSIONS, type EnginePermissions, parsePermissionFlags } from "../host/permissions.ts";
