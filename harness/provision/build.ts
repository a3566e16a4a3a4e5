import { silentProgress } from "../host/progress.ts";
import { Misdeclared } from "../model/errors.ts";
import type { ClusterRecipe } from "../model/provision.ts";
import type { Run } from "../model/run.ts";
import type { World } from "../model/scenario.ts";
import { type Plan, runSteps } from "./run-steps.ts";

interface Building {
  readonly plan: Plan;
  taken: number;
  turn: Promise<void>;
}

const buildings = new WeakMap<Run, Building>();

/**
 * For claims that build their cluster (`ClusterRecipe.builtBy`): takes the provisioner's steps that were not taken yet in
 * this run, up to the one of this name; with several of that name, up to the last of them. Throws `LabBroken` when one
 * fails, and again for each step after it; `Misdeclared` when there is no such step.
 */
export function buildUntil(lab: World, recipe: ClusterRecipe, step: string): Promise<void> {
  let building = buildings.get(lab.run);
  if (!building) {
    building = { plan: recipe.provisioner.plan(recipe, lab.topology), taken: 0, turn: Promise.resolve() };
    buildings.set(lab.run, building);
  }
  const { plan, taken } = building;
  const end = plan.findLastIndex((entry) => [entry].flat().some(({ name }) => name === step)) + 1;
  if (end === 0) throw new Misdeclared("what is to be built", [`the plan has no step "${step}"`]);
  if (end <= taken) return building.turn;
  const { run, nodes } = lab;
  const machines = new Map(Object.entries(nodes));
  building.taken = end;
  building.turn = building.turn.then(() =>
    runSteps(plan.slice(taken, end), { run, machines, progress: silentProgress }),
  );
  return building.turn;
}
