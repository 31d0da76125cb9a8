import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes: begun last, they would run on when all others have ended, with half of the machine idle. */
const longest = ['xds/resources/random-meshes', 'state/etcd/lying-etcd', 'recordings/recordings', 'e2e/steady-load'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((path) => moduleId.includes(`/test/${path}.`));
      return place < 0 ? longest.length : place;
    };
    const phase = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    return sorted.sort((a, b) => phase(a) - phase(b) || rank(a) - rank(b));
  }
}

/**
 * End-to-end tests that run one after the other: they hold how long something takes against a limit, use the machine up, or have ports that
 * others might have, too. The rest mostly wait, and run two at a time.
 */
const alone = [
  'test/cli/dev/dev.e2e.test.ts',
  'test/e2e/{access-taken-away,intentions}.e2e.test.ts',
  'test/house/compose.e2e.test.ts',
  'test/scenarios/soak.e2e.test.ts',
  'test/xds/resources/random-meshes.e2e.test.ts',
];

/** What is waited for comes at once, but on a machine that has much else to do. */
const patient = { poll: { timeout: 15_000 } };
const endToEnd = { expect: patient, testTimeout: 240_000, hookTimeout: 240_000 };

// The projects run one after the other: real Envoys and what takes time must not share the machine with unit tests.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          expect: patient,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.integration.test.ts', 'test/**/*.e2e.test.ts'],
          testTimeout: 20_000,
          // By default one core is left idle, and of two that is half.
          maxWorkers: availableParallelism(),
          // Modules are loaded once by each worker, not by each file: that took longer than the tests do. None leaves anything behind in them.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'integration',
          expect: patient,
          include: ['test/**/*.integration.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          ...endToEnd,
          include: ['test/**/*.e2e.test.ts'],
          exclude: alone,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e-alone',
          ...endToEnd,
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
