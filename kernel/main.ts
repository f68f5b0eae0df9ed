/**
 * One run: one agent, one path, one turn. Exit 0 when the turn completed, 1 when it failed,
 * 2 when the environment is not that of a run.
 *
 * Only what every run needs is imported here; the app and the SDKs are loaded when they are used,
 * so that a broken one is an error with a step and a cause.
 */

import type { Environment } from './environment.ts';
import { readEnvironment } from './environment.ts';
import { RunError } from './errors.ts';
import { connectGateway } from './gateway.ts';
import { reportFailure } from './report.ts';
import { takeTurn } from './turn.ts';

const FAILED = 1;
const NOT_A_RUN = 2;

async function main(): Promise<number> {
  let environment: Environment;
  try {
    environment = readEnvironment(process.env);
  } catch (error) {
    await reportFailure(error, null, null);
    return NOT_A_RUN;
  }
  const gateway = connectGateway(environment);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort(stopped()));
  process.on('uncaughtException', (error) => stop.abort(error));
  process.on('unhandledRejection', (error) => stop.abort(error));
  try {
    await takeTurn(environment, gateway, stop.signal);
    return 0;
  } catch (error) {
    await reportFailure(error, environment, gateway);
    return FAILED;
  }
}

function stopped(): RunError {
  return new RunError({
    code: 'stopped',
    step: 'take the turn',
    message: 'the run was told to stop (SIGTERM)',
  });
}

// What a tool server or a socket may still hold open must not keep a finished run alive.
process.exit(await main());
