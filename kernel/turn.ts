import { fileURLToPath } from 'node:url';
import type { App, Assignment, Turn, TurnEnd } from './app.ts';
import { loadApp } from './app.ts';
import { recoverClaims } from './claimable.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import type { Meter } from './converse.ts';
import { converse, newMeter } from './converse.ts';
import type { Environment } from './environment.ts';
import { atStep } from './errors.ts';
import type { Gateway } from './gateway.ts';
import { recordTurn } from './history.ts';
import { fileMail } from './mail.ts';
import { connectModel } from './model.ts';
import { openToolbox } from './tools.ts';
import { textOf, unfold } from './unfold.ts';
import { layOut } from './workspace.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * One turn of one agent: tell the supervisor that it begins, put the workspace in order, let the
 * app choose what to work on, work on it with the model, tell the supervisor that it ended. Throws
 * a RunError; an assignment that was begun is settled either way.
 */
export async function takeTurn(
  environment: Environment,
  gateway: Gateway,
  signal: AbortSignal,
): Promise<void> {
  const { path } = environment;
  await gateway.report({ type: 'turn', event: 'begin', path });
  const config = await readConfig(root, environment);
  await prepareWorkspace(environment.workspace, config);
  const meter = newMeter();
  const turn = turnOf(environment, config, gateway);
  const assignment = await begin(await loadApp(), turn);
  if (assignment) await workOn(assignment, { turn, config, environment, meter, signal });
  const outcome = assignment ? 'completed' : 'nothing-to-do';
  await gateway.report({ type: 'turn', event: 'end', path, outcome, ...meter });
}

async function prepareWorkspace(workspace: string, config: Config): Promise<void> {
  await layOut(workspace);
  const fault = {
    code: 'workspace-unusable',
    step: 'put the workspace in order',
    message: 'what was delivered or left behind could not be put in order',
    input: workspace,
  };
  await atStep(fault, async () => {
    await fileMail(workspace);
    await recoverClaims(workspace, config.path.lease);
  });
}

function turnOf(environment: Environment, config: Config, gateway: Gateway): Turn {
  const { path, run, release, workspace, inbox, receipts } = environment;
  const { agent, team } = config;
  const settings = config.path;
  return { path, agent, team, settings, run, release, workspace, inbox, receipts, gateway };
}

async function begin(app: App, turn: Turn): Promise<Assignment | null> {
  const fault = {
    code: 'app-failed',
    step: 'begin the turn',
    message: `the app could not choose what to do on path ${turn.path}`,
    input: `path ${turn.path}, agent ${turn.agent.name}`,
    expected: 'an assignment, or null when there is nothing to do',
  };
  return atStep(fault, () => app.begin(turn));
}

/** What working on an assignment takes. */
interface Work {
  turn: Turn;
  config: Config;
  environment: Environment;
  meter: Meter;
  signal: AbortSignal;
}

async function workOn(assignment: Assignment, work: Work): Promise<void> {
  let end: TurnEnd;
  try {
    end = { completed: true, words: await Promise.race([talk(assignment, work), ended(work)]) };
  } catch (error) {
    end = { completed: false, error };
  }
  await settle(assignment, work, end);
  if (!end.completed) throw end.error;
}

/** Only a turn that has something to do gets here and loads the SDKs. */
async function talk(assignment: Assignment, work: Work): Promise<string> {
  const { config, environment, meter, signal, turn } = work;
  const toolbox = await openToolbox(assignment, config.agent);
  try {
    const model = await connectModel(environment, config.model);
    const { gateway } = turn;
    return await converse({ assignment, config, model, toolbox, gateway, meter, signal });
  } finally {
    await toolbox.close();
  }
}

/** Rejects when the run is told to stop, or when something fails that nobody waits for. */
function ended({ signal }: Work): Promise<never> {
  return new Promise((_, reject) => {
    const give = () => reject(signal.reason);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

/** A failure to settle is told only if nothing failed before: the first failure is the cause. */
async function settle(assignment: Assignment, work: Work, end: TurnEnd): Promise<void> {
  const fault = {
    code: 'not-settled',
    step: 'settle the turn',
    message: `${assignment.about} could not be settled`,
    input: assignment.about,
  };
  try {
    await atStep(fault, async () => {
      await assignment.settle(end);
      await recordTurn(work.turn.workspace, entryOf(assignment, work, end));
    });
  } catch (error) {
    if (end.completed) throw error;
    process.stderr.write(
      `${unfold(error)
        .map(({ text }) => text)
        .join(': ')}\n`,
    );
  }
}

function entryOf(assignment: Assignment, { turn, meter }: Work, end: TurnEnd) {
  return {
    at: new Date().toISOString(),
    run: turn.run,
    path: turn.path,
    about: assignment.about,
    outcome: end.completed ? ('completed' as const) : ('failed' as const),
    steps: meter.steps,
    usd: meter.usd,
    words: end.completed ? end.words : textOf(end.error),
  };
}
