import { readyGroups } from '../cgroup/ground.ts';
import { makeFolder } from '../files/files.ts';
import { type Log, openLog } from '../log.ts';
import { tellServiceManager } from '../process/notify.ts';
import { findPrograms } from '../process/programs.ts';
import { confine } from '../sandbox/confine.ts';
import { askLauncher } from './client.ts';
import { offersOf } from './port.ts';
import { premisesOf } from './premises.ts';
import { openLauncher } from './server.ts';

/** The launcher in the foreground, until a signal ends it. Resolves with the exit code. */
export async function serveLauncher(options: {
  socket: string;
  root: string;
  instance: string | null;
}): Promise<number> {
  const { socket, root, instance } = options;
  const log = openLog();
  makeFolder(root);
  const premises = premisesOf(root, findPrograms(), instance);
  const ended = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
  const ground = await readyGroups(process.env.AIRLOCK_CGROUP, true);
  const launcher = await openLauncher({
    ...{ socket, premises },
    confine: (spec, limits) => confine(spec, limits, ground),
    offers: offersOf(ground, process.getuid?.() === 0),
  });
  log.info('launcher ready', { socket, root, groups: ground?.plots ?? [] });
  const watchdog = feedWatchdog(socket, log);
  await tellServiceManager(['--ready']);
  log.info('launcher stopping', { why: await ended });
  clearInterval(watchdog);
  await launcher.close();
  return 0;
}

/** Jobs that were done are told to the service manager: each word follows one at the own door. */
function feedWatchdog(socket: string, log: Log) {
  const period = Number(process.env.WATCHDOG_USEC ?? 0) / 1000;
  if (!(period > 0)) return undefined;
  let asked = false;
  const beat = async () => {
    if (asked) return;
    asked = true;
    try {
      await askLauncher(socket, { job: 'offers' }, 0);
      await tellServiceManager(['WATCHDOG=1']);
    } catch (error) {
      log.error('no word to the watchdog', { err: error });
    }
    asked = false;
  };
  return setInterval(() => void beat(), period / 4);
}
