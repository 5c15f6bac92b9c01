import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { BootstrapError } from '../kernel/errors.ts';
import { withoutCredentials } from './source.ts';

/** The proxy variables of the environment; Node's own fetch does not look at them. */
export interface ProxyEnvironment {
  readonly httpProxy: string | undefined;
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
}

export interface HttpResponse {
  readonly body: Readable;
  /** First byte of the body within the whole: the offset asked for, or 0 when the server ignores ranges. */
  readonly start: number;
  /** Bytes of the whole, where the server says so. */
  readonly total: number | undefined;
}

export interface HttpClient {
  /**
   * Asks for a file from `offset` on.
   * @throws E_SOURCE when the server will not give it, E_SOURCE_BUSY when another try may help,
   * E_SOURCE_RANGE when there is nothing at that offset
   */
  get(url: URL, offset: number): Promise<HttpResponse>;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  readonly proxy: ProxyEnvironment;
  readonly signal: AbortSignal | undefined;
  /** How long a server may say nothing, in ms. */
  readonly idleTimeoutMs: number;
}

/** Node's whole HTTP is read for these words only when one has to be said. */
const reasonOf = (status: number): string => process.getBuiltinModule('node:http').STATUS_CODES[status] ?? '';

const maxRedirects = 5;

/** A client for downloads: through the proxy where one is set, following redirects only to places as safe. */
export function openHttpClient(options: HttpClientOptions): HttpClient {
  let opened: Promise<Connection> | undefined;

  const get = async (url: URL, offset: number): Promise<HttpResponse> => {
    const { request, dispatcher } = await (opened ??= connect(options));
    for (let target = url, hop = 0; ; hop += 1) {
      const answer = await request(withoutLogin(target), {
        dispatcher,
        headers: headersFor(target, url, offset),
        signal: options.signal ?? null,
      }).catch((error: unknown) => {
        throw connectionFailure(error);
      });
      if (answer.statusCode < 300 || answer.statusCode >= 400) return accept(answer, offset);
      discard(answer);
      if (hop === maxRedirects) throw new BootstrapError('E_SOURCE', `more than ${maxRedirects} redirects`);
      target = redirectTarget(answer, target);
    }
  };

  return { get, close: async () => (await opened)?.dispatcher.close() };
}

/** The failure of a connection: `E_SOURCE_BUSY` when it may pass, `E_SOURCE` when it will not. */
export function connectionFailure(error: unknown): BootstrapError {
  if (error instanceof BootstrapError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const final = /^(ENOTFOUND|ERR_TLS_|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_INVALID)/.test(
    code,
  );
  const text = message === '' ? code : message; // a refused connection to several addresses has a code only
  return new BootstrapError(final ? 'E_SOURCE' : 'E_SOURCE_BUSY', text, { cause: error });
}

interface Connection {
  readonly request: (
    url: URL,
    options: Pick<Dispatcher.RequestOptions, 'headers' | 'signal'> & { readonly dispatcher: Dispatcher },
  ) => Promise<Dispatcher.ResponseData>;
  readonly dispatcher: Dispatcher;
}

async function connect({ proxy, idleTimeoutMs }: HttpClientOptions): Promise<Connection> {
  const { EnvHttpProxyAgent, request } = await import('undici');
  const dispatcher = new EnvHttpProxyAgent({
    // Empty, not undefined: undefined would make it look into the environment by itself.
    httpProxy: proxy.httpProxy ?? '',
    httpsProxy: proxy.httpsProxy ?? '',
    noProxy: proxy.noProxy ?? '',
    // Proxies commonly refuse CONNECT to port 80, so plain http is asked of them directly.
    proxyTunnel: false,
    connect: { timeout: Math.min(idleTimeoutMs, 10_000) },
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  });
  return { request, dispatcher };
}

function headersFor(target: URL, first: URL, offset: number): Record<string, string> {
  const login = `${decodeURIComponent(first.username)}:${decodeURIComponent(first.password)}`;
  return {
    'accept-encoding': 'identity',
    'user-agent': 'k8s-bootstrap',
    ...(offset > 0 ? { range: `bytes=${offset}-` } : {}),
    ...(first.username !== '' && target.origin === first.origin
      ? { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
      : {}),
  };
}

function withoutLogin(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function redirectTarget(answer: Dispatcher.ResponseData, from: URL): URL {
  const location = header(answer, 'location');
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new BootstrapError('E_SOURCE', `answered ${answer.statusCode} without a usable location`);
  }
  const target = new URL(location, from);
  if (target.protocol === 'https:' || (target.protocol === 'http:' && from.protocol === 'http:'))
    return target;
  throw new BootstrapError('E_SOURCE', `redirects to ${withoutCredentials(target)}, which is less safe`);
}

function accept(answer: Dispatcher.ResponseData, offset: number): HttpResponse {
  const length = Number(header(answer, 'content-length') ?? Number.NaN);
  const total = Number.isNaN(length) ? undefined : length;
  if (answer.statusCode === 200) return { body: answer.body, start: 0, total };
  if (answer.statusCode === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header(answer, 'content-range') ?? '');
    if (range !== null && Number(range[1]) === offset) {
      return { body: answer.body, start: offset, total: range[2] === '*' ? undefined : Number(range[2]) };
    }
  }
  discard(answer);
  const text = `${answer.statusCode} ${reasonOf(answer.statusCode)}`.trim();
  if (answer.statusCode === 416 || answer.statusCode === 206)
    throw new BootstrapError('E_SOURCE_RANGE', text);
  const busy = answer.statusCode >= 500 || [408, 425, 429].includes(answer.statusCode);
  throw new BootstrapError(busy ? 'E_SOURCE_BUSY' : 'E_SOURCE', text);
}

/** An unread body would hold the connection; its errors no longer matter. */
function discard(answer: Dispatcher.ResponseData): void {
  answer.body.on('error', () => undefined).destroy();
}

function header(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
