/**
 * Makes a failing plan small: leaves parts of it out for as long as it still fails, so that the story is short.
 *
 * Knows nothing of why it fails; who calls says whether a plan does. Costs a bounded number of runs. Used for failing
 * seeds by `simulate.ts` and `tools/simulate.ts`.
 * @module
 */
import { DEFAULT_FLAGS, type DependencySpec, type TaskFlags } from "../../protocol/task_spec.ts";
import type { PlannedAction, SimulationPlan, SubmitAction } from "./plan.ts";

/** So many runs are spent on one plan. */
const MAX_RUNS = 2_000;

/** What a plan is thinned by. */
export interface ThinOptions {
  /** Whether a plan fails in the way that is looked at. */
  readonly fails: (plan: SimulationPlan) => boolean;
  /** Actions that are never left out or changed; default: none. */
  readonly keeps?: (action: PlannedAction) => boolean;
  /** How many runs to spend at most. */
  readonly maxRuns?: number;
}

/** The smallest plan found. The one given must fail. */
export function thinPlan(plan: SimulationPlan, options: ThinOptions): SimulationPlan {
  const search = new Search(options);
  let smallest = search.dropActions(plan);
  smallest = search.simplifyTasks(smallest);
  return search.dropActions(smallest);
}

class Search {
  readonly #options: ThinOptions;
  #runsLeft: number;

  constructor(options: ThinOptions) {
    this.#options = options;
    this.#runsLeft = options.maxRuns ?? MAX_RUNS;
  }

  /** Leaves out runs of actions, long ones first, until not one can go any more. */
  dropActions(plan: SimulationPlan): SimulationPlan {
    let smallest = plan;
    for (let size = Math.ceil(plan.actions.length / 2); size >= 1;) {
      const smaller = this.#dropChunks(smallest, size);
      const isStuck = smaller === smallest;
      smallest = smaller;
      if (size === 1 && isStuck) break;
      if (isStuck || size > 1) size = Math.max(1, Math.floor(size / 2));
      if (this.#runsLeft <= 0) break;
    }
    return smallest;
  }

  /** Takes flags, and ids in dependencies, off the tasks that are left. */
  simplifyTasks(plan: SimulationPlan): SimulationPlan {
    let smallest = plan;
    plan.actions.forEach((_, index) => {
      const action = smallest.actions[index];
      if (action?.kind !== "submit" || this.#options.keeps?.(action) === true) return;
      for (const simpler of simplerForms(action)) {
        const current = smallest.actions[index];
        if (current?.kind !== "submit") return;
        const next = simpler(current);
        if (next === null) continue;
        const actions = smallest.actions.map((one, i) => i === index ? next : one);
        if (this.#fails({ ...smallest, actions })) smallest = { ...smallest, actions };
      }
    });
    return smallest;
  }

  #dropChunks(plan: SimulationPlan, size: number): SimulationPlan {
    let smallest = plan;
    for (let from = 0; from < smallest.actions.length;) {
      const actions = smallest.actions.filter((action, i) => (
        i < from || i >= from + size || this.#options.keeps?.(action) === true
      ));
      const isSmaller = actions.length < smallest.actions.length;
      if (isSmaller && this.#fails({ ...smallest, actions })) smallest = { ...smallest, actions };
      else from += size;
    }
    return smallest;
  }

  #fails(plan: SimulationPlan): boolean {
    return this.#runsLeft-- > 0 && this.#options.fails(plan);
  }
}

type Simpler = (action: SubmitAction) => SubmitAction | null;

/** Ways to make one task plainer, to be tried one after the other. */
function simplerForms({ flags }: SubmitAction): Simpler[] {
  const forms: Simpler[] = (Object.keys(DEFAULT_FLAGS) as (keyof TaskFlags)[]).map((name) => (action) => (
    action.flags[name] === DEFAULT_FLAGS[name] ? null : withFlags(action, { [name]: DEFAULT_FLAGS[name] })
  ));
  for (const name of ["after", "follow"] as const) {
    for (const id of flags[name]?.ids ?? []) forms.push((action) => withoutId(action, name, id));
  }
  forms.push((action) => action.endsPart ? { ...action, endsPart: false } : null);
  return forms;
}

function withFlags(action: SubmitAction, flags: Partial<TaskFlags>): SubmitAction {
  return { ...action, flags: { ...action.flags, ...flags } };
}

function withoutId(action: SubmitAction, name: "after" | "follow", id: string): SubmitAction | null {
  const dependency: DependencySpec | null = action.flags[name];
  if (dependency === null || dependency.ids.length < 2) return null;
  return withFlags(action, { [name]: { ...dependency, ids: dependency.ids.filter((one) => one !== id) } });
}
