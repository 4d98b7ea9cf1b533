import { freePort } from '../support/free-port.js';
import { createStage, sourceOf, webhookTo } from '../support/stage.js';
import { cleanServers, describeWith, newAddress } from '../support/store-servers.js';

const stage = createStage();

afterAll(cleanServers);

const json = async (port: number, path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).json();

describeWith('redis', 'two processes, as people see them', () => {
  test('who leads is told by pages and commands, also after a kill', async () => {
    const [api, receiver] = [await stage.api(), await stage.receiver()];
    const { url, prefix } = newAddress('redis');
    stage.configure({
      sources: { production: sourceOf(api) },
      sinks: { hook: webhookTo(receiver), vault: { type: 'archive', to: './archive' } },
      ...{ store: `${url}?prefix=${prefix}`, queue: url },
      server: { listen: '127.0.0.1:${PORT}' },
    });
    const ports = [await freePort(), await freePort()] as const;
    const envOf = (port: number) => ({ env: { PORT: String(port) } });
    const leader = await stage.start(['run'], envOf(ports[0]));
    await stage.untilLog(leader, /^first poll complete/);
    const worker = await stage.start(['run'], envOf(ports[1]));
    await stage.untilLog(worker, 'this process is a worker: another one leads');
    const told = {
      ready: true,
      reasons: [],
      role: 'worker',
      leader: expect.stringContaining(`process ${leader.pid} on `),
    };
    await stage.untilLog(worker, 'this worker has a status page');
    expect(await json(ports[1], '/readyz')).toEqual(told);
    expect(await json(ports[0], '/readyz')).toMatchObject({ ready: true, role: 'leader' });

    const checked = await stage.run(['check', '--connect'], envOf(ports[0]));
    expect(checked.stdout.join('\n')).toMatch(
      new RegExp(`queue: redis://.*, on it: .*process ${leader.pid} on \\S+ \\(leads\\)`),
    );
    expect(checked.stdout.join('\n')).toContain('sinks.vault: with a queue, any process writes to the folder');
    const doctored = await stage.run(['doctor', '--json'], envOf(ports[0]));
    const lines = doctored.stdout.map((line) => JSON.parse(line) as { section: string; detail: string });
    expect(lines.filter(({ section }) => section === 'queue')).toHaveLength(1);

    leader.kill('SIGKILL');
    await stage.untilLog(worker, 'this process leads');
    await stage.untilLog(worker, 'running');
    const { processes } = (await json(ports[1], '/api/status')) as { processes: { pid: number; role: string }[] };
    expect(processes).toContainEqual(expect.objectContaining({ pid: worker.pid, role: 'leader' }));
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  }, 90_000);

  test('a queue that does not answer is told without its password', async () => {
    const { url, prefix } = newAddress('redis');
    stage.configure({
      sources: { production: { auth: { token: 't', apiKey: 'k' } } },
      sinks: { out: { type: 'stdout' } },
      ...{ store: `${url}?prefix=${prefix}`, queue: 'redis://:hunter2@127.0.0.1:1/0' },
    });
    const { code, stderr } = await stage.run(['run']);
    expect(code).toBe(1);
    expect(stderr.join('\n')).toContain('queue: redis://127.0.0.1:1/0: nothing listens at that address');
    expect(stderr.join('\n')).not.toContain('hunter2');
  });
});
