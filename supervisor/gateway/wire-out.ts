import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** What goes out to a provider. */
export interface Outgoing {
  /** `http` or `https`. */
  url: URL;
  headers: Record<string, string>;
  body: Buffer;
  signal: AbortSignal;
}

/** No answer came. `sent`: the request may have reached the provider. */
export class NoAnswer extends Error {
  readonly sent: boolean;
  readonly code: string | null;
  constructor(sent: boolean, cause: unknown) {
    super('no answer from the provider', { cause });
    this.name = 'NoAnswer';
    this.sent = sent;
    const code = (cause as NodeJS.ErrnoException | null)?.code;
    this.code = typeof code === 'string' ? code : null;
  }
}

/**
 * Posts to a provider; resolves with the head of its answer. Redirects are not followed, so that a
 * key goes nowhere but where the policy says. Rejects with a NoAnswer.
 */
export function post({ url, headers, body, signal }: Outgoing): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let sent = false;
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const fail = (error: unknown) => reject(new NoAnswer(sent, error));
    try {
      const request = send(url, {
        method: 'POST',
        agent: false,
        headers: {
          ...headers,
          'accept-encoding': 'identity',
          'content-length': String(body.length),
        },
        signal,
      });
      const connected = url.protocol === 'https:' ? 'secureConnect' : 'connect';
      request.once('socket', (socket) => {
        socket.once(connected, () => {
          sent = true;
        });
      });
      request.once('response', resolve);
      request.on('error', fail);
      request.end(body);
    } catch (error) {
      fail(error);
    }
  });
}

/** The whole body of an answer; throws a RangeError beyond `most` bytes. */
export async function readAll(answer: IncomingMessage, most: number): Promise<Buffer> {
  const { body, cut } = await collect(answer, most);
  if (cut instanceof Error) throw cut;
  return body;
}

/** As much of an answer's body as comes, up to `most` bytes; never throws. */
export async function readSome(answer: IncomingMessage, most: number): Promise<Buffer> {
  return (await collect(answer, most)).body;
}

async function collect(answer: IncomingMessage, most: number) {
  const chunks: Buffer[] = [];
  let size = 0;
  let cut: unknown = null;
  try {
    for await (const chunk of answer) {
      size += chunk.length;
      chunks.push(chunk);
      if (size > most) throw new RangeError(`the answer passes ${most} bytes`);
    }
  } catch (error) {
    cut = error;
  }
  return { body: Buffer.concat(chunks).subarray(0, most), cut };
}
