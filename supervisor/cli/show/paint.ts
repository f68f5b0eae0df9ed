/** Colour, only where a person sees it. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] };

/** `on`: stdout is a terminal, and nobody asked for none (https://no-color.org). */
export function paint(on: boolean): Paint {
  const entries = Object.entries(codes).map(([name, [begin, end]]) => {
    return [name, (text: string) => (on ? `\x1b[${begin}m${text}\x1b[${end}m` : text)];
  });
  return Object.fromEntries(entries) as Paint;
}

/** Whether colours are wanted. */
export function wantsColour(terminal: boolean, environment: NodeJS.ProcessEnv): boolean {
  return terminal && !environment.NO_COLOR && environment.TERM !== 'dumb';
}
