import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seal } from '../supervisor/act/intake/seal.ts';
import { removeRelease, stage, stageSource } from '../supervisor/act/stage/stage.ts';
import { removeTree } from '../supervisor/host/files/files.ts';
import { flip } from '../supervisor/host/files/links.ts';
import { layout } from '../supervisor/model/layout.ts';
import { median, report } from './measure.ts';

/*
 * Staging an overlay that changes 1% of a tree, in 200 folders: digest, manifest, history and
 * durability included. Against `cp -al` alone, and `cp -al` with an rsync of the change, each made
 * durable by `sync -f`. All take turns. Goals: faster than the second, at most 1.5 times the first.
 */
const sizes = (process.argv[2] ?? '2000,20000').split(',').map(Number);
const rounds = Number(process.argv[3] ?? 5);
const folders = 200;
const ours = new Map<number, number>();

for (const size of sizes) await measure(size);
const [small, large] = [sizes[0] as number, sizes[sizes.length - 1] as number];
const growth = (ours.get(large) as number) / (ours.get(small) as number);
process.stdout.write(
  `${JSON.stringify({ name: 'staging growth', files: large / small, time: growth })}\n`,
);

async function measure(size: number): Promise<void> {
  const top = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
  const place = layout(join(top, 'root'));
  const source = join(top, 'source');
  makeSource(source, size);
  mkdirSync(place.inbox('maker'), { recursive: true });
  mkdirSync(place.intake, { recursive: true });
  const includes = [{ from: 'app', to: 'app' }];
  const limits = { bytes: 2 ** 30, files: 100_000, depth: 32, path: 512 };
  const first = await stageSource({ source, includes, limits, layout: place, at: Date.now() });
  if (first.kind !== 'staged') throw new Error(JSON.stringify(first.reasons));
  const base = first.manifest.id;
  flip(place, base, null);
  const times = { link: [] as number[], rsync: [] as number[], stage: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const change = join(top, `change-${round}`);
    const paths = makeChange(change, size, round);
    const link = timed(() => {
      run('cp', '-al', place.release(base), join(top, 'linked'));
      run('sync', '-f', top);
    });
    removeTree(join(top, 'linked'));
    const rsync = timed(() => {
      run('cp', '-al', place.release(base), join(top, 'copied'));
      run('rsync', '-a', `${change}/`, `${join(top, 'copied')}/`);
      run('sync', '-f', top);
    });
    removeTree(join(top, 'copied'));
    const id = `p${round + 1}`;
    cpSync(change, join(place.inbox('maker'), id, 'files'), { recursive: true });
    writeFileSync(join(place.inbox('maker'), id, 'proposal.yaml'), 'title: bench\n');
    const sealed = seal({ id, agent: 'maker', drop: id, layout: place, limits, sealedAt: 0 });
    if (sealed.kind !== 'sealed') throw new Error(JSON.stringify(sealed));
    run('sync', '-f', top);
    const start = performance.now();
    const result = await stage({
      proposal: { id, form: 'overlay', paths, proposer: 'maker' },
      sealedFolder: `${place.sealed(id)}/sealed`,
      base,
      onto: base,
      layout: place,
      includes,
      at: Date.now() + round * 1000,
    });
    const took = performance.now() - start;
    if (result.kind !== 'staged') throw new Error(JSON.stringify(result.reasons));
    removeRelease(place, result.manifest.id);
    if (round < 0) continue; // the first warms caches and loads modules
    times.link.push(link);
    times.rsync.push(rsync);
    times.stage.push(took);
  }
  ours.set(size, median(times.stage));
  report(`staging ${size} files, 1% changed`, 'ms', {
    'cp -al': median(times.link),
    'cp -al + rsync': median(times.rsync),
    airlock: median(times.stage),
  });
  removeTree(top);
}

function makeSource(source: string, size: number): void {
  for (let at = 0; at < size; at++) {
    const folder = join(source, 'app', `d${at % folders}`);
    if (at < folders) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `f${at}.ts`), `${at}\n`.repeat(300));
  }
}

/** One file in a hundred, with other content. */
function makeChange(change: string, size: number, round: number): string[] {
  const paths: string[] = [];
  rmSync(change, { recursive: true, force: true });
  for (let at = 0; at < size; at += 100) {
    const path = `app/d${at % folders}/f${at}.ts`;
    mkdirSync(join(change, path, '..'), { recursive: true });
    writeFileSync(join(change, path), `${round} ${at}\n`.repeat(300));
    paths.push(path);
  }
  return paths;
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args);
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
