/** Progress on stderr: lines that stay, and on a terminal one that moves. */
import { stderr } from 'node:process';
import type { Call } from '../call.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** Milliseconds between two frames. */
const beat = 120;

export interface Ticker {
  /** A line that stays; told once. */
  tell(key: string, text: string): void;
  /** What the moving line says from now on. */
  now(text: () => string): void;
  end(): void;
}

export function ticker({ json }: Pick<Call, 'json'>): Ticker {
  const moving = stderr.isTTY === true && !json;
  const told = new Set<string>();
  let frame = 0;
  let says: (() => string) | null = null;
  const wipe = () => {
    if (moving) stderr.write('\r\x1b[K');
  };
  const draw = () => {
    if (!moving || says === null) return;
    const room = Math.max(10, (stderr.columns || 80) - 3);
    stderr.write(`\r\x1b[K${frames[frame++ % frames.length]} ${says().slice(0, room)}`);
  };
  const timer = moving ? setInterval(draw, beat) : undefined;
  return {
    tell(key, text) {
      if (json || told.has(key)) return;
      told.add(key);
      wipe();
      stderr.write(`${text}\n`);
    },
    now(text) {
      says = text;
      draw();
    },
    end() {
      clearInterval(timer);
      wipe();
    },
  };
}
