import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type ConfigEntry,
  configEntryHash,
  decodeConfigEntry,
  encodeConfigEntry,
  isConfigEntryKind,
} from '../../../src/model/index.js';

const folder = new URL('../../recordings/data/http/config/', import.meta.url);

interface Step {
  readonly http?: string;
  readonly body?: Record<string, unknown>;
}

interface Answer {
  readonly status: number;
  readonly json?: Record<string, unknown>;
  readonly text?: string;
}

/** A body that a Consul took or refused, and how it showed the entry afterwards. */
interface Recorded {
  readonly scenario: string;
  readonly body: Record<string, unknown>;
  readonly answer: Answer;
  readonly shown: Record<string, unknown> | undefined;
}

function recordedEntries(): readonly Recorded[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.recorded.json'));
  return names.flatMap((recording) => {
    const scenario = recording.replace('.recorded.json', '');
    const { steps } = JSON.parse(readFileSync(new URL(`${scenario}.json`, folder), 'utf8')) as { steps: Step[] };
    const { answers } = JSON.parse(readFileSync(new URL(recording, folder), 'utf8')) as { answers: Answer[] };
    return steps.flatMap(({ http, body }, position): Recorded[] => {
      const answer = answers[position];
      if (http !== 'PUT /v1/config' || !body || !answer) return [];
      const kind = String(body.Kind ?? body.kind);
      if (!isConfigEntryKind(kind) || kind === unknownToTheRecorded) return [];
      const next = steps[position + 1]?.http ?? '';
      const own = `GET /v1/config/${kind}/`;
      const shown = next.startsWith(own) ? answers[position + 1]?.json : undefined;
      return [{ scenario, body, answer, shown: answer.status === 200 ? shown : undefined }];
    });
  });
}

/** Kinds that Consul's open edition, which was recorded, does not know, and that we have. */
const unknownToTheRecorded = 'control-plane-request-limit';

/** Where Consul takes what would do harm or mean nothing, and we refuse it. */
const refusedOnPurpose: readonly RegExp[] = [
  /"Mode":"odd"/,
  /"Addresses":\["not valid"\]/,
  /"ListenerPort":99999/,
  /%B%/,
  /"Port":(?:0|70000)\b/,
  /"Hosts":\["bad host"\]/,
  /"Local(Connect|Request)TimeoutMs":-1/,
];

/** What Consul keeps for its paid edition, and is there in ours. */
const takenOnPurpose: readonly RegExp[] = [/"RateLimits":/, /"PrioritizeByLocality":/];

/** Refused by rules that look at other entries; those belong to the room that stores them. */
const needsOtherEntries =
  /inconsistent protocols|does not permit|subset named|circular|external SNI|AllowEnabling|does not match defined|with that name already exists/;

/** Same meaning, other words. */
const ownWords: Readonly<Record<string, string>> = {
  'Request decoding failed: 1 error occurred:\n\t* invalid config key "Services[0].Namespace", namespaces are a consul enterprise feature\n\n':
    'invalid config key "Services[0].Namespace"',
  'Request decoding failed: 1 error occurred:\n\t* invalid config key "Rules[0].Filters.JWT.Providers", api-gateway jwt validation is a consul enterprise feature\n\n':
    'invalid config key "Rules[0].Filters.JWT.Providers"',
  'invalid access log json for JSON format: unexpected end of JSON input': 'invalid access log json for JSON format',
};

function refusalOf(body: Record<string, unknown>): string {
  try {
    decodeConfigEntry(body);
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return '';
}

/** Consul's words, without the path of the field that we put in front of them. */
function withoutPaths(text: string): string {
  return text.replace(/(^|\t\* )[A-Z][A-Za-z0-9]*(?:\[\d+\])?(?:\.[A-Z][A-Za-z0-9]*(?:\[\d+\])?)*: /g, '$1');
}

function withoutRevisions(shown: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(shown).filter(([field]) => !['Hash', 'Status', 'CreateIndex', 'ModifyIndex'].includes(field)),
  );
}

const recorded = recordedEntries();

describe('config entries as Consul took, refused and showed them', () => {
  it('has recordings to compare with', () => {
    expect(recorded.length).toBeGreaterThan(150);
  });

  for (const { scenario, body, answer, shown } of recorded) {
    const text = JSON.stringify(body);
    const title = `${scenario}: ${text.length > 140 ? `${text.slice(0, 140)}…` : text}`;
    if (refusedOnPurpose.some((pattern) => pattern.test(text))) {
      it(`refuses, unlike Consul, ${title}`, () => {
        expect(() => decodeConfigEntry(body)).toThrow();
      });
    } else if (takenOnPurpose.some((pattern) => pattern.test(text))) {
      it(`takes, unlike Consul without a licence, ${title}`, () => {
        expect(encodeConfigEntry(decodeConfigEntry(body))).toMatchObject(body);
      });
    } else if (answer.status !== 200 && !needsOtherEntries.test(answer.text ?? '')) {
      it(`refuses ${title}`, () => {
        expect(withoutPaths(refusalOf(body))).toContain(ownWords[answer.text ?? ''] ?? answer.text);
      });
    } else {
      it(`takes ${title}`, () => {
        const entry = decodeConfigEntry(body);
        if (shown) expect(encodeConfigEntry(entry)).toEqual(withoutRevisions(shown));
        expect(decodeConfigEntry(JSON.parse(JSON.stringify(encodeBody(entry))))).toEqual(entry);
      });
    }
  }

  it('gives equal hashes where Consul does, and different ones where it does not', () => {
    const pairs = recorded.flatMap(({ body, shown }) =>
      shown && !refusedOnPurpose.some((pattern) => pattern.test(JSON.stringify(body)))
        ? [[String(shown.Hash), configEntryHash(decodeConfigEntry(body))] as const]
        : [],
    );
    expect(pairs.length).toBeGreaterThan(60);
    const ours = new Map(pairs);
    for (const [theirs, hash] of pairs) expect(ours.get(theirs)).toBe(hash);
    expect(new Set(ours.values()).size).toBe(ours.size);
  });
});

/** What a client sends that writes back what it read. */
function encodeBody(entry: ConfigEntry): Record<string, unknown> {
  return { ...encodeConfigEntry(entry), CreateIndex: 1, ModifyIndex: 2, Hash: 3 };
}
