/**
 * What every bus promises, as one suite: `busConformance` registers it for a kind of server.
 *
 * Run by the in-memory bus, by the embedded broker and by a real `nats-server`. What a kind of server can never do is
 * left out, with the reason in the test file; what this machine cannot run is ignored, with the reason in the name.
 * @module
 */
import { accessCases } from "./conformance/access.ts";
import type { BusTestServer, Capability, ConformanceCase } from "./conformance/case.ts";
import { deliveryCases } from "./conformance/delivery.ts";
import { lifecycleCases } from "./conformance/lifecycle.ts";
import { outageCases } from "./conformance/outages.ts";
import { payloadCases } from "./conformance/payloads.ts";
import { requestCases } from "./conformance/requests.ts";

export { type BusTestServer, RESTRICTED } from "./conformance/case.ts";

/** How to register the suite. */
export interface ConformanceOptions {
  /** Capabilities that this kind of server cannot have, each with the reason: their cases are left out. */
  readonly without?: Readonly<Partial<Record<Capability, string>>>;
  /** Why nothing can run on this machine: all cases are reported as ignored. */
  readonly missing?: string | undefined;
}

const CASES: readonly ConformanceCase[] = [
  ...deliveryCases,
  ...payloadCases,
  ...requestCases,
  ...lifecycleCases,
  ...outageCases,
  ...accessCases,
];

/** Registers one test a case; each gets a server of its own. */
export function busConformance(
  kind: string,
  makeServer: () => Promise<BusTestServer>,
  options: ConformanceOptions = {},
): void {
  for (const each of CASES) {
    if (each.needs !== undefined && options.without?.[each.needs] !== undefined) continue;
    Deno.test({
      name: options.missing === undefined
        ? `${kind}: ${each.name}`
        : `${kind}: ${each.name} [skipped: ${options.missing}]`,
      ignore: options.missing !== undefined,
      async fn() {
        await using server = await makeServer();
        await each.run(server);
      },
    });
  }
}
