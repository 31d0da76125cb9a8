/** Run by itself: reads rows as JSON from the standard input, prints everything told. */
import { readFileSync } from 'node:fs';
import { plainView } from '../../../mesh/support/plain-view.js';
import { everythingTold } from './everything-told.js';

process.stdout.write(everythingTold(plainView(JSON.parse(readFileSync(0, 'utf8')) as Parameters<typeof plainView>[0])));
