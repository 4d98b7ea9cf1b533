import { outputOf, shellPlace } from '../support/shells.js';
import { createStage, sourceOf, webhookTo } from '../support/stage.js';
import { describeWithTool } from '../support/tools.js';

const stage = createStage(afterAll);
let uuid = '';

beforeAll(async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(receiver) } });
  await stage.run(['poll']);
  uuid = api.recordings.add({ status: 'available', roomId: 'Größe 会議室' });
  await stage.run(['poll']);
});

const GREEN = '\u001b[32m';

describeWithTool('script', 'on a terminal', () => {
  /** The lines that a terminal of this width shows. */
  async function shown(command: string, columns: number): Promise<string[]> {
    const place = await shellPlace(stage.folder);
    const output = await outputOf(['script', '-qec', `stty cols ${columns}; ${command}`, '/dev/null'], '', place);
    return output.replaceAll('\r', '').trimEnd().split('\n');
  }

  test.each([
    { columns: 60, want: /^production {2}[0-9a-f-]{36} {2}/ },
    { columns: 90, want: /^production {2}[0-9a-f-]{36} {2}/ },
    { columns: 160, want: /^production {2}[0-9a-f-]{36} {2}Größe 会議室 .* (now|\d+ seconds? ago) / },
  ])('recordings fit $columns columns', async ({ columns, want }) => {
    const lines = await shown('NO_COLOR=1 recording-notifier recordings', columns);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(want);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('deliveries have colour for their state and tell times from now, the uuid whole', async () => {
    const [head, row] = await shown('recording-notifier deliveries', 80);
    expect(head).toMatch(/^createdAt +state +sink/);
    expect(row).toMatch(/^(now|\d+ seconds? ago) /);
    expect(row).toContain(`${GREEN}delivered\u001b[39m`);
    expect(row).toContain(uuid);
  });

  test.each(['check', 'routes --room lobby', `explain UUID`])(
    '%s has colour, and none with NO_COLOR',
    async (command) => {
      const line = `recording-notifier ${command.replace('UUID', uuid)}`;
      expect((await shown(line, 120)).join('\n')).toContain('\u001b[3');
      expect((await shown(`NO_COLOR=1 ${line}`, 120)).join('\n')).not.toContain('\u001b');
    },
  );
});

test('a pipe gets times as they are, every column, and colour only where it is forced', async () => {
  const plain = await stage.run(['deliveries']);
  expect(plain.stdout[1]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z {2}delivered {2}hook .* dlv_[0-9a-f]{32}$/);
  const forced = await stage.run(['deliveries'], { env: { FORCE_COLOR: '1' } });
  expect(forced.stdout[1]).toContain(`Z  ${GREEN}delivered\u001b[39m  hook`);
});
