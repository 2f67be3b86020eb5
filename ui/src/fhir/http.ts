// One way to talk to the program: same origin, session cookie, the header that marks our own pages, a time limit,
// and errors as one kind of value that pages can put into words.
// Errors: Failure with a kind a page can act on; `text` is the program's own words, `path` the element they are about.
import type { OperationOutcome } from './types';

export type FailureKind =
  | 'network' /* no answer: no network, or the time limit passed */
  | 'signed-out' /* 401 */
  | 'forbidden' /* 403 */
  | 'missing' /* 404, 410 */
  | 'conflict' /* 409, 412: somebody changed it meanwhile */
  | 'busy' /* 408, 425, 429, 502, 503, 504: try the same again later */
  | 'refused' /* the request itself is wrong */
  | 'broken'; /* 500, or an answer that cannot be read */

export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    readonly status: number,
    readonly text: string,
    readonly path: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(`${kind} ${status}`);
    this.name = 'Failure';
  }

  /** True if sending the very same request again can succeed. */
  get retryable(): boolean {
    return this.kind === 'network' || this.kind === 'busy' || this.kind === 'broken' || this.kind === 'signed-out';
  }
}

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export interface Answer<T> {
  status: number;
  body: T | null;
  etag: string | null;
  location: string | null;
}

const kTimeoutMs = 15_000;

function kindOf(status: number): FailureKind {
  if (status === 401) return 'signed-out';
  if (status === 403) return 'forbidden';
  if (status === 404 || status === 410) return 'missing';
  if (status === 409 || status === 412) return 'conflict';
  if ([408, 425, 429, 502, 503, 504].includes(status)) return 'busy';
  return status >= 500 ? 'broken' : 'refused';
}

function failureOf(response: Response, body: unknown): Failure {
  const issue = (body as OperationOutcome | null)?.issue?.[0];
  const after = Number(response.headers.get('Retry-After') ?? '');
  return new Failure(
    kindOf(response.status),
    response.status,
    issue?.details?.text ?? issue?.diagnostics ?? '',
    issue?.expression?.[0] ?? '',
    Number.isFinite(after) && after > 0 ? after * 1000 : null,
  );
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Sends one request. Throws only Failure. Listeners of `onSignedOut` hear of every 401. */
export class Http {
  constructor(
    private readonly fetch_: Fetch = (input, init) => fetch(input, init),
    private readonly onSignedOut: () => void = () => undefined,
    private readonly timeoutMs: number = kTimeoutMs,
  ) {}

  async send<T>(method: string, path: string, init: { headers?: Record<string, string>; body?: string | Blob; signal?: AbortSignal; timeoutMs?: number } = {}): Promise<Answer<T>> {
    const headers: Record<string, string> = { Accept: 'application/fhir+json, application/json', ...init.headers };
    if (method !== 'GET') headers['X-Tongkang'] = '1';
    const limit = limitOf(init.timeoutMs ?? this.timeoutMs, init.signal);
    let response: Response;
    let body: unknown;
    try {
      response = await this.fetch_(path, { method, headers, body: init.body, signal: limit.signal, credentials: 'same-origin', cache: 'no-store' });
      body = await bodyOf(response);
    } catch (e) {
      if (init.signal?.aborted) throw e;
      throw new Failure('network', 0, '', '');
    } finally {
      limit.lift();
    }
    if (response.status === 401) this.onSignedOut();
    if (!response.ok) throw failureOf(response, body);
    if (body === undefined) throw new Failure('broken', response.status, '', '');
    return { status: response.status, body: body as T | null, etag: response.headers.get('ETag'), location: response.headers.get('Location') };
  }
}

/** Ends after `ms`, or with `outer`. AbortSignal.timeout and AbortSignal.any are younger than the phones we serve. */
function limitOf(ms: number, outer?: AbortSignal): { signal: AbortSignal; lift: () => void } {
  const own = new AbortController();
  const end = (): void => own.abort();
  const timer = setTimeout(end, ms);
  if (outer?.aborted) end();
  outer?.addEventListener('abort', end);
  const lift = (): void => {
    clearTimeout(timer);
    outer?.removeEventListener('abort', end);
  };
  return { signal: own.signal, lift };
}

export function asFailure(e: unknown): Failure {
  return e instanceof Failure ? e : new Failure('broken', 0, '', '');
}
