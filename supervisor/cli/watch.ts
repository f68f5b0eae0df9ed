/** A page that is drawn again as things change, until a key or a signal ends it. */
import { stdin, stdout } from 'node:process';
import { waitFor } from '../host/time/wait-for.ts';

export interface Redraw {
  /** What happens in them is a reason to draw at once. */
  folders: readonly string[];
  terminal: boolean;
  page: () => string;
}

/** Times on the page move on even if nothing happens: milliseconds. */
const beatMs = 1000;
/** At most so often, whatever happens: milliseconds between two pages. */
const restMs = 200;

const enter = '\x1b[?1049h\x1b[?25l';
const leave = '\x1b[?25h\x1b[?1049l';

/** Draw until `q`, Ctrl-C or SIGTERM. Where there is no terminal, print each page that differs. */
export async function redraw({ folders, terminal, page }: Redraw): Promise<void> {
  const end = untilEnded(terminal);
  if (terminal) stdout.write(enter);
  let last = '';
  try {
    while (!end.over()) {
      const text = page();
      if (terminal) stdout.write(frame(text, stdout.rows || 24, stdout.columns || 80));
      else if (text !== last) stdout.write(`${text}\n\n`);
      last = text;
      await pause(folders, end.over);
    }
  } finally {
    if (terminal) stdout.write(leave);
    end.stop();
  }
}

/** Until something happens, the beat, or the end; never shorter than the rest. */
async function pause(folders: readonly string[], over: () => boolean): Promise<void> {
  const began = performance.now();
  let looks = 0;
  const look = () => {
    looks += 1;
    const rested = performance.now() - began >= restMs;
    return over() || (rested && looks > 1) ? true : null;
  };
  await waitFor(folders, look, beatMs);
}

/** One screen: from the top, each line cleared to its end, what is left cleared below. */
export function frame(text: string, rows: number, columns: number): string {
  const lines = text.split('\n');
  const fits = lines.length <= rows - 1 ? lines : [...lines.slice(0, rows - 2), '...'];
  const drawn = fits.map((one) => `${clip(one, columns)}\x1b[0m\x1b[K`);
  return `\x1b[H${drawn.join('\r\n')}\x1b[J`;
}

/** Cut to the screen's width; colours take no room. */
function clip(text: string, columns: number): string {
  let room = columns;
  let shown = '';
  for (const [part] of text.matchAll(/\p{Cc}\[\d+m|./gu)) {
    if (part.startsWith('\x1b')) shown += part;
    else if (room-- > 0) shown += part;
  }
  return shown;
}

function untilEnded(terminal: boolean) {
  let over = false;
  const end = () => {
    over = true;
  };
  const key = (data: Buffer) => {
    if (['q', '\x03', '\x1b'].includes(data.toString())) end();
  };
  const raw = terminal && stdin.isTTY === true;
  process.on('SIGINT', end).on('SIGTERM', end);
  if (raw) stdin.setRawMode(true).on('data', key).resume();
  const stop = () => {
    process.off('SIGINT', end).off('SIGTERM', end);
    if (raw) stdin.setRawMode(false).off('data', key).pause();
  };
  return { over: () => over, stop };
}
