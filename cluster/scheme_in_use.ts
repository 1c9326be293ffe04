/**
 * How a life of a controller picks engines: by a scheme of ours or by the user's own, and what is told of one that fails.
 *
 * Called by `controller.ts` alone.
 * @module
 */
import type { Fact } from "../protocol/facts.ts";
import type { CustomScheme } from "../scheduler/core/scheduler_core.ts";
import type { Log } from "../wire/log.ts";
import type { ControllerLife } from "./control_line.ts";
import { guardScheme, importScheme, isSchemeModule } from "./scheme_module.ts";

/** How engines are picked in this life. */
export interface SchemeInUse {
  /** A name, or the URL of a module. */
  readonly scheme: string;
  /** The module's function. */
  readonly custom: CustomScheme | null;
  /** Why it is not the one that was asked for. */
  readonly schemeProblem: string | null;
}

/** In a first life a scheme that can't be had is an error. A later one, which has tasks to go on with, does without. */
export async function schemeFor({ scheme, graceMs }: ControllerLife, log: Log): Promise<SchemeInUse> {
  if (!isSchemeModule(scheme)) return { scheme, custom: null, schemeProblem: null };
  try {
    return { scheme, custom: guardScheme(await importScheme(scheme)), schemeProblem: null };
  } catch (error) {
    if (graceMs === 0) throw error;
    const { message: reason } = error as Error;
    log("error", "scheme replaced by leastload", { scheme, reason });
    return { scheme: "leastload", custom: null, schemeProblem: reason };
  }
}

/** A scheme that fails is told of loudly. */
export function logSchemeFailures(facts: readonly Fact[], scheme: string, log: Log): void {
  for (const fact of facts) {
    if (fact.kind !== "scheme-failed") continue;
    const { offence, reason, replaced } = fact;
    if (replaced) log("error", "scheme replaced by leastload: it failed too often", { scheme, offence, reason });
    else log("warn", "scheme failed, and leastload picked in its place", { scheme, offence, reason });
  }
}
