import { startedAs } from '../../src/commands/started-as.js';

const NPM = { npm_package_name: 'recording-notifier', npm_command: 'start', npm_lifecycle_event: 'start' };

test.each([
  { name: 'in a checkout', by: ['node', '/srv/dist/cli.js'], environment: NPM, want: 'npm start --' },
  {
    name: 'from a script of another package',
    by: ['node', '/srv/dist/cli.js'],
    environment: { ...NPM, npm_package_name: 'another' },
    want: 'node dist/cli.js',
  },
  {
    name: 'by npx',
    by: ['node', '/srv/node_modules/recording-notifier/dist/cli.js'],
    environment: { npm_command: 'exec', npm_lifecycle_event: 'npx' },
    want: 'npx recording-notifier',
  },
  {
    name: 'by npx from elsewhere',
    by: ['node', '/cache/node_modules/.bin/recording-notifier'],
    environment: { npm_command: 'exec', npm_lifecycle_event: 'npx' },
    want: '/cache/node_modules/.bin/recording-notifier',
  },
  {
    name: 'as what a project has installed',
    by: ['node', '/srv/node_modules/.bin/recording-notifier'],
    want: 'npx recording-notifier',
  },
  {
    name: 'as what a project in another folder has installed',
    by: ['node', '/x/node_modules/.bin/recording-notifier'],
    want: '/x/node_modules/.bin/recording-notifier',
  },
  {
    name: 'the same by a node of its own',
    by: ['/x/node_modules/.bin/node', '/x/node_modules/.bin/recording-notifier'],
    want: '/x/node_modules/.bin/node /x/node_modules/.bin/recording-notifier',
  },
  {
    name: 'as what a folder below has installed',
    by: ['node', '/srv/x/node_modules/.bin/recording-notifier'],
    want: 'x/node_modules/.bin/recording-notifier',
  },
  { name: 'as what the machine has', by: ['node', '/usr/bin/recording-notifier'], want: 'recording-notifier' },
  { name: 'below the working directory', by: ['node', '/srv/dist/cli.js'], want: 'node dist/cli.js' },
  {
    name: 'from another folder, by a node of its own',
    by: ['/opt/x/node', '/opt/x/dist/cli.js'],
    want: '/opt/x/node /opt/x/dist/cli.js',
  },
  {
    name: 'with a space in its path',
    by: ['node', '/opt/my tools/dist/cli.js'],
    want: 'node "/opt/my tools/dist/cli.js"',
  },
  { name: 'by nobody knows whom', by: [], want: 'recording-notifier' },
])('started $name', ({ by, environment = {}, want }) => {
  expect(startedAs({ startedBy: by, environment, cwd: '/srv' })).toBe(want);
});
