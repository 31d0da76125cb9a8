import { AppError } from '../../../core/index.js';
import { checkLua } from '../../../lang/lua/index.js';
import { isHttpLike } from '../../../mesh/discovery-chain/index.js';
import { type Field, object, text } from '../../../model/wire/index.js';
import { packAny } from '../../envoy-api/index.js';
import { mustBeGiven, mustBeOneOf } from './argument-rules.js';
import type { ArgumentProblem, ExtensionKind } from './extension.js';
import { insertHttpFilter } from './filter-position.js';

interface LuaArguments {
  readonly proxyType: string;
  readonly listener: string;
  readonly script: string;
}

const schema: Field<LuaArguments> = object<LuaArguments>({ proxyType: text(), listener: text(), script: text() });

const POSITION = 'before-last';

/** Envoy compiles a script once per worker; what is longer than this belongs into a service. */
const LONGEST_SCRIPT_BYTES = 65_536;

/** What Envoy calls; a script without any does nothing, and is taken as Consul takes it. */
const HANDLERS = /envoy_on_(?:request|response)/;

const unreadable = (script: string): string | undefined => {
  const problem = checkLua(script);
  return problem && `is no Lua that Envoy can read: ${problem}`;
};

function mustBeLua(script: string): readonly ArgumentProblem[] {
  const problem = HANDLERS.test(script) ? unreadable(script) : undefined;
  return problem === undefined ? [] : [{ path: 'Script', problem }];
}

/** Envoy would refuse the whole listener. */
function refuseUnreadable(script: string): void {
  const problem = unreadable(script);
  if (problem !== undefined) throw new AppError('invalidArgument', `Arguments.Script ${problem}`);
}

/** `builtin/lua`: a script that sees every request and answer (consul-behaviour 6.12). */
export const lua: ExtensionKind<LuaArguments> = {
  name: 'builtin/lua',
  schema,
  check: ({ proxyType, listener, script }) => [
    ...mustBeOneOf('ProxyType', proxyType, ['connect-proxy', 'api-gateway']),
    ...mustBeOneOf('Listener', listener, ['inbound', 'outbound']),
    ...mustBeGiven('Script', script),
    ...(Buffer.byteLength(script) > LONGEST_SCRIPT_BYTES
      ? [{ path: 'Script', problem: `must not be longer than ${LONGEST_SCRIPT_BYTES} bytes` }]
      : mustBeLua(script)),
  ],
  note: ({ script }) => {
    const problem = unreadable(script);
    return problem === undefined ? undefined : { path: 'Script', problem };
  },
  changes: 'own',
  proxyType: ({ proxyType }) => proxyType,
  order: {
    position: POSITION,
    reason: 'it sees only requests that intentions let through, with the caller’s identity in the metadata',
  },
  concerns: ({ listener }, place) =>
    place.resource === 'listener' && place.direction === listener && isHttpLike(place.protocol),
  patches: {
    httpFilters: (filters, { script }) => {
      refuseUnreadable(script);
      return insertHttpFilter(filters, POSITION, {
        name: 'envoy.filters.http.lua',
        typed_config: packAny('envoy.extensions.filters.http.lua.v3.Lua', {
          default_source_code: { inline_string: script },
        }),
      });
    },
  },
};
