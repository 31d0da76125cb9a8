import { describe, expect, it } from 'vitest';
import { encodeIntention, intentionMatch, intentionsTo, intentionsToCell } from '../../../src/mesh/intentions/index.js';
import { viewOfEntries } from '../support/plain-view.js';

const entries = [
  {
    Kind: 'service-intentions',
    Name: 'db',
    Sources: [
      { Name: '*', Action: 'deny' },
      { Name: 'web', Action: 'allow' },
    ],
  },
  {
    Kind: 'service-intentions',
    Name: '*',
    Sources: [
      { Name: 'web', Action: 'deny' },
      { Name: 'api', Action: 'allow' },
      { Name: '*', Action: 'deny' },
    ],
  },
  {
    Kind: 'service-intentions',
    Name: 'cache',
    Sources: [
      { Name: 'api', Action: 'allow' },
      { Name: '*', Action: 'allow' },
      { Name: 'web', Peer: 'east', Action: 'allow' },
    ],
  },
];
const view = viewOfEntries(entries);
const pairs = (by: 'source' | 'destination', name: string): readonly string[] =>
  intentionMatch(view, by, name).map(({ intention: { source, destination } }) => `${source.name}>${destination}`);

describe('intentions', () => {
  it('about a destination come best first, those about all destinations last', () => {
    expect(pairs('destination', 'db')).toEqual(['web>db', '*>db', 'api>*', 'web>*', '*>*']);
    expect(intentionsTo(view, 'db').map(({ source, destination }) => `${source.name}>${destination}`)).toEqual(
      pairs('destination', 'db'),
    );
    expect(pairs('destination', 'none')).toEqual(['api>*', 'web>*', '*>*']);
    expect(pairs('destination', '*')).toEqual(['api>*', 'web>*', '*>*']);
  });

  it('about a source leave out what is about services of peers', () => {
    expect(pairs('source', 'web')).toEqual(['web>db', '*>cache', '*>db', 'web>*', '*>*']);
    expect(pairs('source', 'none')).toEqual(['*>cache', '*>db', '*>*']);
    expect(pairs('source', '*')).toEqual(['*>cache', '*>db', '*>*']);
  });

  it('are the same from the cell', () => {
    expect(view.cell(intentionsToCell, 'db')).toEqual(intentionsTo(view, 'db'));
  });

  it('are shown in the words of the API, with the revisions of their entry', () => {
    expect(intentionMatch(view, 'destination', 'db').slice(0, 1).map(encodeIntention)).toEqual([
      {
        SourceNS: 'default',
        SourceName: 'web',
        DestinationNS: 'default',
        DestinationName: 'db',
        SourceType: 'consul',
        Action: 'allow',
        Precedence: 9,
        CreateIndex: 1,
        ModifyIndex: 1,
      },
    ]);
  });
});
