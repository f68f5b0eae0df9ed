import { appendFileSync } from 'node:fs';
import type { Told } from './guided.ts';

/** One line of figures; `AIRLOCK_FIGURES` names a file that gathers them. */
export function tell(told: Omit<Told, 'slowestInput'>): void {
  const { name, inputs, seconds, slowest, blocks, corpus, heap } = told;
  const grown = ((heap.late - heap.early) / 2 ** 20).toFixed(1);
  const line =
    `| ${name} | ${inputs} | ${seconds.toFixed(1)} | ${slowest.toFixed(0)} | ` +
    `${blocks.seeds} -> ${blocks.all} | ${corpus} | ${grown} |`;
  console.log(line);
  const file = process.env.AIRLOCK_FIGURES;
  if (file !== undefined) appendFileSync(file, `${line}\n`);
}
