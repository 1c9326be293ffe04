/**
 * Who may join: processes that speak the same protocol.
 *
 * Called by the scheduler's shell for each host and client.
 * @module
 */
import { PACKAGE_VERSION, PROTOCOL_VERSION } from "../protocol/version.ts";
import { VersionMismatch } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";

/** Throws `VersionMismatch`; another version of the package alone is a warning. */
export function checkVersion(protocol: number, version: string, who: string, log: Log): void {
  if (protocol !== PROTOCOL_VERSION) {
    throw new VersionMismatch(
      `Cannot take in ${who}: it is of version ${version} (protocol ${protocol}), the controller of ` +
        `${PACKAGE_VERSION} (protocol ${PROTOCOL_VERSION}); run the same version everywhere, and reload what a URL ` +
        `import has cached with "--reload".`,
    );
  }
  if (version !== PACKAGE_VERSION) {
    log("warn", "another package version joined", { who, version, own: PACKAGE_VERSION });
  }
}
