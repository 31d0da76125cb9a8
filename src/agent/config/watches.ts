import { AppError, isHeaderName, isHeaderValue } from '../../core/index.js';
import { type Field, duration, flag, list, map, object, optional, text } from '../../model/wire/index.js';
import { type WatchedView, watchType, watchedView } from '../../watches/index.js';

/** One of `watches` as it is written (consul-behaviour 3.2): what is watched, and what is told of it. */
export interface WatchOptions {
  readonly type: string;
  readonly datacenter: string;
  readonly token: string;
  readonly handlerType: string;
  readonly args: readonly string[];
  readonly handler: string;
  readonly httpHandlerConfig?: HttpHandlerOptions;
  readonly key: string;
  readonly prefix: string;
  readonly service: string;
  readonly tag: readonly string[];
  readonly passingonly: boolean;
  readonly state: string;
  readonly name: string;
  readonly filter: string;
}

interface HttpHandlerOptions {
  readonly path: string;
  readonly method: string;
  readonly timeoutMs: number;
  readonly header: Readonly<Record<string, readonly string[]>>;
  readonly tlsSkipVerify: boolean;
}

/** What a watch does when it sees something. */
export type WatchHandler =
  | { readonly kind: 'script'; readonly command: readonly string[] }
  | ({ readonly kind: 'http'; readonly url: string; readonly method: string; readonly timeoutMs: number } & Pick<
      HttpHandlerOptions,
      'header' | 'tlsSkipVerify'
    >);

/** A watch of this agent. */
export interface WatchDefinition {
  /** The options it was made from, for comparison. */
  readonly options: WatchOptions;
  readonly view: WatchedView;
  readonly handler: WatchHandler;
}

export const watchesField: Field<readonly WatchOptions[]> = list(
  object<WatchOptions>({
    type: text({ lowerCase: true }),
    datacenter: text({ lowerCase: true }),
    token: text(),
    handlerType: text({ lowerCase: true }),
    args: list(text()),
    handler: text(),
    httpHandlerConfig: optional(
      object<HttpHandlerOptions>({
        path: text(),
        method: text(),
        timeoutMs: duration(),
        header: map(list(text())),
        tlsSkipVerify: flag(),
      }),
    ),
    key: text(),
    prefix: text(),
    service: text(),
    tag: list(text()),
    passingonly: flag(),
    state: text(),
    name: text(),
    filter: text(),
  }),
);

const HTTP_TIMEOUT_MS = 10_000;
const MOST_WATCHES = 1_000;

/** The watches of a configuration, checked. Throws AppError('invalidArgument') that names the one that is wrong. */
export function resolveWatches(given: readonly WatchOptions[]): readonly WatchDefinition[] {
  if (given.length > MOST_WATCHES)
    throw new AppError('invalidArgument', `watches: an agent has at most ${MOST_WATCHES}, not ${given.length}`);
  return given.map((options, position) => {
    try {
      return resolveWatch(options);
    } catch (thrown) {
      throw new AppError('invalidArgument', `watches[${position}]: ${AppError.from(thrown).message}`, {
        cause: thrown,
      });
    }
  });
}

const asOption = (parameter: string): string => parameter;

function resolveWatch(options: WatchOptions): WatchDefinition {
  const { tag, passingonly, ...rest } = options;
  const type = watchType(options.type, asOption);
  const view = watchedView(type, { ...rest, tags: tag, passingOnly: passingonly }, asOption);
  return { options, view, handler: resolveHandler(options) };
}

function resolveHandler({ handlerType, handler, args, httpHandlerConfig: http }: WatchOptions): WatchHandler {
  const type = handlerType || (http === undefined ? 'script' : 'http');
  if (type === 'http') return httpHandler(http);
  if (type !== 'script') throw refused(`handler_type must be "script" or "http", not "${type}"`);
  if (handler !== '' && args.length > 0) throw refused('give the program in args or in handler, not in both');
  if (handler === '' && args.length === 0) throw refused('give the program to run in args, or http_handler_config');
  if ([handler, ...args].some((word) => word.includes('\0'))) throw refused('a command must not contain NUL');
  return { kind: 'script', command: handler === '' ? args : ['/bin/sh', '-c', handler] };
}

function httpHandler(http: HttpHandlerOptions | undefined): WatchHandler {
  if (http === undefined || http.path === '') throw refused('http_handler_config needs a path, the URL to call');
  const url = URL.canParse(http.path) ? new URL(http.path) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw refused('the path of http_handler_config must be a URL that begins with http:// or https://');
  if (http.timeoutMs < 0) throw refused('the timeout of http_handler_config must not be negative');
  if (!/^[A-Za-z]{0,20}$/.test(http.method))
    throw refused('the method of http_handler_config must be one such as POST');
  for (const [name, values] of Object.entries(http.header))
    if (!isHeaderName(name) || !values.every(isHeaderValue))
      throw refused(`the header "${name}" of http_handler_config cannot be sent`);
  return {
    kind: 'http',
    url: url.href,
    method: http.method.toUpperCase() || 'POST',
    timeoutMs: http.timeoutMs || HTTP_TIMEOUT_MS,
    header: http.header,
    tlsSkipVerify: http.tlsSkipVerify,
  };
}

const refused = (sentence: string): AppError => new AppError('invalidArgument', sentence);
