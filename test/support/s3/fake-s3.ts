import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Signer, signatureProblem } from './signature.js';

export interface FakeS3Request {
  readonly method: string;
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
}

/** A store with one bucket, `backups`, that looks at every signature. */
export interface FakeS3 {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  readonly seen: FakeS3Request[];
  /** Answers to the next requests instead of what they would get. */
  readonly instead: ((request: FakeS3Request) => { readonly status: number; readonly code?: string } | undefined)[];
  /** What becomes of a body that is stored. */
  stored: (body: Buffer) => Buffer;
  close(): Promise<void>;
}

export const BUCKET = 'backups';
/** So small that a few objects take several pages. */
const PAGE = 2;

const escapeXml = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** Starts a store on the loopback whose `now` says the time that signatures are held against. */
export async function startFakeS3(signer: Signer, now: () => number = Date.now): Promise<FakeS3> {
  const objects = new Map<string, Buffer>();
  const seen: FakeS3Request[] = [];
  const instead: FakeS3['instead'] = [];
  const fake = { objects, seen, instead, stored: (body: Buffer) => body };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', 'http://store');
    const [, bucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const refuse = (status: number, code: string): void => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>said by the store</Message></Error>`);
    };
    const one = { method: request.method ?? '', key, headers: request.headers };
    seen.push(one);
    const other = instead.shift()?.(one);
    if (other) return refuse(other.status, other.code ?? 'Other');
    const problem = signatureProblem(request, body, signer, now());
    if (problem !== undefined) return refuse(403, problem);
    if (bucket !== BUCKET) return refuse(404, 'NoSuchBucket');
    if (request.method === 'PUT') {
      objects.set(key, fake.stored(body));
      response.end();
    } else if (request.method === 'DELETE') {
      objects.delete(key);
      response.writeHead(204).end();
    } else if (key === '') response.end(listed(objects, url.searchParams));
    else if (objects.has(key)) response.end(objects.get(key));
    else refuse(404, 'NoSuchKey');
  };

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

function listed(objects: ReadonlyMap<string, Buffer>, query: URLSearchParams): string {
  const after = query.get('continuation-token') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after).sort();
  const page = keys.slice(0, PAGE);
  const more =
    keys.length > PAGE
      ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>`
      : '<IsTruncated>false</IsTruncated>';
  const contents = page.map(
    (key) => `<Contents><Key>${escapeXml(key)}</Key><Size>${objects.get(key)?.length}</Size></Contents>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="urn:s3">${more}${contents.join('')}</ListBucketResult>`;
}
