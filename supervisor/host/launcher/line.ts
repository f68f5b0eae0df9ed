import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

/** JSON lines over a connection, one document each; longer ones than agreed end it. */
export interface Line {
  tell(document: unknown): void;
  /** Tells and closes. */
  end(document: unknown): void;
  destroy(): void;
}

/**
 * Hears every document as it comes, `null` once when the connection is over, however it ended.
 * What is no JSON ends it.
 */
export function line(socket: Socket, most: number, hear: (document: unknown | null) => void): Line {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    rest += decoder.write(chunk);
    const lines = rest.split('\n');
    rest = lines.pop() as string;
    for (const one of lines) {
      const document = over ? undefined : parsed(one);
      if (document === undefined) return void socket.destroy();
      hear(document);
    }
    if (rest.length > most) socket.destroy();
  });
  // How it ended is told by what came before.
  socket.on('error', () => undefined);
  socket.once('close', () => {
    over = true;
    hear(null);
  });
  const text = (document: unknown) => `${JSON.stringify(document)}\n`;
  return {
    tell: (document) => void (over || socket.write(text(document))),
    end: (document) => void (over || socket.end(text(document))),
    destroy: () => void socket.destroy(),
  };
}

/** undefined for what is no JSON, and for null, which nobody says. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
