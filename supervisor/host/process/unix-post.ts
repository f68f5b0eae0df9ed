import { request } from 'node:http';

export interface Posted {
  status: number;
  body: string;
}

/** Largest answer that is read, bytes. */
const most = 4 * 1024 * 1024;

/** POST a JSON document to a server behind a unix socket. Rejects with the system's error. */
export function postToSocket(
  socketPath: string,
  path: string,
  headers: Record<string, string>,
  document: unknown,
): Promise<Posted> {
  const payload = JSON.stringify(document);
  return new Promise((resolve, reject) => {
    const call = request({
      socketPath,
      path,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': `${Buffer.byteLength(payload)}`,
        ...headers,
      },
    });
    call.once('error', reject);
    call.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > most) response.destroy(new Error(`more than ${most} characters`));
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.end(payload);
  });
}
