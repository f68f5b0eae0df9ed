/** Columns for people: as wide as their widest cell, two spaces between, no lines. */
export interface Column<T> {
  head: string;
  /** Already escaped. */
  cell: (row: T, room: number) => string;
  right?: boolean;
}

/**
 * `room`: columns of the screen. What the other columns leave of it is told to the last one, which
 * alone may be cut: ids stand before it.
 */
export function table<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  room = Number.POSITIVE_INFINITY,
): string {
  const firsts = columns.slice(0, -1);
  const before = rows.map((row) => firsts.map((column) => column.cell(row, room)));
  const taken = firsts.map(({ head }, at) => {
    return Math.max(width(head), ...before.map((row) => width(row[at] ?? ''))) + 2;
  });
  const left = room - taken.reduce((sum, one) => sum + one, 0);
  const cells = rows.map((row, at) => [
    ...(before[at] ?? []),
    ...columns.slice(-1).map((column) => column.cell(row, left)),
  ]);
  const heads = columns.map((column) => column.head);
  const widths = columns.map((_, at) => {
    return Math.max(width(heads[at] ?? ''), ...cells.map((row) => width(row[at] ?? '')));
  });
  const draw = (row: readonly string[]) =>
    row
      .map((cell, at) => pad(cell, widths[at] ?? 0, columns[at]?.right ?? false))
      .join('  ')
      .trimEnd();
  return [heads, ...cells].map(draw).join('\n');
}

function pad(cell: string, to: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, to - width(cell)));
  return right ? space + cell : cell + space;
}

/** Colours take no room. */
const colours = /\p{Cc}\[\d+m/gu;
/** Scripts whose characters take two columns. */
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u;
const wider = /\p{Emoji_Presentation}/u;

/** Columns that a text takes on a terminal. */
export function width(text: string): number {
  let columns = 0;
  for (const one of text.replace(colours, '')) {
    if (/\p{M}/u.test(one)) continue;
    columns += wide.test(one) || wider.test(one) ? 2 : 1;
  }
  return columns;
}

/** A name and what belongs to it, one a line, names padded; empty values are left out. */
export function facts(pairs: readonly (readonly [string, string | null])[]): string {
  const there = pairs.filter((pair): pair is [string, string] => pair[1] !== null);
  const widest = Math.max(0, ...there.map(([name]) => name.length));
  return there.map(([name, value]) => `${name.padEnd(widest)}  ${value}`).join('\n');
}
