import { stamp } from '../../supervisor/model/duration.ts';
import { type ReasonCode, reason } from '../../supervisor/model/reason.ts';
import type { Outcome, Step } from '../../supervisor/model/step.ts';
import { agentsOf, type Change, digestOf } from './content.ts';
import type { Folder } from './disk.ts';
import type { World } from './world.ts';

const refused = (code: ReasonCode): Outcome => ({
  of: 'unstaged',
  reasons: [reason(code, { message: code, step: 'stage' })],
});

/** Build the candidate: the changes of `onto`, and one more or one less. */
export function stage(world: World, step: Step & { do: 'stage' }): Outcome {
  const { disk } = world;
  if (step.proposal === null) return first(world, step);
  const content = disk.sealed.get(step.proposal)?.drop.content;
  const onto = step.onto === null ? undefined : disk.releases.get(step.onto);
  if (onto === undefined || step.base === null || !disk.releases.has(step.base)) {
    return refused('unknown-base');
  }
  if (content?.is !== 'add' && content?.is !== 'revert') return refused('malformed');
  const moved = step.base !== step.onto;
  const changes =
    content.is === 'add'
      ? [...new Set([...onto.changes, content.change])]
      : onto.changes.filter((change) => change.id !== content.change);
  if (content.is === 'add' && moved && content.change.conflicts) return refused('stale-base');
  const touched = content.is === 'add' ? content.change.files : ['app/prompt.md'];
  const agents = agentsOf(world.crew, changes);
  const digest = digestOf(changes);
  if (digest === onto.digest) return refused('no-op');
  const folder = publish(world, step, { changes, digest, agents, parent: onto.id });
  const result = staged(world, folder, onto, touched);
  world.oracle.staged(step.proposal, content, folder, onto);
  return result;
}

function first(world: World, step: Step & { do: 'stage' }): Outcome {
  const { crew, source } = world;
  const made = { changes: source, digest: digestOf(source), agents: agentsOf(crew, source) };
  const folder = publish(world, step, { ...made, parent: null });
  return staged(world, folder, null, []);
}

type Made = Pick<Folder, 'changes' | 'digest' | 'agents' | 'parent'>;

/** The same content keeps the folder that it has. */
function publish(world: World, step: Step & { do: 'stage' }, made: Made): Folder {
  const { disk, agenda } = world;
  const known = [...disk.releases.values()].find(
    (one) => one.digest === made.digest && !one.damaged,
  );
  if (known !== undefined) return known;
  const id = `${stamp(step.at)}-${made.digest.slice(0, 10)}`;
  const deps = lockOf(made.changes);
  const folder = { id, ...made, proposal: step.proposal, deps, createdAt: agenda.now };
  disk.releases.set(id, folder);
  return folder;
}

function lockOf(changes: readonly Change[]): string | null {
  const last = changes.findLast((change) => change.deps !== 'same');
  return last === undefined ? null : `lock-${last.id}`;
}

function staged(world: World, folder: Folder, onto: Folder | null, touched: string[]): Outcome {
  const { id, digest, deps, agents } = folder;
  const fault = reason('gate-config', { message: 'it does not parse', step: 'gate config' });
  return {
    of: 'staged',
    release: {
      ...{ id, digest, deps, parent: folder.parent, proposal: folder.proposal, proposer: null },
      createdAt: new Date(folder.createdAt).toISOString(),
      stableAt: null,
      removedAt: null,
    },
    candidate: {
      ...{ release: id, digest, deps },
      changes: touched.map((path) => ({ path, kind: 'changed' })),
      depsChanged: onto !== null && onto.deps !== deps,
      depsReady: deps === null || world.disk.deps.has(deps),
      before: onto?.agents ?? null,
      after: agents,
      configFaults: agents === null ? [{ subject: 'config/agents.yaml', reason: fault }] : [],
    },
  };
}
