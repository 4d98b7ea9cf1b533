import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';

const ROOT = join(import.meta.dirname, '../..');
const DOCKERFILE = readFileSync(join(ROOT, 'config/deploy/Dockerfile'), 'utf8');
const IGNORED = readFileSync(join(ROOT, 'config/deploy/Dockerfile.dockerignore'), 'utf8');
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

test('the Dockerfile has no mistake', () => {
  expect(validate(DOCKERFILE).map(({ message }) => message)).toEqual([]);
});

test('a mistake would be found', () => {
  const mistaken = DOCKERFILE.replace('HEALTHCHECK', 'HEALTHCHEK');
  expect(validate(mistaken).map(({ message }) => message)).toEqual(['Unknown instruction: HEALTHCHEK']);
});

test('what it copies from the repository is there, and let through by .dockerignore, which lets nothing else through', () => {
  const sources = argumentsOf('COPY')
    .filter(([first]) => !first?.startsWith('--from='))
    .flatMap((words) => words.slice(0, -1));
  expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
  const [everything, ...exceptions] = IGNORED.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect({ everything, exceptions: exceptions.toSorted() }).toEqual({
    everything: '*',
    exceptions: sources.map((source) => `!${source}`).toSorted(),
  });
});

test('what it takes from the build is what the package is made of, and what it starts is in it', () => {
  const taken = argumentsOf('COPY').flatMap(([first, ...words]) =>
    first === '--from=build' ? words.slice(0, -1) : [],
  );
  expect(taken).toEqual(['/build/package.json', '/build/node_modules', '/build/dist']);
  const [entry] = argumentsOf('ENTRYPOINT');
  expect(JSON.parse(entry?.join(' ') ?? '')).toEqual(['node', `/app/${MANIFEST.bin['recording-notifier']}`]);
});

test('the scripts that it runs are those of the package', () => {
  const scripts = [...DOCKERFILE.matchAll(/npm run (\S+)/g)].map(([, script = '']) => script);
  expect(scripts).not.toEqual([]);
  expect(scripts.filter((script) => MANIFEST.scripts[script] === undefined)).toEqual([]);
});

test('both stages have the Node that the package needs', () => {
  const images = argumentsOf('FROM').map(([image]) => image);
  const [major] = /\d+/.exec(MANIFEST.engines.node) ?? [];
  expect(images).toEqual([`node:${major}-bookworm-slim`, `node:${major}-bookworm-slim`]);
});

test('it is not root, and its state is a volume', () => {
  expect(argumentsOf('USER')).toEqual([['1000:1000']]);
  expect(argumentsOf('VOLUME')).toEqual([['/srv/state']]);
});

/** The words behind each instruction of this name. */
function argumentsOf(instruction: string): readonly (readonly string[])[] {
  const lines = DOCKERFILE.replaceAll('\\\n', ' ').split('\n');
  return lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.split(/\s+/).slice(1));
}
