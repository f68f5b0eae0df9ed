/** A count with its word: `1 fault`, `2 faults`. */
export const numbered = (count: number, word: string): string =>
  `${count} ${word}${count === 1 ? '' : 's'}`;
