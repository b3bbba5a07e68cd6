// The stub of Flux that is in the images: two brokers on this machine, as two pods have them.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { root } from '../../tools/setup/place.mjs';
import { type CommandResult, tryCommand } from '../testbed/command.ts';

const flux = ['python3', path.join(root, 'images/flux-view/flux.py')];
const timeoutMs = 15_000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Both brokers to their ends; the lead runs the script by bash, with `flux` as a function. */
async function cluster(script: string): Promise<{ readonly lead: CommandResult; readonly follower: CommandResult }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'konverge-flux-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const [keys, resources] = [path.join(folder, 'curve.cert'), path.join(folder, 'R')];
  await tryCommand([...flux, 'keygen', keys]);
  // Two cores for each, whatever this machine has.
  await writeFile(resources, JSON.stringify({ execution: { R_lite: [{ rank: '0-1', children: { core: '0-1' } }] } }));
  const config = [
    '[resource]',
    `path = "${resources}"`,
    '[bootstrap]',
    `curve_cert = "${keys}"`,
    `default_port = ${port}`,
    'default_bind = "tcp://lo:%p"',
    'default_connect = "tcp://127.0.0.1:%p"',
    'hosts = [{ host="n-[0-1]" }]',
  ].join('\n');
  await writeFile(path.join(folder, 'run.sh'), `flux() { ${flux.join(' ')} "$@"; }\n${script}`);
  const broker = async (rank: number, words: readonly string[]): Promise<CommandResult> => {
    const own = path.join(folder, String(rank));
    await mkdir(own);
    await writeFile(path.join(own, 'broker.toml'), config);
    const argv = [...flux, 'start', '-o', '--config', own, `-Srundir=${own}`, '-Slog-stderr-level=3', ...words];
    return tryCommand(argv, { env: { ...process.env, FLUX_STUB_HOSTNAME: `n-${rank}` }, timeoutMs, cwd: folder });
  };
  const [lead, follower] = await Promise.all([broker(0, ['bash', path.join(folder, 'run.sh')]), broker(1, [])]);
  return { lead, follower };
}

/** What `flux run` and the others print, and their exit codes, a line for each. */
async function said(script: string): Promise<string[]> {
  const { lead, follower } = await cluster(`exec 2>&1\n${script}`);
  expect([lead.code, follower]).toEqual([0, { code: 0, stdout: '', stderr: '' }]);
  return lead.stdout.trimEnd().split('\n');
}

describe('brokers', () => {
  test('end with the exit code of the command, and with 0', async () => {
    const { lead, follower } = await cluster('exit 3');
    expect([lead.code, follower.code]).toEqual([3, 0]);
  });

  test('know each other', async () => {
    const script = ['flux getattr size', 'flux getattr rank', 'flux getattr hostlist'].join('\n');
    const list = 'flux resource list -n -s free,all -o "{nnodes} {ncores}"';
    expect(await said(`${script}\n${list}`)).toEqual(['2', '0', 'n-[0-1]', '2 4', '2 4']);
  });

  test('of which the lead dies: the follower says so by 1', async () => {
    const { lead, follower } = await cluster('kill -9 $PPID');
    expect(lead.code).toBe(124);
    expect(follower.code).toBe(1);
  });
});

describe('flux run', () => {
  test('puts ranks in blocks, and tells each who it is', async () => {
    const words =
      'echo $FLUX_TASK_RANK $FLUX_JOB_SIZE $FLUX_JOB_NNODES $FLUX_TASK_LOCAL_ID $(basename $(dirname $FLUX_URI))';
    const lines = await said(`flux run -N 2 -n 3 -o mpi=none bash -c '${words}' | sort`);
    expect(lines).toEqual(['0 3 2 0 0', '1 3 2 1 0', '2 3 2 0 1']);
  });

  test('has the exit code of the task, and names its end', async () => {
    const run = (words: string): string => `flux run -o mpi=none ${words}; echo $?`;
    const script = [run(`bash -c 'exit 7'`), run(`bash -c 'kill -9 $$'`), run('no-such-program')].join('\n');
    expect(await said(script)).toEqual([
      'flux-job: task(s) exited with exit code 7',
      '7',
      'flux-job: task(s) Killed',
      '137',
      expect.stringMatching(/FATAL.*no-such-program: No such file or directory$/),
      'flux-job: task(s) exited with exit code 127',
      '127',
    ]);
  });

  test('refuses what the machines do not have, and waits for what others use', async () => {
    const script = ['flux run -n 5 true; echo $?', 'flux run -N 3 true; echo $?', 'flux run -n 2 -c 3 true; echo $?'];
    const refusals = await said(script.join('\n'));
    expect(refusals.filter((line) => line.includes('unsatisfiable request'))).toHaveLength(3);
    expect(refusals.filter((line) => line === '1')).toHaveLength(3);
    const both = `flux submit -n 4 -o mpi=none bash -c 'sleep 0.5; touch first' > /dev/null`;
    expect(await said(`${both}\nflux run -o mpi=none ls first`)).toEqual(['first']);
  });

  test('gives its input to every rank', async () => {
    expect(await said('echo word | flux run -N 2 -o mpi=none --label-io cat | sort')).toEqual(['0: word', '1: word']);
  });
});

test('flux submit --watch: a line with the number first, and 8 for 7', async () => {
  const script = `flux submit --watch bash -c 'echo out; exit 7'; echo $?; flux submit --quiet --watch echo quiet; echo $?`;
  expect(await said(script)).toEqual([expect.stringMatching(/^ƒ\w+$/), 'out', '8', 'quiet', '0']);
});

test('flux exec: on the broker that is named, lines up to their first NUL as with the real one, its exit code', async () => {
  const script = [
    'head -c 300000 /dev/urandom | base64 > text',
    'flux exec -r 1 cat < text | cmp - text && echo same',
    `printf 'whole\\ncut\\0off\\nnext\\n' | flux exec -r 1 cat`,
    `flux exec -x 0 ${flux.join(' ')} getattr rank`,
    `flux exec sh -c 'exit 4'; echo $?`,
  ].join('\n');
  expect(await said(script)).toEqual(['same', 'whole', 'cutnext', '1', '4']);
});
