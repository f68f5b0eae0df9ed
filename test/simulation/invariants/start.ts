import { deployment, host, rollback } from '../../../supervisor/model/state.ts';
import type { Step } from '../../../supervisor/model/step.ts';
import type { Oracle } from '../oracle.ts';
import { buildOf, smokeOf } from '../rehearsals.ts';

/** What must hold at the very moment in which a step begins. */
export function checkStart(oracle: Oracle, step: Step): void {
  if (step.do === 'run') checkRun(oracle, step);
  if (step.do === 'flip') checkFlip(oracle, step);
  const deploys = step.do === 'stage' || step.do === 'build' || step.do === 'smoke';
  if (!deploys) return;
  const { state } = oracle.world.journal;
  const recovered = (state.pending.get(pendingKey(step))?.attempts ?? 0) > 1;
  const slot = deployment(state) !== null;
  oracle.check(slot || recovered, 'one deployment', () => `${step.do} without a slot`);
  const locked = oracle.facts?.switches.readable === false || halted(oracle, 'lockdown', null);
  oracle.check(recovered || !locked, 'lockdown', () => `${step.do} begins under lockdown`);
  const still = step.do !== 'stage' && halted(oracle, 'host', null);
  oracle.check(recovered || !still, 'invariant 7', () => `${step.do} begins on a halted host`);
}

const pendingKey = (step: Step): string =>
  step.do === 'stage'
    ? `stage:${step.proposal ?? 'first'}`
    : `${step.do}:${'release' in step ? step.release : ''}`;

function halted(oracle: Oracle, scope: string, target: string | null): boolean {
  const halts = oracle.facts?.switches.halts ?? [];
  return halts.some((halt) => halt.scope === scope && halt.target === target);
}

function checkRun(oracle: Oracle, step: Step & { do: 'run' }): void {
  const { run } = step;
  const { world, records } = oracle;
  const { state } = world.journal;
  const name = `run ${run.id} (${run.kind})`;
  const switches = oracle.facts?.switches;
  const stopped =
    switches?.readable === false ||
    halted(oracle, 'host', null) ||
    halted(oracle, 'agent', run.agent.name) ||
    halted(oracle, 'tenant', run.agent.tenant);
  oracle.check(!stopped, 'invariant 7', () => `${name} begins while it is halted`);
  const safe = !world.hostInstall || oracle.audit === 'safe';
  oracle.check(safe, 'invariant 4', () => `${name} begins on a path that is ${oracle.audit}`);
  const other = [...world.processes.values()].find((one) => one.spec.agent.name === run.agent.name);
  oracle.check(other === undefined, 'one run an agent', () => `${name} beside ${other?.spec.id}`);
  const folder = world.disk.releases.get(run.release);
  const digest = state.releases.get(run.release)?.digest ?? folder?.digest ?? '';
  const known = () => `${name} begins on the bad release ${run.release}`;
  oracle.check(!records.bad.has(digest), 'invariant 2', known);
  const slot = deployment(state);
  const { current } = host(state);
  const trying = slot?.phase === 'canary' && slot.candidate?.release === run.release;
  if (run.release !== current && run.release !== slot?.onto) {
    oracle.check(trying || slot?.phase === 'baking', 'invariant 2', () => `${name} is off the way`);
  }
  if (run.kind === 'canary') {
    const mine = trying && slot?.canary?.agent === run.agent.name;
    oracle.check(mine, 'canary', () => `${name} without its canary`);
    oracle.check(!halted(oracle, 'lockdown', null), 'lockdown', () => `${name} under lockdown`);
    checkGates(oracle, run.release, `${name}`);
    records.checkApproved(slot?.proposal ?? '', digest);
  }
  const leaving = rollback(state)?.from;
  oracle.check(leaving !== run.release, 'rollback', () => `${name} on what is being left`);
}

/** By what the release is, not by what the gates said. */
function checkGates(oracle: Oracle, release: string, who: string): void {
  const { disk, journal } = oracle.world;
  const folder = disk.releases.get(release);
  const changes = folder?.changes ?? [];
  // What somebody made current by hand is no longer the proposal's to answer for.
  const before = disk.releases.get(deployment(journal.state)?.onto ?? '')?.changes ?? [];
  const passes =
    folder !== undefined &&
    folder.agents !== null &&
    buildOf(changes) === 'pass' &&
    smokeOf(changes) === 'pass' &&
    changes.every(
      (one) => before.includes(one) || one.files.every((file) => !/^(vault|smoke)\//.test(file)),
    ) &&
    !changes.some((one) => one.deps === 'broken' && folder.deps === `lock-${one.id}`);
  oracle.check(passes, 'invariant 2', () => `${who}: ${release} did not pass every gate`);
  const ran = (['build', 'smoke'] as const).every((gate) => oracle.records.gated(gate, release));
  oracle.check(ran, 'invariant 2', () => `${who}: a gate never ran on ${release}`);
}

function checkFlip(oracle: Oracle, step: Step & { do: 'flip' }): void {
  const { disk, journal } = oracle.world;
  const folder = disk.releases.get(step.to);
  oracle.check(folder !== undefined, 'invariant 1', () => `flip to ${step.to}, which is not there`);
  oracle.count(`flip:${step.why}`);
  if (step.why === 'rollback') {
    const digest = folder?.digest ?? '';
    const home = host(journal.state).current === step.to;
    const word = home || rollback(journal.state)?.clear === true;
    const known = () => `rollback to the bad ${step.to}`;
    oracle.check(word || !oracle.records.bad.has(digest), 'invariant 2', known);
  }
  if (step.why === 'promote') {
    const slot = deployment(journal.state);
    const recovered = (journal.state.pending.get(`flip:promote:${step.to}`)?.attempts ?? 0) > 1;
    const mine = slot?.phase === 'promoting' && slot.candidate?.release === step.to;
    oracle.check(mine || recovered, 'invariant 2', () => `${step.to} is promoted out of turn`);
    checkGates(oracle, step.to, 'promote');
    const looked = !oracle.world.hostInstall || oracle.audited.has(step.to);
    oracle.check(looked, 'invariant 4', () => `${step.to} is promoted, and nobody looked`);
  }
}
