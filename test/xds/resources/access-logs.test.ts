import { beforeAll, describe, expect, it } from 'vitest';
import type { AccessLogSettings } from '../../../src/model/index.js';
import { type PackedAny, checkEncoding, decodeAnyDeep } from '../../../src/xds/envoy-api/index.js';
import { filterAccessLogs, listenerAccessLogs } from '../../../src/xds/resources/access-logs.js';
import type { Decoded } from './support/sidecar.js';

beforeAll(() => checkEncoding(true));

const on: AccessLogSettings = {
  enabled: true,
  disableListenerLogs: false,
  type: '',
  path: '',
  jsonFormat: '',
  textFormat: '',
};

const sinkOf = (settings: AccessLogSettings): Decoded =>
  decodeAnyDeep(filterAccessLogs(settings)[0]?.typed_config as PackedAny);
const jsonOf = (settings: AccessLogSettings): Decoded => sinkOf(settings).log_format.json_format.fields;

describe('access logs', () => {
  it('are off unless they are switched on', () => {
    expect([...filterAccessLogs(undefined), ...listenerAccessLogs(undefined)]).toEqual([]);
    expect([...filterAccessLogs({ ...on, enabled: false }), ...listenerAccessLogs({ ...on, enabled: false })]).toEqual(
      [],
    );
  });

  it('of filters tell of everything, those of listeners of connections without a chain', () => {
    expect(filterAccessLogs(on)).toEqual([{ name: 'Consul Listener Filter Log', typed_config: expect.anything() }]);
    expect(listenerAccessLogs(on)).toEqual([
      {
        name: 'Consul Listener Log',
        filter: { response_flag_filter: { flags: ['NR'] } },
        typed_config: expect.anything(),
      },
    ]);
  });

  it('of listeners can be switched off alone', () => {
    const settings = { ...on, disableListenerLogs: true };
    expect(listenerAccessLogs(settings)).toEqual([]);
    expect(filterAccessLogs(settings)).toHaveLength(1);
  });

  it.each([
    ['', 'stream.v3.StdoutAccessLog'],
    ['stdout', 'stream.v3.StdoutAccessLog'],
    ['stderr', 'stream.v3.StderrAccessLog'],
    ['file', 'file.v3.FileAccessLog'],
  ] as const)('of type "%s" go to %s', (type, sink) => {
    expect(sinkOf({ ...on, type, path: '/var/log/access' })['@type']).toBe(
      `type.googleapis.com/envoy.extensions.access_loggers.${sink}`,
    );
  });

  it('in a file have its path', () => {
    expect(sinkOf({ ...on, type: 'file', path: '/var/log/access' }).path).toBe('/var/log/access');
  });

  it('are JSON with 24 known keys by default', () => {
    const fields = jsonOf(on);
    expect(Object.keys(fields)).toHaveLength(24);
    expect(fields).toMatchObject({
      path: { stringValue: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%' },
      upstream_transport_failure_reason: { stringValue: '%UPSTREAM_TRANSPORT_FAILURE_REASON%' },
    });
  });

  it('keep the numbers and the nesting of a JSON format', () => {
    const jsonFormat = JSON.stringify({ nested: { code: '%RESPONSE_CODE%' }, number: 5, list: [true, null] });
    expect(jsonOf({ ...on, jsonFormat })).toMatchObject({
      nested: { structValue: { fields: { code: { stringValue: '%RESPONSE_CODE%' } } } },
      number: { numberValue: 5 },
      list: { listValue: { values: [{ boolValue: true }, { nullValue: 'NULL_VALUE' }] } },
    });
  });

  it('as text end each entry with a line break, once', () => {
    const textOf = (textFormat: string): string =>
      sinkOf({ ...on, textFormat }).log_format.text_format_source.inline_string;
    expect(textOf('CODE %RESPONSE_CODE%')).toBe('CODE %RESPONSE_CODE%\n');
    expect(textOf('CODE %RESPONSE_CODE%\n')).toBe('CODE %RESPONSE_CODE%\n');
  });

  it.each(['{', '[]', '"text"', 'null'])(
    'fall back to the default format for %s, which no registration can know',
    (jsonFormat) => {
      expect(Object.keys(jsonOf({ ...on, jsonFormat }))).toHaveLength(24);
    },
  );
});
