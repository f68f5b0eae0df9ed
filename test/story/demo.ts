import type { Entry } from '../../supervisor/model/entry.ts';
import { type Proposal, terminal } from '../../supervisor/model/proposal.ts';
import { priceTable } from './cost.ts';
import { Daemon } from './daemon.ts';
import { lives, proposalPath, type Story, stories, storyPolicy } from './stories.ts';
import { bold, green, red, Timeline } from './timeline.ts';

/*
 * The story: a real daemon, five agents, the rehearsal model, five changes. Fails unless each
 * change ends as it must.
 */
const daemon = new Daemon(
  storyPolicy({ tick: '*/5 * * * * *', bake: '3s', canary: { runs: 1, within: '1m' } }),
);
const timeline = new Timeline(daemon);

interface Told {
  story: Story;
  end: Proposal;
  /** Milliseconds from the first failed run on the new release to `current` restored. */
  restored: number | null;
  /** Agents that ever ran on the candidate. */
  saw: string[];
}

async function main(): Promise<number> {
  timeline.say(bold('a host is made: the first release is built and rehearsed'));
  await daemon.start();
  timeline.follow();
  timeline.say(green('ready: five agents, no key, the rehearsal model answers'));
  for (const agent of lives) await live(agent);
  const all: Told[] = [];
  for (const story of stories) all.push(await tell(story));
  process.stdout.write(`\n${priceTable(daemon, all)}\n`);
  const wrong = all.filter(({ story, end }) => end.phase !== story.ends);
  for (const { story, end } of wrong) {
    process.stdout.write(red(`(${story.letter}) ended ${end.phase}, not ${story.ends}\n`));
  }
  return wrong.length === 0 ? 0 : 1;
}

/** One ordinary run, so that the agent has a workspace that it has lived in, and a baseline. */
async function live(agent: string): Promise<void> {
  daemon.ask('run', agent, 'standing');
  await timeline.until(() => daemon.read((reader) => reader.state().runs.size === 0));
}

async function tell(story: Story): Promise<Told> {
  process.stdout.write('\n');
  timeline.say(bold(`(${story.letter}) ${story.proposer} proposes: ${story.title}`));
  const dropped = daemon.ask('propose', proposalPath(story), '--as', story.proposer) as {
    drop: string;
  };
  const entries: Entry[] = [];
  const find = () =>
    daemon
      .read((reader) => reader.proposals({ limit: 50 }))
      .find((one) => one.drop === dropped.drop);
  await timeline.until((fresh) => {
    entries.push(...fresh);
    const now = find();
    return now !== undefined && terminal.has(now.phase);
  });
  const end = find() as Proposal;
  explain(end);
  const on = daemon.read((reader) => reader.runs({ limit: 500 }));
  const saw = on.filter((run) => run.release === end.release && run.kind !== 'smoke');
  const restored = restoredIn(entries, end);
  if (restored !== null) {
    timeline.say(
      bold(`  ${(restored / 1000).toFixed(2)} s from the first failed run to current restored`),
    );
  }
  return { story, end, restored, saw: [...new Set(saw.map((run) => run.agent))] };
}

/** What the proposer reads in its receipt. */
function explain(end: Proposal): void {
  const smoke = end.gates.find((gate) => gate.name === 'smoke' && gate.outcome !== 'pass');
  for (const { subject, reason } of smoke?.findings ?? []) {
    timeline.say(red(`           ${subject}: ${reason.message.slice(0, 90)}`));
  }
  const cause = end.reason?.cause;
  if (cause) timeline.say(`  innermost cause: ${bold(cause.slice(0, 160))}`);
}

/** From the end of the first failed run on the new release to the flip back. */
function restoredIn(entries: Entry[], end: Proposal): number | null {
  const failed = entries.find(
    (one) =>
      one.type === 'outcome' &&
      one.step.do === 'run' &&
      one.step.run.release === end.release &&
      one.outcome.of === 'ended' &&
      (one.outcome.ending.exit !== 0 || one.outcome.ending.door.errors.length > 0),
  );
  const back = entries.find(
    (one) => one.type === 'outcome' && one.step.do === 'flip' && one.step.why === 'rollback',
  );
  return failed === undefined || back === undefined ? null : back.at - failed.at;
}

export type { Told };

try {
  process.exitCode = await main();
} finally {
  await daemon.stop();
}
