import type { z } from 'zod';
import { fileKeys, sinkKeys, sourceKeys } from '../../src/config/schema.js';
import type { NotifierConfig, SinkOptions, SourceOptions } from '../../src/index.js';

/** The names that are written out: those of a type's settings may be any. */
type Named<Options> = keyof { [Key in keyof Options as string extends Key ? never : Key]: Options[Key] };

type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false;

/** What the compiler finds: the interfaces name the keys of the schemas, all of them and no others. */
const SAME: readonly true[] = [
  true satisfies Same<Named<NotifierConfig> | 'log', keyof z.input<typeof fileKeys>>,
  true satisfies Same<Named<SourceOptions>, keyof z.input<typeof sourceKeys> | 'type'>,
  true satisfies Same<Named<SinkOptions>, keyof z.input<typeof sinkKeys> | 'type'>,
];

test('the interfaces of the library name what the schemas take', () => {
  expect(SAME).toHaveLength([fileKeys, sourceKeys, sinkKeys].length);
});
