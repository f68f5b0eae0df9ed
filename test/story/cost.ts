import { nextFiring } from '../../supervisor/decide/schedule.ts';
import type { Agent } from '../../supervisor/model/runtime.ts';
import { readRuntimeConfig } from '../../supervisor/store/runtime-config.ts';
import type { Daemon } from './daemon.ts';
import type { Told } from './demo.ts';

/** What each change did here, and what it would have done to a host whose agents share one tree. */
export function priceTable(daemon: Daemon, all: readonly Told[]): string {
  const current = daemon.read((reader) => reader.state().host.get('host')?.current ?? '');
  const agents = readRuntimeConfig(daemon.layout, current).agents ?? [];
  const rows = all.map(({ story, end, restored, saw }) => {
    const hit = victims(story.without, agents, story.proposer);
    return [
      `(${story.letter}) ${story.proposal}`,
      end.phase,
      saw.length === 0 ? 'nobody' : `${saw.length} of ${agents.length}`,
      restored === null ? '-' : `${(restored / 1000).toFixed(2)} s`,
      hit.length === 0 ? 'none' : `${hit.length} of ${agents.length}`,
      hit.length === 0
        ? '-'
        : `within ${minutesToLast(hit)} min, until a person repairs it by hand`,
    ];
  });
  const head = [
    'change',
    'ended',
    'ran on it',
    'to restored',
    'without: down',
    'from when until when',
  ];
  return table([head, ...rows]);
}

/** Agents whose every turn would fail. */
function victims(without: Told['story']['without'], agents: Agent[], proposer: string): Agent[] {
  if (without === 'nothing') return [];
  if (without === 'all' || without === 'lived-in') return agents;
  return agents.filter((agent) => agent.name !== 'maker' || proposer === 'maker');
}

/** How long until the last of them has met the change by its own schedule. */
function minutesToLast(agents: readonly Agent[]): number {
  const now = Date.now();
  const first = agents.map((agent) =>
    Math.min(
      ...Object.values(agent.schedule).map((cron) => nextFiring(cron ?? '', 'UTC', now) ?? now),
    ),
  );
  return Math.ceil((Math.max(...first) - now) / 60_000);
}

function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
