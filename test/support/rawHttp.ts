import { type IncomingHttpHeaders, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request with any headers, also those that `fetch` keeps for itself, such as `Host` and `Origin`. */
export const rawRequest = (
  url: string,
  options: {
    method?: string;
    headers?: Record<string, string>;
    body?: string | Buffer;
    ca?: string;
    servername?: string;
  } = {},
): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { body, ...rest } = options;
    const send = url.startsWith('https:') ? tlsRequest : plainRequest;
    const request = send(url, { agent: false, ...rest }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode!, headers: response.headers, text });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });

/** A GraphQL request in that way, with the error code of its answer, if any. */
export const rawQuery = async (url: string, query: string, headers: Record<string, string> = {}, ca?: string) => {
  const answer = await rawRequest(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
    ca,
  });
  const code: string | undefined = JSON.parse(answer.text).errors?.[0].extensions.code;
  return { ...answer, code };
};
