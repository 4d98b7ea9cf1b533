import { resolve } from 'node:path';
import type { Config } from '../config/config.js';
import { readConfig } from '../config/load.js';
import { notices } from '../config/notices.js';
import { formatProblem, type Problem } from '../config/problem.js';
import { systemClock } from '../system.js';
import { VERSION } from '../version.js';
import { counted } from '../views/surroundings.js';
import { type CommandContext, type CommonOptions, EXIT, type ExitCode, type Register } from './command.js';
import { diskChecks, environmentChecks, programChecks } from './doctor-machine.js';
import { lookAtPlaces } from './doctor-places.js';
import { type Check, fail, ok, printReport, type Section, warn } from './doctor-report.js';

export const registerDoctor: Register = (program, context) => {
  program
    .command('doctor')
    .summary('look at everything at once and print a report that one can paste')
    .description(
      'Looks at versions, config, credentials, clock, store, sinks, disk, environment and the running program, at all of it at once and for ten seconds at most, and says what to do. Sends no message and makes no store; works beside a running program, without one, and with a faulty config. Exit code 1 when something failed.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier doctor\n  recording-notifier doctor --json | jq \'select(.result != "ok")\'',
    )
    .action(async (_, command) => {
      context.end(await doctor(command.optsWithGlobals(), context));
    });
};

async function doctor(options: CommonOptions, context: CommandContext): Promise<ExitCode> {
  if (!options.json) {
    await context.print(`recording-notifier ${VERSION} doctor, ${new Date(systemClock.nowMs()).toISOString()}`);
    await context.print('Names hosts, folders, sources and sinks; holds no secret and nothing of a recording.');
  }
  const loaded = readConfig(options.config, context.environment);
  const config = 'config' in loaded ? loaded.config : undefined;
  const places = config === undefined ? undefined : lookAtPlaces(config, context);
  const sections: Section[] = [
    { title: 'Program', checks: Promise.resolve(programChecks(context)) },
    {
      title: 'Config',
      checks: Promise.resolve(
        'config' in loaded ? configChecks(loaded.config, context) : problemChecks(loaded.problems),
      ),
    },
    { title: 'Environment', checks: Promise.resolve(environmentChecks(context)) },
    { title: 'Disk', checks: diskChecks(config, context) },
    ...(places?.sections ?? []),
  ];
  const { warn: warnings, fail: failures } = await printReport(sections, options, context);
  await places?.close();
  if (!options.json) await context.print(`\n${summaryOf(warnings, failures)}`);
  return failures === 0 ? EXIT.fine : EXIT.failed;
}

function summaryOf(warnings: number, failures: number): string {
  if (warnings + failures === 0) return 'All is well.';
  const words = [...(failures > 0 ? [`${failures} failed`] : []), ...(warnings > 0 ? [`${warnings} to look at`] : [])];
  return `${words.join(', ')}.`;
}

function configChecks(config: Config, { cwd }: CommandContext): readonly Check[] {
  const { file, sources, sinks } = config;
  return [
    ok(
      'config',
      `${resolve(cwd, file)} is valid: ${counted(sources.length, 'source')}, ${counted(sinks.length, 'sink')}`,
    ),
    ...notices(config, systemClock.nowMs()).map((notice) => warn('config', notice)),
  ];
}

function problemChecks(problems: readonly Problem[]): readonly Check[] {
  return [
    ...problems.map((problem) => fail('config', formatProblem(problem))),
    warn('config', 'store, sources, sinks and server are not looked at before it is valid'),
  ];
}
